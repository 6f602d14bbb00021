// gunicorn's settings, from what it was started with.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hopcheck/app.h"
#include "host/host.h"

namespace hopcheck {

/// Reads a file on behalf of a fact: the answer to ask::read.
using ReadFile = std::function<Answer(const std::string& path)>;

/// What gunicorn makes of its command line, GUNICORN_CMD_ARGS and its configuration file, in the
/// order of its app/base.py. `argv` begins with the program (or python); evidence of kind `file`
/// marks a unit's command line, where "${NAME}" and "%i" stand for what is not known here.
/// `cwd`: where it was started, "" where that is not known.
GunicornSettings gunicorn_settings(const std::vector<std::string>& argv,
                                   const Evidence& argv_source,
                                   const Fact<std::map<std::string, std::string>>& environment,
                                   const std::string& cwd, const ReadFile& read_file);

/// Calls `act` with each setting but `bind`, taken from all of `settings` at once.
template <class Act, class... Settings>
void each_setting(Act&& act, Settings&... settings) {
  act(settings.workers...);
  act(settings.threads...);
  act(settings.timeout_s...);
  act(settings.keepalive_s...);
  act(settings.graceful_timeout_s...);
  act(settings.backlog...);
  act(settings.max_requests...);
  act(settings.worker_connections...);
  act(settings.worker_class...);
  act(settings.forwarded_allow_ips...);
  act(settings.errorlog...);
  act(settings.accesslog...);
  act(settings.reload...);
  act(settings.preload...);
}

/// Whether the command line or GUNICORN_CMD_ARGS changes the working directory.
bool gunicorn_changes_directory(const std::vector<std::string>& argv,
                                const Fact<std::map<std::string, std::string>>& environment);

/// Where a bind of gunicorn listens, its path from `cwd`; nullopt for "fd://3" and what gunicorn
/// would refuse. A host name stands as the address.
std::optional<Listener> bind_listener(const std::string& bind, const std::string& cwd);

}  // namespace hopcheck
