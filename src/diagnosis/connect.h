// Cause and effect: which findings explain which others.
#pragma once

#include <vector>

#include "diagnosis/pages.h"

namespace hopcheck {

/// A finding in the graph of causes; indices are into the vector given to `connect`.
struct Connected {
  std::vector<std::size_t> explains{};      ///< all that it explains, near and far
  std::vector<std::size_t> explained_by{};  ///< roots only; empty: it is a root itself
};

/// Two findings are joined where the page of the one names the other's code, directly or by way
/// of further codes, and both lie on a common route (or on the same node).
std::vector<Connected> connect(const Deployment& host, const std::vector<Finding>& findings);

/// All codes that `code` explains, near and far.
std::vector<std::string> explained_codes(const std::string& code);

}  // namespace hopcheck
