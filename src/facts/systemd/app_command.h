// The application server that a unit starts, known even while it does not run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "facts/app/gunicorn.h"
#include "hopcheck/app.h"
#include "hopcheck/unit.h"

namespace hopcheck {

struct AppCommand {
  AppServer::Kind kind{AppServer::Kind::other};
  std::string app{};                      ///< "shop:app" where the command line says so
  Fact<std::vector<std::string>> argv{};  ///< from the server's program on, wrappers left out
  Evidence from{};                        ///< the ExecStart= line
  std::string cwd{};                      ///< "" where it is not known
  std::string user{};                     ///< "" : root, or a user of systemd's making
  std::string group{};
  /// Of Environment=, the names that matter to a server: PORT, GUNICORN_CMD_ARGS and the like.
  Fact<std::map<std::string, std::string>> environment{};
};

/// Nothing where ExecStart= starts neither an application server known by name nor a Python
/// program of this host's own (kind other).
std::optional<AppCommand> app_command(const Unit& unit);

/// The settings that gunicorn would have; call with kind gunicorn only.
GunicornSettings unit_gunicorn(const AppCommand& command, const ReadFile& read_file);

}  // namespace hopcheck
