// The load balancer's probe is answered at all.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

std::string what_happened(const Route& route, const Exchange& exchange) {
  const std::string where = address_text(route.request.address, route.request.port);
  switch (exchange.outcome) {
    case Exchange::Outcome::refused:
      return fmt::format("{} refuses the connection", where);
    case Exchange::Outcome::timed_out:
      return exchange.connected ? fmt::format("{} took the connection and sent no answer in {}",
                                              where, duration_text(route.request.timeout_ms))
                                : fmt::format("no connection to {} within {}", where,
                                              duration_text(route.request.timeout_ms));
    case Exchange::Outcome::reset:
      return fmt::format("{} closed the connection without an answer", where);
    case Exchange::Outcome::tls_failed:
      return fmt::format("no TLS with {}: {}", where, exchange.error);
    default:
      return fmt::format("{}: {}", where, exchange.error);
  }
}

std::string code_of(const Exchange& exchange) {
  switch (exchange.outcome) {
    case Exchange::Outcome::refused:
      return "lb.probe-refused";
    case Exchange::Outcome::timed_out:
      return "lb.probe-timeout";
    default:
      return "lb.probe-failed";
  }
}

/// Whether the application itself answers, where nginx got nothing from it in time.
void add_application(const Deployment& host, const Route& route, Finding& finding) {
  for (const auto& endpoint : route.endpoints) {
    const auto app = host.app_behind(endpoint);
    if (!app.seen() || *app == nullptr) continue;
    const auto direct = host.direct(route, endpoint);
    if (!direct.seen()) continue;
    const auto* workers = (*app)->gunicorn.workers.if_seen();
    const std::string who = workers == nullptr
                                ? (*app)->text()
                                : fmt::format("{} with {} worker{}", (*app)->text(), workers->value,
                                              workers->value == 1 ? "" : "s");
    if (direct->answered()) {
      finding.detail = fmt::format("{} answers {} in {:.0f} ms when it is asked past nginx.", who,
                                   direct->status, direct->total_ms);
    } else if (direct->outcome == Exchange::Outcome::timed_out) {
      finding.detail = fmt::format(
          "{} does not answer past nginx either: all its workers are busy or stuck.", who);
    }
    if (workers != nullptr && !direct->answered()) finding.evidence.push_back(workers->from);
    return;
  }
}

}  // namespace

HOPCHECK_CHECK(lb_answer) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  out.each(host.requested().seen_items(), [&](const Route* route) {
    const Fact<Exchange> probe = host.probe(*route);
    const Exchange& exchange = *probe;
    if (exchange.answered()) return;
    Finding finding;
    finding.code = code_of(exchange);
    finding.title = fmt::format("{} {}: {}", route->request.method, route->request.path,
                                what_happened(*route, exchange));
    finding.about = {route->node()};
    finding.evidence = {cite(route->request, exchange)};
    // Once: each such request waits as long again.
    const bool hangs = exchange.outcome == Exchange::Outcome::timed_out && exchange.connected;
    if (hangs && route->kind == Route::Kind::probe) add_application(host, *route, finding);
    out.report(std::move(finding));
  });
}
