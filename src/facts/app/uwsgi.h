// uWSGI's settings, as far as they tell which application a process serves.
#pragma once

#include <string>
#include <vector>

#include "facts/app/gunicorn.h"

namespace hopcheck {

struct UwsgiSettings {
  std::string app{};    ///< "shop:app" or the file of --wsgi-file; "" where not known
  bool emperor{false};  ///< it starts other instances and serves nothing itself
  bool master{false};
  bool dies_on_term{false};  ///< SIGTERM ends it; else release 2.0 starts anew
  bool complete{true};       ///< false: options stand where they were not read
};

/// From the command line and the .ini files it names.
UwsgiSettings uwsgi_settings(const std::vector<std::string>& argv, const std::string& cwd,
                             const ReadFile& read_file);

}  // namespace hopcheck
