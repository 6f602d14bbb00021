// The load balancer's probes do not overlap.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

HOPCHECK_CHECK(lb_interval) {
  std::vector<const Route*> told;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind != Route::Kind::probe) continue;
    const LbSettings& lb = route->target->lb;
    if (!lb.timeout_ms.assumed() || !lb.interval_ms.assumed()) told.push_back(route);
  }
  if (told.empty()) return out.not_applicable("neither timeout nor interval is set");
  out.each(told, [&](const Route* route) {
    const LbSettings& lb = route->target->lb;
    if (lb.interval_ms.value <= 0 || lb.timeout_ms.value <= lb.interval_ms.value) return;
    Finding finding;
    finding.code = "lb.interval-shorter-than-timeout";
    finding.when = When::under_load;
    const bool both = !lb.timeout_ms.assumed() && !lb.interval_ms.assumed();
    finding.confidence = both ? Confidence::likely : Confidence::possible;
    finding.title =
        fmt::format("the load balancer probes every {} and waits {} for each answer",
                    duration_text(lb.interval_ms.value), duration_text(lb.timeout_ms.value));
    finding.about = {route->node()};
    finding.evidence = {cite("timeout", lb.timeout_ms, duration_text(lb.timeout_ms.value)),
                        cite("interval", lb.interval_ms, duration_text(lb.interval_ms.value))};
    Fix fix;
    fix.summary = fmt::format("set the load balancer's interval above its timeout of {}",
                              duration_text(lb.timeout_ms.value));
    fix.on = On::lb;
    finding.fixes = {std::move(fix)};
    out.report(std::move(finding));
  });
}
