// The built-in LB profiles: what a load balancer does unless it is told otherwise.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/settings.h"

namespace hopcheck::cli {

/// By name, "generic" last.
const std::vector<std::string>& profile_names();

/// All settings as that profile has them, from default, "profile NAME". The name must be known.
LbSettings profile_settings(const std::string& name);

}  // namespace hopcheck::cli
