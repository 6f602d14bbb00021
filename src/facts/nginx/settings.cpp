// Which settings hold where a request is.
#include "facts/nginx/letters.h"
#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

std::optional<Directive> in_force(const Visit& visit, std::string_view name) {
  for (auto at = visit.around.rbegin(); at != visit.around.rend(); ++at) {
    if (auto own = visit.config->at(*at).child(name)) return own;
  }
  return std::nullopt;
}

std::vector<Directive> all_in_force(const Visit& visit, std::string_view name) {
  for (auto at = visit.around.rbegin(); at != visit.around.rend(); ++at) {
    auto own = visit.config->at(*at).children(name);
    if (!own.empty()) return own;
  }
  return {};
}

bool is_on(const Visit& visit, std::string_view name, bool otherwise) {
  const auto setting = in_force(visit, name);
  return setting ? equal_lower(setting->arg(0), "on") : otherwise;
}

long long size_of(std::string_view text) {
  long long factor = 1;
  if (!text.empty()) {
    const char unit = to_lower(text.back());
    if (unit == 'k') factor = 1LL << 10;
    if (unit == 'm') factor = 1LL << 20;
    if (unit == 'g') factor = 1LL << 30;
  }
  if (factor > 1) text.remove_suffix(1);
  if (text.empty() || text.size() > 12) return -1;
  long long value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value * factor;
}

}  // namespace hopcheck::nginx
