// What brings a unit or a directory back after the next boot.
#pragma once

#include <optional>
#include <string>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// Something other than [Install] that may start `unit` at boot: a line of rc.local, of a crontab
/// (@reboot), of another unit, a cluster manager that runs here; or the last boot itself, which did
/// start it. Nothing: there surely is none.
Fact<std::optional<Evidence>> other_starter(const Deployment& host, const Unit& unit);

/// What makes the directory `path` below /run at boot, by tmpfiles.d, a unit's RuntimeDirectory= or
/// a command that names it. Nothing: there surely is none.
Fact<std::optional<Evidence>> maker_of(const Deployment& host, const std::string& path);

}  // namespace hopcheck
