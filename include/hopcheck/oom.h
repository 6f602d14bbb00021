// Processes that the kernel killed for want of memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

struct OomKill {
  double time{0};  ///< seconds since 1970; 0: not known
  int pid{0};
  std::string process{};    ///< the kernel's name for it: "gunicorn"
  std::string unit{};       ///< whose control group it was in, "" where the kernel does not say
  bool group_limit{false};  ///< the limit of its group (MemoryMax=), not the machine's memory
  std::string line{};       ///< as logged
};

/// In the kernel's words, oldest first.
std::vector<OomKill> oom_kills_in(std::string_view journal);

/// Those of the last hour (--since).
Fact<std::vector<OomKill>> oom_kills(const Deployment& host);

}  // namespace hopcheck
