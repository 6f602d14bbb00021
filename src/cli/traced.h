// The request that the words of `hopcheck trace` ask for.
#pragma once

#include "cli/options.h"
#include "trace/trace.h"

namespace hopcheck::cli {

/// Throws UsageError.
TraceQuestion traced_question(const Options& options);

}  // namespace hopcheck::cli
