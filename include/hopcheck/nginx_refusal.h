// What would make nginx take a line that it refuses.
#pragma once

#include <optional>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// Mends the mistakes that people make often: a directive with a letter wrong, a missing semicolon,
/// two servers both default, a certificate's file that is not there. `refused`: nginx's message, with its place. The commands do not load
/// what was mended. Nothing where it is not clear what was meant.
std::optional<Fix> mended(const Deployment& host, const nginx::Instance& instance,
                          const nginx::Problem& refused);

}  // namespace hopcheck
