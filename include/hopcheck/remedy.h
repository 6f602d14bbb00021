// In words, what mends an exception that ends an application at its start.
#pragma once

#include <optional>
#include <string>

#include "hopcheck/traceback.h"

namespace hopcheck {

/// "DATABASE_URL" where the line that failed looks it up in the environment; "" else.
std::string missing_variable(const std::string& exception, const std::optional<OwnFrame>& frame);

/// "install stripe (apt-get install python3-stripe ...), or take it out of /srv/shop/shop.py:1",
/// "mend /srv/shop/shop.py:7"; "" where the user's own line is not known. `program` is what runs
/// the application: "/opt/shop/venv/bin/gunicorn".
std::string remedy_of(const std::string& exception, const std::optional<OwnFrame>& frame,
                      const std::string& program);

}  // namespace hopcheck
