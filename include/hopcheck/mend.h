// Fixes that can be pasted: edits of lines as they stand in their files, and the commands that make
// them count.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// `from`, which must stand once in the line of `at` or in those that a backslash joins to it,
/// replaced; nothing where it does not, or where a report would not show the line as it is.
std::optional<Edit> replaced(const Deployment& host, const Evidence& at, const std::string& from,
                             const std::string& to);

/// `text` as a line of its own after that of `at`, indented like it.
std::optional<Edit> line_after(const Deployment& host, const Evidence& at, const std::string& text);

/// Gives a setting of a unit another value: in the line that sets it, else in a line after that of
/// the setting `beside`. Nothing for files that a package brings.
std::optional<Edit> set_in_unit(const Deployment& host, const Unit& unit, const std::string& name,
                                const std::string& value, const std::string& beside);

/// The unit of that name among those of interest; null where none was seen.
const Unit* unit_named(const Deployment& host, const std::string& name);

/// The unit that is meant to serve this one member of a route's upstream; null: none is known.
const Unit* unit_behind(const Deployment& host, const Route& route, const Endpoint& endpoint);

/// Gives what a server binds ("127.0.0.1:8000") another value, where it is written: in the
/// settings' file, or on the command line of its unit. `fix` gets the edit and the restart; false
/// where it was not found.
bool bind_elsewhere(const Deployment& host, const AppServer& app, const std::string& bind,
                    const std::string& to, Fix& fix);

/// "systemctl daemon-reload && systemctl restart shop.service"
std::string restart_with_new_file(const std::string& unit);
/// Tests nginx's configuration and starts it anew: a changed listen address needs that.
std::string restart_command(const nginx::Instance& instance);

}  // namespace hopcheck
