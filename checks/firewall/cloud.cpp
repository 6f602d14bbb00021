// The cloud's firewall, as exported, lets the load balancer in.
#include "hopcheck/cloud.h"

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

Finding blocked(const Route& route, const CloudVerdict& verdict) {
  const LbSettings& lb = route.target->lb;
  Finding finding;
  finding.code = "firewall.cloud-blocks";
  finding.title = fmt::format("{} does not let {} in on port {}{}", verdict.name,
                              fmt::join(verdict.blocked, ", "), route.request.port,
                              verdict.by.empty() ? "" : ": rule " + verdict.by + " denies it");
  finding.about = {route.nodes.size() > 1 ? route.nodes[1] : route.node(), verdict.name};
  finding.evidence = {verdict.from, cite("sources", lb.sources,
                                         fmt::format("{}", fmt::join(lb.sources.value, ", ")))};
  finding.detail =
      "The export does not show what else stands before this host (network ACLs, firewall "
      "policies).";
  finding.confidence = lb.port.assumed() ? Confidence::possible : Confidence::likely;
  finding.fixes = {verdict.fix};
  return finding;
}

}  // namespace

HOPCHECK_CHECK(firewall_cloud) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  bool any = false;
  out.each(host.requested().seen_items(), [&](const Route* route) {
    if (route->kind != Route::Kind::probe) return;
    const auto verdicts = cloud_verdicts(host, *route);
    for (const auto& verdict : *verdicts) {
      any = true;
      if (verdict.action == CloudVerdict::Action::unknown) {
        out.not_seen(
            {Unseen::Why::undecidable,
             fmt::format("whether {} lets the load balancer in: {}", verdict.name, verdict.why),
             {}});
      } else if (verdict.action == CloudVerdict::Action::block) {
        *host.listeners();  // what the finding is about depends on them
        out.report(blocked(*route, verdict));
      }
    }
  });
  if (!any) out.not_applicable("no export of a cloud's firewall was given (--cloud)");
}
