// Facts that the command line gives in place of what this host would tell.
#pragma once

#include <memory>

#include "cli/options.h"
#include "host/host.h"

namespace hopcheck::cli {

/// Standard input can be read once. Throws UsageError.
void require_one_reader(const Options& options);

/// The host with nginx's configuration as --nginx-conf or --nginx-dump give it; as it is without
/// them. Throws UsageError where the file cannot be read or is no dump.
std::unique_ptr<Host> with_given_nginx(const Options& options, std::unique_ptr<Host> host);

}  // namespace hopcheck::cli
