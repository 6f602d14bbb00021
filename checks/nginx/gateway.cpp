// nginx gets an answer from what it passes requests to.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

const char* meaning(int status) {
  return status == 504 ? "got no answer in time" : status == 503 ? "had nowhere to send it" : "got no usable answer";
}

}  // namespace

HOPCHECK_CHECK(nginx_gateway) {
  std::vector<const Route*> passed;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    if (route->requested() && route->instance != nullptr) passed.push_back(route);
  }
  if (passed.empty()) return out.not_applicable("no requested route passes through nginx to an application");
  out.each(passed, [&](const Route* route) {
    const Fact<Exchange> probe = host.probe(*route);
    const Exchange& exchange = *probe;
    if (!exchange.answered() || exchange.status < 502 || exchange.status > 504 || author(exchange) != Author::nginx) return;
    Finding finding;
    finding.code = "nginx.bad-gateway";
    finding.title = fmt::format("nginx passed {} {} on to {} and {}: {}", route->request.method, route->request.path,
                                route->endpoints.front().member.text(), meaning(exchange.status), exchange.status);
    finding.about = {route->node()};
    for (const auto& endpoint : route->endpoints) finding.about.push_back(endpoint.node());
    finding.evidence = {cite(route->request, exchange), route->action.from};
    out.report(std::move(finding));
  });
}
