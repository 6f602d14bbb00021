// An application that the load balancer talks to itself is not bound to loopback.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

HOPCHECK_CHECK(app_bind_address) {
  std::vector<const Route*> probes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe && !is_loopback(route->request.address))
      probes.push_back(route);
  }
  if (probes.empty()) return out.not_applicable("no load balancer connects from outside");
  out.each(probes, [&](const Route* route) {
    const int port = route->request.port;
    // Where the port itself is a guess, loopback may be meant.
    if (route->target->lb.port.from <= From::observation) return;
    for (const Listener& listener : host.listeners()->seen_items()) {
      if (listener.port == port && !listener.is_loopback()) return;
    }
    for (const AppServer& app : *host.app_servers()) {
      if (!app.listeners_complete)
        throw NotSeen({Unseen::Why::denied, "which sockets " + app.text() + " holds", "root"});
      for (const Listener& listener : app.listeners) {
        if (listener.kind != Listener::Kind::tcp || listener.port != port) continue;
        Finding finding;
        finding.code = "app.bind-loopback-only";
        finding.title =
            fmt::format("{} is bound to {}; the load balancer connects to {}", app.text(),
                        listener.text(), address_text(route->request.address, port));
        finding.about = {"listener:" + address_text(route->request.address, port)};
        finding.evidence = {cite(listener),
                            cite("port", route->target->lb.port, std::to_string(port))};
        if (const auto* binds = app.gunicorn.bind.if_seen()) {
          for (const auto& bind : *binds) finding.evidence.push_back(bind.from);
        }
        Fix front;
        front.summary = "point the load balancer at nginx, which passes requests on to loopback";
        front.on = On::lb;
        Fix wide;
        wide.summary = fmt::format(
            "bind the application to 0.0.0.0:{} and let only the load balancer's addresses reach "
            "it",
            port);
        wide.interrupts = Interrupts::restart;
        wide.widens = fmt::format("everybody whom no firewall keeps from port {}", port);
        finding.fixes = {std::move(wide)};
        if (host.nginx().seen() && !host.nginx()->empty())
          finding.fixes.insert(finding.fixes.begin(), std::move(front));
        out.report(std::move(finding));
      }
    }
  });
}
