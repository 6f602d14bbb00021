// The application servers that run, found in the table of processes.
#pragma once

#include <vector>

#include "facts/app/gunicorn.h"
#include "hopcheck/app.h"
#include "hopcheck/unit.h"

namespace hopcheck {

/// Servers known by name, and Python programs that hold a listening TCP socket. `listeners` null:
/// they were not seen.
std::vector<AppServer> app_servers(const Partial<Process>& processes,
                                   const Partial<Listener>* listeners, const ReadFile& read_file);

/// What the process does not show (its command line behind a title, where it was started) its
/// unit tells: settings that are not seen are taken from there, unless what the process listens on
/// shows that it was started otherwise.
void complete_from_unit(AppServer& server, const Unit& unit, const ReadFile& read_file);

}  // namespace hopcheck
