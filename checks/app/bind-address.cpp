// An application that the load balancer talks to itself is not bound to loopback.
#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/ini.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

/// The nginx that runs and passes requests on to this server: the load balancer is to talk to it.
const nginx::Instance* nginx_in_front(const Deployment& host, const AppServer& app) {
  for (const Endpoint& endpoint : host.endpoints().seen_items()) {
    const auto behind = host.app_behind(endpoint);
    if (!behind.seen() || *behind != &app) continue;
    for (const auto& sender : host.senders(endpoint)) {
      if (sender.instance != nullptr && sender.instance->master != 0) return sender.instance;
    }
  }
  return nullptr;
}

Fix point_at(const Deployment& host, const nginx::Instance& front, const Listener& app) {
  std::set<int> ports;
  for (const Listener& listener : host.listeners()->seen_items()) {
    const auto& pids = listener.pids.seen_items();
    const bool its = std::find(pids.begin(), pids.end(), front.master) != pids.end();
    if (its && listener.kind == Listener::Kind::tcp && !listener.is_loopback())
      ports.insert(listener.port);
  }
  Fix fix;
  fix.on = On::lb;
  fix.summary = fmt::format("point the load balancer at nginx{}, which passes requests on to {}",
                            ports.empty() ? "" : fmt::format(", port {}", fmt::join(ports, " or ")),
                            app.text());
  return fix;
}

Fix bind_to_all(const Deployment& host, const AppServer& app, const Listener& listener) {
  Fix fix;
  const std::string bind = fmt::format("0.0.0.0:{}", listener.port);
  fix.summary = fmt::format(
      "bind the application to {} and let only the load balancer's addresses reach it", bind);
  fix.interrupts = Interrupts::restart;
  fix.widens = fmt::format("everybody whom no firewall keeps from port {}", listener.port);
  bind_elsewhere(host, app, listener.text(), bind, fix);
  return fix;
}

}  // namespace

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
        if (app.kind == AppServer::Kind::uwsgi) {
          for (const auto& socket : uwsgi_values(host, app, {"socket", "http-socket", "http"}))
            finding.evidence.push_back(socket.from);
        }
        finding.fixes = {bind_to_all(host, app, listener)};
        if (const auto* front = nginx_in_front(host, app))
          finding.fixes.insert(finding.fixes.begin(), point_at(host, *front, listener));
        out.report(std::move(finding));
      }
    }
  });
}
