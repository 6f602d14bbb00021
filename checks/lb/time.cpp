// The load balancer's path answers within its time limit.
#include <cmath>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

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

}  // namespace

HOPCHECK_CHECK(lb_time) {
  std::vector<const Route*> probes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe) probes.push_back(route);
  }
  if (probes.empty()) return out.not_applicable("there is no load balancer's route");
  out.each(probes, [&](const Route* route) {
    const Fact<Exchange> probe = host.probe(*route);
    const Exchange& exchange = *probe;
    const int limit = route->target->lb.timeout_ms.value;
    // What never answers is another check's fault.
    if (!exchange.answered() || exchange.total_ms <= limit) return;
    const std::string took = fmt::format("takes {} ms", std::lround(exchange.total_ms));
    Finding finding;
    finding.code = "lb.timeout-below-response";
    finding.title = fmt::format("{} {} {}, the load balancer waits {}", route->request.method,
                                route->request.path, took, duration_text(limit));
    finding.about = {route->node()};
    finding.evidence = {cite(route->request, exchange),
                        cite("timeout", route->target->lb.timeout_ms, duration_text(limit))};
    finding.detail = at_the_app(host, *route, finding);
    if (route->target->lb.timeout_ms.assumed()) finding.confidence = Confidence::likely;
    Fix shallow;
    shallow.summary = fmt::format(
        "let {} answer at once: no database, no other service, no waiting", route->request.path);
    Fix patient;
    patient.summary = fmt::format("raise the load balancer's health check timeout above {}",
                                  duration_text(limit));
    patient.on = On::lb;
    finding.fixes = {std::move(shallow), std::move(patient)};
    out.report(std::move(finding));
  });
}
