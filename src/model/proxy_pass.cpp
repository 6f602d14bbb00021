// What nginx makes of a path where it passes requests on.
#include "hopcheck/proxy_pass.h"

#include <algorithm>

#include "hopcheck/logs.h"

namespace hopcheck {

std::string location_node(const Route& route) {
  return Place{route.instance, route.server, route.location}.node();
}

bool is_good(const Route& route, const Exchange& exchange) {
  if (!exchange.answered()) return false;
  return route.kind == Route::Kind::probe ? route.target->lb.codes.value.contains(exchange.status)
                                          : exchange.status < 400;
}

std::string written_target(const Route& route) {
  std::string text = route.action.from.text;
  const auto begin = text.find_first_of(" \t");
  text.erase(0, begin == std::string::npos ? text.size() : text.find_first_not_of(" \t", begin));
  text.resize(std::min(text.find(';'), text.size()));
  if (text.size() > 1 && (text.front() == '"' || text.front() == '\'') &&
      text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  return text;
}

std::string passed_path(const Route& route, const std::string& path) {
  if (route.location == nullptr || route.action.kind != nginx::Action::Kind::proxy_pass)
    return path;
  const std::string uri = proxy_pass_of(route.action.target).uri;
  if (uri.empty()) return path;
  if (written_target(route).find('$') != std::string::npos) return uri;
  const std::string& pattern = route.location->pattern;
  using Match = nginx::Location::Match;
  const bool prefix = route.location->match == Match::prefix ||
                      route.location->match == Match::prefix_no_regex ||
                      route.location->match == Match::exact;
  if (!prefix || !path.starts_with(pattern)) return path;
  return uri + path.substr(pattern.size());
}

}  // namespace hopcheck
