// nginx's allow and deny lines let the load balancer in.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

Finding turned_away(const Deployment& host, const Route& route, const nginx::AccessRule& rule) {
  const LbSettings& lb = route.target->lb;
  const std::string sources = fmt::format("{}", fmt::join(lb.sources.value, ", "));
  Finding finding;
  finding.code = "nginx.access-rule-blocks";
  finding.title = fmt::format("nginx answers 403 to the load balancer ({}) on {}: {}", sources,
                              route.request.path, rule.from.text);
  finding.about = {route.node()};
  finding.evidence = {rule.from, cite("sources", lb.sources, sources)};
  const auto probe = host.probe(route);
  if (probe.seen() && probe->answered()) finding.evidence.push_back(cite(route.request, *probe));
  Fix fix;
  fix.summary = "let the load balancer in before the line that turns it away";
  const Evidence& first = route.access.front().from;
  for (const auto& source : lb.sources.value)
    fix.edits.push_back({first.source, first.line, "", "allow " + source + ";"});
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  fix.widens = sources;
  finding.fixes = {std::move(fix)};
  return finding;
}

}  // namespace

HOPCHECK_CHECK(nginx_access) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> guarded;
  for (const Route* route : host.requested().seen_items()) {
    if (!route->followed.seen()) out.not_seen(route->followed.unseen());
    if (route->kind == Route::Kind::probe && !route->access.empty()) guarded.push_back(route);
  }
  if (guarded.empty())
    return out.not_applicable("no allow or deny line is in force on the load balancer's path");
  out.each(guarded, [&](const Route* route) {
    if (const auto* rule = *host.turns_lb_away(*route))
      out.report(turned_away(host, *route, *rule));
  });
}
