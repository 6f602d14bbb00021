// Application servers: the processes that run, and what they were told.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/evidence.h"
#include "hopcheck/fact.h"
#include "hopcheck/process.h"

namespace hopcheck {

/// gunicorn's settings: command line before GUNICORN_CMD_ARGS before the configuration file.
struct GunicornSettings {
  std::string app{};                               ///< "shop:app", "" where not known
  Fact<std::vector<Located<std::string>>> bind{};  ///< as written: "unix:/run/x.sock", ":8000"
  Fact<Located<int>> workers{};
  Fact<Located<int>> threads{};
  Fact<Located<int>> timeout_s{};
  Fact<Located<int>> keepalive_s{};
  Fact<Located<int>> graceful_timeout_s{};
  Fact<Located<int>> backlog{};
  Fact<Located<int>> max_requests{};
  Fact<Located<int>> worker_connections{};
  Fact<Located<std::string>> worker_class{};
  Fact<Located<std::string>> forwarded_allow_ips{};
  Fact<Located<std::string>> errorlog{};   ///< a path, "-" for standard error
  Fact<Located<std::string>> accesslog{};  ///< a path, "-" for standard output, "" for none
  Fact<Located<bool>> reload{};            ///< restarts workers when code changes
  Fact<Located<bool>> preload{};
  std::string config_file{};  ///< the one in use, "" for none
};

/// One running app server: a master and its workers, or one process.
struct AppServer {
  enum class Kind { gunicorn, uwsgi, uvicorn, waitress, flask, other };
  Kind kind{Kind::other};
  int pid{0};                 ///< of the master
  std::vector<int> pids{};    ///< all of them
  Credentials credentials{};  ///< of the workers
  std::string unit{};         ///< systemd unit, "" for none
  std::string program{};      ///< kind other only: "hypercorn", "app.py"
  std::string app{};          ///< "shop:app" where known
  std::vector<Listener> listeners{};
  bool listeners_complete{
      true};  ///< false: its descriptors were not read, and some socket has no owner
  GunicornSettings gunicorn{};  ///< kind gunicorn only

  /// "gunicorn shop:app (shop.service, pid 812)"
  std::string text() const;
};

/// A program that supervisor is told to keep running.
struct SupervisorProgram {
  std::string name{};
  Located<std::string> command{};  ///< as written
};

const char* kind_name(AppServer::Kind kind);

}  // namespace hopcheck
