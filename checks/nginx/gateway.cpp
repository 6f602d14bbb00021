// nginx gets an answer from what it passes requests to.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

const char* meaning(int status) {
  return status == 504   ? "got no answer in time"
         : status == 503 ? "had nowhere to send it"
                         : "got no usable answer";
}

bool is_gateway_error(const Exchange& exchange) {
  return exchange.answered() && exchange.status >= 502 && exchange.status <= 504 &&
         author(exchange) == Author::nginx;
}

bool same_endpoints(const Route& a, const Route& b) {
  return std::equal(
      a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(), b.endpoints.end(),
      [](const Endpoint& one, const Endpoint& other) { return one.node() == other.node(); });
}

/// Every request to these endpoints gets such an answer: the fault is theirs, not that of a path.
bool all_fail(const Deployment& host, const std::vector<const Route*>& passed, const Route& like) {
  return std::all_of(passed.begin(), passed.end(), [&](const Route* route) {
    if (!same_endpoints(*route, like)) return true;
    const auto exchange = host.probe(*route);
    return exchange.seen() && is_gateway_error(*exchange);
  });
}

/// How long nginx waited, and where that is set.
void add_limit(const Route& route, Finding& finding) {
  const std::string name = route.action.kind == nginx::Action::Kind::uwsgi_pass
                               ? "uwsgi_read_timeout"
                               : "proxy_read_timeout";
  const std::uint32_t block =
      route.location != nullptr ? route.location->directive : route.server->directive;
  const auto limit = nginx::in_force(*route.instance->config, block, name);
  finding.detail = fmt::format("nginx waits {} for an answer ({}).",
                               limit ? std::string(limit->arg(0)) : "60s", name);
  if (limit) finding.evidence.push_back(limit->evidence());
  Fix fix;
  fix.summary = fmt::format("make {} answer sooner, or raise {} where slow answers are meant",
                            route.request.path, name);
  finding.fixes = {std::move(fix)};
}

/// What the application answers when nginx does not stand between.
void add_direct(const Deployment& host, const Route& route, Finding& finding) {
  const auto direct = host.direct(route, route.endpoints.front());
  if (!direct.seen() || !direct->answered()) return;
  finding.detail +=
      fmt::format("{}The application itself answers {} in {:.0f} ms when it is asked past nginx.",
                  finding.detail.empty() ? "" : " ", direct->status, direct->total_ms);
}

/// The line of nginx's error log that this very request has provoked.
void add_logged(const Deployment& host, const Route& route, Finding& finding) {
  const auto line = provoked_line(host, route);
  if (line.seen() && line->has_value()) finding.evidence.push_back((*line)->evidence());
}

}  // namespace

HOPCHECK_CHECK(nginx_gateway) {
  std::vector<const Route*> passed;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    if (route->requested() && route->instance != nullptr) passed.push_back(route);
  }
  if (passed.empty())
    return out.not_applicable("no requested route passes through nginx to an application");
  out.each(passed, [&](const Route* route) {
    const Fact<Exchange> probe = host.probe(*route);
    const Exchange& exchange = *probe;
    if (!is_gateway_error(exchange)) return;
    Finding finding;
    finding.code = "nginx.bad-gateway";
    finding.title = fmt::format("nginx passed {} {} on to {} and {}: {}", route->request.method,
                                route->request.path, route->endpoints.front().member.text(),
                                meaning(exchange.status), exchange.status);
    if (!all_fail(host, passed, *route)) finding.about = {route->node()};
    finding.evidence = {cite(route->request, exchange), route->action.from};
    if (exchange.status == 504 && route->server != nullptr) add_limit(*route, finding);
    add_direct(host, *route, finding);
    add_logged(host, *route, finding);
    for (const auto& endpoint : route->endpoints) {
      finding.about.push_back(endpoint.node());
      if (host.surely_unserved(endpoint))
        finding.evidence.push_back(cite_no_listener(endpoint.member.text()));
    }
    out.report(std::move(finding));
  });
}
