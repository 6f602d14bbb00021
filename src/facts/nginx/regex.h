// Regular expressions as nginx compiles and runs them (PCRE2), with a limit on the work.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopcheck::nginx {

/// What the parentheses matched; number 0 is the whole match.
struct Captures {
  std::vector<std::string> numbered{};
  std::map<std::string, std::string> named{};
};

/// Nothing where the pattern does not match or is no pattern; throws NotSeen where it would take
/// more work than we spend.
std::optional<Captures> regex_match(std::string_view pattern, bool caseless,
                                    std::string_view subject);

/// Whether the pattern has parentheses that capture; false where it is no pattern.
bool regex_captures(std::string_view pattern);

}  // namespace hopcheck::nginx
