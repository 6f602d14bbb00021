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

}  // namespace hopcheck::nginx
