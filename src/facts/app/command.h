// Which application server a command line starts, if any.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "hopcheck/app.h"

namespace hopcheck {

/// A command line that is an app server's.
struct ServerCommand {
  AppServer::Kind kind{AppServer::Kind::other};
  std::string program{};     ///< "gunicorn", "hypercorn"
  std::size_t arguments{0};  ///< where in the words its own arguments begin
  bool title{false};         ///< the words are a process title (setproctitle), not a command line
  bool worker{false};        ///< a title that says so
  std::string named{};       ///< what stands in the title's brackets
};

/// Nothing for what only mentions a server: grep, editors, shells, sudo, --version.
std::optional<ServerCommand> server_command(std::span<const std::string> argv);

/// The application as the arguments name it ("shop:app"), "" where they do not.
std::string application(const ServerCommand& command, std::span<const std::string> argv);

/// A Python program that is no server known by name: its script or module, "" for all else and
/// for what the distribution ships.
std::string python_script(std::span<const std::string> argv);

}  // namespace hopcheck
