// Why nginx cannot compile a regular expression.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hopcheck::nginx {

/// nginx's message, nothing where the pattern compiles.
std::optional<std::string> regex_error(std::string_view pattern, bool caseless);

}  // namespace hopcheck::nginx
