// nginx's allow and deny lines let the load balancer in.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/health_path.h"
#include "hopcheck/lines.h"

using namespace hopcheck;

namespace {

/// Lets the load balancer in, to the probe's path alone where that can be written.
Fix let_in(const Deployment& host, const Route& route, const std::string& sources) {
  std::vector<std::string> lines;
  for (const auto& source : route.target->lb.sources.value)
    lines.push_back("allow " + source + ";");
  Fix fix;
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  const Evidence& first = route.access.front().from;
  std::vector<std::string> alone = lines;
  alone.push_back("deny all;");
  if (const auto edit = own_location(host, route, alone)) {
    fix.summary = fmt::format("let the load balancer in, to {} alone", route.request.path);
    fix.edits = {*edit};
    fix.widens = fmt::format("{}, to {}", sources, route.request.path);
    return fix;
  }
  fix.summary = "let the load balancer in before the line that turns it away";
  for (const auto& line : lines) {
    if (auto edit = line_before(host, first, line)) fix.edits.push_back(std::move(*edit));
  }
  if (fix.edits.empty()) fix.commands.clear();
  // To nginx all that passes the load balancer comes from there.
  fix.widens = fmt::format("{}, and with it all who come by way of the load balancer", sources);
  return fix;
}

/// The rule stands in the location that answers the probe, and means its path alone.
bool inside(const Route& route, const nginx::AccessRule& rule) {
  const auto place = route.instance->config->at(route.location->directive);
  const auto children = place.children();
  return std::any_of(children.begin(), children.end(),
                     [&](const auto& child) {
                       const Evidence at = child.evidence();
                       return at.source == rule.from.source && at.line == rule.from.line;
                     }) &&
         route.location->pattern != "/";
}

Finding turned_away(const Deployment& host, const Route& route, const nginx::AccessRule& rule) {
  const LbSettings& lb = route.target->lb;
  const std::string sources = fmt::format("{}", fmt::join(lb.sources.value, ", "));
  Finding finding;
  finding.code = "nginx.access-rule-blocks";
  finding.title = fmt::format("nginx turns the load balancer ({}) away from {} with 403: \"{}\"",
                              sources, route.request.path, rule.from.text);
  finding.about = {route.node()};
  finding.evidence = {rule.from, cite("sources", lb.sources, sources)};
  const auto probe = host.probe(route);
  if (probe.seen() && probe->answered()) {
    finding.evidence.push_back(cite(route.request, *probe));
    if (probe->status != 403)
      finding.detail =
          "hopcheck's own probe is answered: it comes from this host itself, which is let in.";
  }
  for (const auto& each : route.access) {
    if (each.from.line != rule.from.line) finding.evidence.push_back(each.from);
  }
  const bool own = route.location != nullptr && inside(route, rule);
  if (!own) {
    finding.detail += finding.detail.empty() ? "" : " ";
    finding.detail +=
        "The line holds for every other path, too: whoever comes by way of this load balancer "
        "has its address and gets 403 (unless real_ip_header tells nginx another).";
  }
  finding.fixes = {let_in(host, route, sources)};
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
