// From profile, configuration file and flags, weakest first, to the targets of a run.
#pragma once

#include <vector>

#include "cli/config.h"
#include "cli/options.h"
#include "hopcheck/settings.h"

namespace hopcheck::cli {

/// Every setting with a value and how it is known. Throws UsageError.
std::vector<Target> targets_of(const Config& config, const Options& options);

/// Only the target that --target names, where it is given.
std::vector<Target> chosen(std::vector<Target> targets, const Options& options);

/// Flags that speak of one target are refused where there are several.
void require_one_target(const std::vector<Target>& targets, const Options& options);

}  // namespace hopcheck::cli
