// The load balancer's path answers within its time limit.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lb_commands.h"
#include "hopcheck/sample.h"

using namespace hopcheck;

namespace {

/// How long the application itself takes for the same request; nothing where it was not asked.
std::string at_the_app(const Deployment& host, const Route& route, Finding& finding) {
  if (route.instance == nullptr) return {};
  for (const auto& endpoint : route.endpoints) {
    const auto direct = host.direct(route, endpoint);
    if (!direct.seen()) continue;
    Request request = route.request;
    request.socket = endpoint.member.path;
    if (!endpoint.member.is_unix()) {
      request.address = endpoint.member.host;
      request.port = endpoint.member.port;
    }
    finding.evidence.push_back(cite(request, *direct));
    if (direct->total_ms > route.target->lb.timeout_ms.value)
      return "The application itself is as slow when it is asked past nginx.";
    return fmt::format("The application itself answers in {} ms when it is asked past nginx.",
                       std::lround(direct->total_ms));
  }
  return {};
}

/// Those that the load balancer would not have waited for.
std::size_t too_late(const std::vector<Measurement>& all, int limit_ms) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& one) {
    return one.total_ms > limit_ms || one.outcome == Exchange::Outcome::timed_out;
  }));
}

Evidence cite_spread(const Route& route, const std::vector<Measurement>& all) {
  const Spread times = spread(all);
  return {EvidenceKind::probe, route.request.method + " " + route.request.url(), 0,
          fmt::format("{} requests: median {} ms, worst {} ms", all.size(),
                      std::lround(times.median_ms), std::lround(times.worst_ms)),
          false};
}

Finding about(const Route& route, const Exchange& exchange, const std::vector<Measurement>& all) {
  const auto& lb = route.target->lb;
  Finding finding;
  finding.about = {route.node()};
  finding.evidence = {cite(route.request, exchange)};
  if (all.size() > 1) finding.evidence.push_back(cite_spread(route, all));
  finding.evidence.push_back(cite("timeout", lb.timeout_ms, duration_text(lb.timeout_ms.value)));
  if (lb.interval_ms.value > 0)
    finding.evidence.push_back(
        cite("interval", lb.interval_ms, duration_text(lb.interval_ms.value)));
  Fix shallow;
  shallow.on = On::repo;
  shallow.summary = fmt::format("let {} answer at once: no database, no other service, no waiting",
                                route.request.path);
  finding.fixes = {std::move(shallow), longer_check_timeout(lb, spread(all).worst_ms)};
  return finding;
}

/// A median that leaves less than this share of the limit is soon above it.
constexpr double kNear = 0.8;

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Fact<Exchange> probe = host.probe(route);
  const Exchange& exchange = *probe;
  // What never answers is another check's fault.
  if (!exchange.answered() || route.request.scheme == "tcp") return;
  const int limit = route.target->lb.timeout_ms.value;
  const Fact<std::vector<Measurement>> measurements = measured(host, route);
  const auto& all = *measurements;
  const std::size_t late = too_late(all, limit);
  const Spread times = spread(all);
  const std::string asked = fmt::format("{} {}", route.request.method, route.request.path);
  // The first request after a pause may load what the others find ready.
  const bool first_alone = late == 1 && all.size() > 1 && exchange.total_ms > limit;
  if (late == 0 ? times.median_ms < kNear * limit : first_alone) return;
  Finding finding = about(route, exchange, all);
  const std::string took = fmt::format("takes {} ms", std::lround(times.median_ms));
  if (late >= 2 || all.size() == 1) {
    finding.code = "lb.timeout-below-response";
    finding.title =
        fmt::format("{} {}, the load balancer waits {}", asked, took, duration_text(limit));
    finding.detail = at_the_app(host, route, finding);
  } else {
    finding.code = "lb.response-near-timeout";
    finding.when = When::under_load;
    finding.title =
        late == 0 ? fmt::format("{} {} of the {} that the load balancer waits", asked, took,
                                duration_text(limit))
                  : fmt::format(
                        "{} of {} answers to {} took up to {} ms, the load balancer waits {}", late,
                        all.size(), asked, std::lround(times.worst_ms), duration_text(limit));
  }
  if (route.target->lb.timeout_ms.assumed()) finding.confidence = Confidence::likely;
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(lb_time) {
  std::vector<const Route*> probes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe) probes.push_back(route);
  }
  if (probes.empty()) return out.not_applicable("there is no load balancer's route");
  out.each(probes, [&](const Route* route) { judge(host, *route, out); });
}
