// Somebody listens on the port that the load balancer probes.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

/// TCP listeners of nginx and of app servers that a load balancer could be pointed at.
std::vector<const Listener*> offers(const Deployment& host) {
  std::vector<const Listener*> found;
  std::vector<int> pids;
  if (const auto* instances = host.nginx().if_seen()) {
    for (const auto& instance : *instances) pids.push_back(instance.master);
  }
  if (const auto* apps = host.app_servers().if_seen()) {
    for (const auto& app : *apps) pids.push_back(app.pid);
  }
  for (const auto& listener : host.listeners()->seen_items()) {
    if (listener.kind != Listener::Kind::tcp) continue;
    for (const int holder : listener.pids.seen_items()) {
      if (std::find(pids.begin(), pids.end(), holder) == pids.end()) continue;
      found.push_back(&listener);
      break;
    }
  }
  return found;
}

Finding mismatch(const Route& route, const std::vector<const Listener*>& offered) {
  const int port = route.request.port;
  Finding finding;
  finding.code = "lb.port-mismatch";
  finding.title = fmt::format("the load balancer probes port {}, on which nobody listens", port);
  finding.about = {"listener:" + address_text(route.request.address, port), route.node()};
  finding.evidence = {cite("port", route.target->lb.port, std::to_string(port)),
                      cite_no_listener("port " + std::to_string(port))};
  for (const Listener* listener : offered) finding.evidence.push_back(cite(*listener));
  if (offered.empty()) return finding;
  const int meant = offered.front()->port;
  finding.title += fmt::format("; {} is served", offered.front()->text());
  Fix fix;
  fix.summary = fmt::format("point the load balancer's health check and traffic at port {}", meant);
  fix.on = On::lb;
  finding.fixes.push_back(std::move(fix));
  return finding;
}

}  // namespace

HOPCHECK_CHECK(lb_port) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  out.each(host.requested().seen_items(), [&](const Route* route) {
    if (route->kind != Route::Kind::probe) return;
    const int port = route->request.port;
    if (host.listeners()->any([&](const Listener& listener) { return listener.port == port; }))
      return;
    // Where nginx or a unit is written to serve the port, the fault is that it does not run.
    if (*route->followed && (route->instance != nullptr || !route->endpoints.empty())) return;
    Finding finding = mismatch(*route, offers(host));
    if (route->target->lb.port.assumed()) {
      finding.code = "lb.assumed-port-unserved";
      finding.confidence = Confidence::possible;
    }
    out.report(std::move(finding));
  });
}
