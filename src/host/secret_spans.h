// Parts of a text that are secret by their form: passwords in URLs, private keys.
#pragma once

#include <string_view>
#include <vector>

namespace hopcheck {

/// Bytes [begin, end) of a text.
struct Span {
  std::size_t begin{0};
  std::size_t end{0};
};

/// The password, or the token, in scheme://user:password@host.
void find_in_urls(std::string_view text, std::vector<Span>& out);
/// The bodies of private keys in PEM form, over lines or in one.
void find_keys(std::string_view text, std::vector<Span>& out);

/// A letter, a digit, or one of "_-.".
constexpr bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

}  // namespace hopcheck
