// Programs that supervisor is told to keep running.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/app.h"

namespace hopcheck {

/// The [program:NAME] sections of one of supervisor's files, in their order.
std::vector<SupervisorProgram> parse_supervisor(const std::string& file, std::string_view text);

}  // namespace hopcheck
