// Programs that may be run, and running them so that nothing can hang.
#pragma once

#include <string>
#include <vector>

#include "host/live/system.h"

namespace hopcheck::live {

/// Answers a run question.
Answer run(const Question& question, const Deadline& deadline);

/// Runs `program` with `argv` in a process group of its own, which is killed after `limit_ms`.
Answer run_program(const std::string& program, const std::vector<std::string>& argv, int limit_ms,
                   const Deadline& deadline);

/// Why nobody but root could have put this program there: "" if so, else what is wrong.
std::string distrust(const std::string& program);

}  // namespace hopcheck::live
