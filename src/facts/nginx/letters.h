// ASCII case, as nginx folds it, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace hopcheck::nginx {

inline char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Of a variable's name.
inline bool is_name_char(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}

inline bool equal_lower(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

inline bool starts_with_lower(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && equal_lower(text.substr(0, prefix.size()), prefix);
}

}  // namespace hopcheck::nginx
