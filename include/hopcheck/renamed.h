// What a name that leads nowhere was probably meant to be.
#pragma once

#include <optional>
#include <string>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// The only folder beside the missing `folder` that has `inside` in it; nothing where there is
/// none or more than one, or where that could not be seen.
std::optional<std::string> renamed_to(const Deployment& host, const std::string& folder,
                                      const std::string& inside);

/// The only user of this host whose name differs from `name` in one letter; likewise.
std::optional<std::string> similar_user(const Deployment& host, const std::string& name);

/// The two differ by one letter: another, one more, one less, or two that changed places.
bool one_letter_apart(const std::string& a, const std::string& b);

}  // namespace hopcheck
