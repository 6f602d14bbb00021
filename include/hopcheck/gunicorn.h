// Changing what gunicorn was told, where it was told it.
#pragma once

#include <optional>
#include <string>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// A setting's names: "keepalive" in the configuration file, "--keep-alive" and perhaps a letter on
/// the command line.
struct GunicornName {
  std::string setting{};
  std::string option{};
  std::string letter{};
};

/// Gives a setting another value where `now` stands: in the configuration file or on the unit's
/// command line; a default is overridden there. Then restarts the unit. Words alone, with neither
/// edits nor commands, where that place is not known.
Fix set_gunicorn(const Deployment& host, const AppServer& app, const GunicornName& name,
                 const Fact<Located<int>>& now, int value);

/// Lets as many connections wait as gunicorn does by default, where it was told of few; nothing
/// where it was not, or where that place is not known.
std::optional<Fix> longer_queue(const Deployment& host, const AppServer& app);

/// Frees its workers, and lets each handle several requests at once; a restart alone where the
/// place for that is not known.
Fix more_at_once(const Deployment& host, const AppServer& app);

/// "sync" or "gthread", however they are spelt; else the class as written.
Fact<std::string> worker_kind(const AppServer& app);

/// How many requests its workers handle at once; unseen for classes that take very many.
Fact<int> capacity_of(const AppServer& app);

}  // namespace hopcheck
