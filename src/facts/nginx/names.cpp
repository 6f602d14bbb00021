// Compares server names by their letters.
#include "facts/nginx/names.h"

#include <algorithm>

#include "facts/nginx/letters.h"

namespace hopcheck::nginx {

namespace {

constexpr std::size_t kShortLabel = 4;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view without_www(std::string_view name) {
  return name.starts_with("www.") ? name.substr(4) : name;
}

/// The label (between dots) in which position `at` lies.
std::size_t label_length(std::string_view name, std::size_t at) {
  const std::size_t dot = name.substr(0, at).rfind('.');
  const std::size_t begin = dot == std::string_view::npos ? 0 : dot + 1;
  return std::min(name.find('.', at), name.size()) - begin;
}

bool one_step(std::string_view a, std::string_view b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto at = static_cast<std::size_t>(in_a - a.begin());
  const std::string_view rest_a = a.substr(at);
  const std::string_view rest_b = b.substr(at);
  if (rest_a.empty() && rest_b.empty()) return false;
  const bool digits = (!rest_a.empty() && is_digit(rest_a.front())) ||
                      (!rest_b.empty() && is_digit(rest_b.front()));
  if (digits || std::max(label_length(a, at), label_length(b, at)) < kShortLabel) return false;
  if (rest_a.size() == rest_b.size()) {
    if (rest_a.substr(1) == rest_b.substr(1)) return true;
    return rest_a.size() > 1 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] &&
           rest_a.substr(2) == rest_b.substr(2);
  }
  if (rest_a.size() + 1 == rest_b.size()) return rest_a == rest_b.substr(1);
  return rest_b.size() + 1 == rest_a.size() && rest_b == rest_a.substr(1);
}

}  // namespace

bool is_placeholder(std::string_view name) {
  return name.empty() || equal_lower(name, "localhost") || name.find('.') == name.npos;
}

bool is_neighbour(std::string_view written, std::string_view wanted) {
  const std::string one = lower(written);
  const std::string other = lower(wanted);
  if (one == other) return false;
  if (one.starts_with("*.") && one.substr(2) == without_www(other)) return true;
  return without_www(one) == without_www(other);
}

bool is_misspelt(std::string_view written, std::string_view wanted) {
  return one_step(lower(written), lower(wanted));
}

}  // namespace hopcheck::nginx
