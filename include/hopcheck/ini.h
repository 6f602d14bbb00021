// Settings of programs that are told by files of "name = value" lines: supervisor, uWSGI.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// The values of `name` in a section of a file, in order, each with its line.
std::vector<Located<std::string>> ini_values(const Deployment& host, const std::string& file,
                                             const std::string& section, const std::string& name);

/// What a uWSGI is told under any of these names, by its command line (without a line to edit) or
/// by the .ini file that this names.
std::vector<Located<std::string>> uwsgi_values(const Deployment& host, const AppServer& app,
                                               const std::vector<std::string>& names);

/// The last lines of the file that supervisor keeps a program's standard error in; unseen where
/// none is named.
Fact<std::vector<std::string>> supervisor_log(const Deployment& host,
                                              const SupervisorProgram& program);

/// The line in supervisor's own log that gave the program up (its state is FATAL), "" where the
/// last one that names it says another thing.
Fact<std::string> supervisor_gave_up(const Deployment& host, const SupervisorProgram& program);

}  // namespace hopcheck
