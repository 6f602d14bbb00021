// Cause and effect: which findings explain which others.
#include "diagnosis/connect.h"

#include <algorithm>
#include <set>

namespace hopcheck {
namespace {

std::set<const Route*> routes_of(const Deployment& host, const Finding& finding) {
  std::set<const Route*> routes;
  if (finding.about.empty()) return routes;
  for (const Route* route : host.routes_through(finding.about.front())) routes.insert(route);
  return routes;
}

bool share_a_route(const std::set<const Route*>& a, const std::set<const Route*>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Route* route) { return b.count(route) > 0; });
}

bool same_node(const Finding& a, const Finding& b) {
  return !a.about.empty() && !b.about.empty() && a.about.front() == b.about.front();
}

/// All that can be reached from `from`, itself left out, in ascending order.
std::vector<std::size_t> reachable(const std::vector<std::vector<std::size_t>>& edges,
                                   std::size_t from) {
  std::set<std::size_t> found;
  std::vector<std::size_t> open{from};
  while (!open.empty()) {
    const std::size_t here = open.back();
    open.pop_back();
    for (const std::size_t next : edges[here]) {
      if (next != from && found.insert(next).second) open.push_back(next);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace

std::vector<std::string> explained_codes(const std::string& code) {
  std::set<std::string> seen;
  std::vector<std::string> open{code};
  while (!open.empty()) {
    const CodePage* page = find_code(open.back());
    open.pop_back();
    if (page == nullptr) continue;
    for (const auto& next : page->explains) {
      if (seen.insert(next).second) open.push_back(next);
    }
  }
  return {seen.begin(), seen.end()};
}

std::vector<Connected> connect(const Deployment& host, const std::vector<Finding>& findings) {
  std::vector<std::set<const Route*>> routes;
  routes.reserve(findings.size());
  for (const auto& finding : findings) routes.push_back(routes_of(host, finding));
  std::vector<std::vector<std::size_t>> edges(findings.size());
  std::vector<bool> has_cause(findings.size());
  for (std::size_t a = 0; a < findings.size(); ++a) {
    const auto codes = explained_codes(findings[a].code);
    for (std::size_t b = 0; b < findings.size(); ++b) {
      // What has not happened yet explains nothing but what waits for the same.
      if (findings[a].when != When::now && findings[a].when != findings[b].when) continue;
      if (a == b || !std::binary_search(codes.begin(), codes.end(), findings[b].code)) continue;
      if (!share_a_route(routes[a], routes[b]) && !same_node(findings[a], findings[b])) continue;
      edges[a].push_back(b);
      has_cause[b] = true;
    }
  }
  std::vector<Connected> graph(findings.size());
  for (std::size_t root = 0; root < findings.size(); ++root) {
    graph[root].explains = reachable(edges, root);
    if (has_cause[root]) continue;
    for (const std::size_t effect : graph[root].explains)
      graph[effect].explained_by.push_back(root);
  }
  return graph;
}

}  // namespace hopcheck
