// fnmatch(3) without the C string: names come from elsewhere and are matched in linear space.
#include "facts/nginx/glob.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace hopcheck::nginx {

namespace {

struct Set {
  bool matches{false};
  std::size_t end{0};  ///< one past its "]"
};

/// Reads "[a-z]" at pattern[at]; nothing where the bracket is not closed.
std::optional<Set> match_set(std::string_view pattern, std::size_t at, char c) {
  std::size_t i = at + 1;
  const bool negated = i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^');
  if (negated) ++i;
  bool found = false;
  for (bool first = true; i < pattern.size(); first = false, ++i) {
    if (pattern[i] == ']' && !first) return Set{found != negated, i + 1};
    char low = pattern[i];
    if (low == '\\' && i + 1 < pattern.size()) low = pattern[++i];
    char high = low;
    if (i + 2 < pattern.size() && pattern[i + 1] == '-' && pattern[i + 2] != ']') {
      high = pattern[i + 2];
      i += 2;
    }
    const auto value = static_cast<unsigned char>(c);
    if (static_cast<unsigned char>(low) <= value && value <= static_cast<unsigned char>(high)) {
      found = true;
    }
  }
  return std::nullopt;
}

/// Matches one pattern element other than "*" against c; the index after it, or nothing.
std::optional<std::size_t> match_one(std::string_view pattern, std::size_t at, char c) {
  if (pattern[at] == '?') return at + 1;
  if (pattern[at] == '[') {
    const auto set = match_set(pattern, at, c);
    if (set) return set->matches ? std::optional(set->end) : std::nullopt;
  }
  if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
  return pattern[at] == c ? std::optional(at + 1) : std::nullopt;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
      continue;
    }
    const auto next = p < pattern.size() ? match_one(pattern, p, name[n]) : std::nullopt;
    if (next) {
      p = *next;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool glob_match_path(std::string_view pattern, std::string_view path) {
  const auto next_part = [](std::string_view& rest) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
  };
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = next_part(pattern);
    if (!glob_match(wanted, next_part(path))) return false;
  }
  return pattern.empty() && path.empty();
}

bool has_wildcard(std::string_view path) {
  return std::any_of(path.begin(), path.end(),
                     [](char c) { return c == '*' || c == '?' || c == '['; });
}

}  // namespace hopcheck::nginx
