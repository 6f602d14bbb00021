// Why nginx does not take a regular expression.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hopcheck::nginx {

/// nginx's message, nothing where it takes the pattern.
std::optional<std::string> regex_error(std::string_view pattern, bool caseless);

}  // namespace hopcheck::nginx
