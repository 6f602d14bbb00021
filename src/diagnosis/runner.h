// Runs the checks and keeps what each said.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "diagnosis/pages.h"

namespace hopcheck {

/// What came of one check.
struct CheckResult {
  std::string id{};
  enum class Status { pass, warn, fail, skip, error } status{Status::pass};
  std::string reason{};  ///< of a skip or an error
  double duration_ms{0};
  std::vector<Finding> findings{};
  std::vector<Unseen> unseen{};
};

/// Runs one check; whatever it throws becomes its status. A finding whose code is not on the
/// check's page is the check's own error.
CheckResult run_check(const RegisteredCheck& check, const CheckPage& page, const Deployment& host);

/// Whether `text` matches a pattern of letters, `*` and `?`.
bool glob_matches(std::string_view pattern, std::string_view text);

const char* status_name(CheckResult::Status status);

}  // namespace hopcheck
