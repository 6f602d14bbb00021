// The subcommands: each takes the command line and returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "cli/options.h"

namespace hopcheck::cli {

int run_command(const Options& options);
int capture_command(const Options& options);
int explain_command(const Options& options);
int trace_command(const Options& options);
int list_command(const Options& options);
int schema_command(const Options& options);

/// The whole program but for its one catch. Throws UsageError.
int main_of(const std::vector<std::string>& arguments);

}  // namespace hopcheck::cli
