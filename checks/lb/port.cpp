// Somebody listens on the port that the load balancer probes.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lb_commands.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

/// A port that the load balancer could be pointed at.
struct Offer {
  const Listener* listener{nullptr};
  std::string who{};  ///< "nginx", "gunicorn shop:app (shop.service, pid 33)"
  const nginx::Instance* instance{nullptr};  ///< null: an app server's
  const AppServer* app{nullptr};             ///< null: nginx's
  std::vector<Evidence> set_at{};            ///< the listen or bind that asks for it
};

bool holds(const Listener& listener, int pid) {
  const auto& holders = listener.pids.seen_items();
  return std::find(holders.begin(), holders.end(), pid) != holders.end();
}

std::vector<Evidence> listens_on(const nginx::Instance& instance, const Listener& listener) {
  std::vector<Evidence> found;
  if (!instance.site.seen()) return found;
  for (const auto& server : instance.site->servers) {
    for (const auto& listen : server.listens) {
      if (listen.port == listener.port && listen.address == listener.address)
        found.push_back(listen.from);
    }
  }
  return found;
}

std::vector<Evidence> binds_to(const AppServer& app, const Listener& listener) {
  std::vector<Evidence> found;
  const auto* binds = app.gunicorn.bind.if_seen();
  if (binds == nullptr) return found;
  for (const auto& bind : *binds) {
    if (bind.value.ends_with(":" + std::to_string(listener.port))) found.push_back(bind.from);
  }
  return found;
}

std::optional<Offer> offer_of(const Deployment& host, const Listener& listener) {
  if (const auto* instances = host.nginx().if_seen()) {
    for (const auto& instance : *instances) {
      if (instance.master != 0 && holds(listener, instance.master))
        return Offer{&listener, "nginx", &instance, nullptr, listens_on(instance, listener)};
    }
  }
  if (const auto* apps = host.app_servers().if_seen()) {
    for (const auto& app : *apps) {
      if (holds(listener, app.pid))
        return Offer{&listener, app.text(), nullptr, &app, binds_to(app, listener)};
    }
  }
  return std::nullopt;
}

/// TCP listeners of nginx and of app servers, those that can be reached from outside first, and of
/// these nginx's.
std::vector<Offer> offers(const Deployment& host) {
  std::vector<Offer> found;
  for (const auto& listener : host.listeners()->seen_items()) {
    if (listener.kind != Listener::Kind::tcp) continue;
    const bool known = std::any_of(found.begin(), found.end(), [&](const Offer& other) {
      return other.listener->port == listener.port &&
             other.listener->is_loopback() == listener.is_loopback();
    });
    if (known) continue;  // the same port once more, on IPv6
    if (auto offer = offer_of(host, listener)) found.push_back(std::move(*offer));
  }
  std::stable_sort(found.begin(), found.end(), [](const Offer& one, const Offer& other) {
    const auto rank = [](const Offer& offer) {
      return (offer.listener->is_loopback() ? 2 : 0) + (offer.instance == nullptr ? 1 : 0);
    };
    return rank(one) < rank(other);
  });
  return found;
}

/// nginx takes the port that is probed, beside its own.
std::optional<Fix> listen_there_too(const Deployment& host, const Offer& offer, int port) {
  if (offer.instance == nullptr || offer.set_at.size() != 1) return std::nullopt;
  const Evidence& listen = offer.set_at.front();
  if (listen.text.find("ssl") != std::string::npos) return std::nullopt;
  const auto edit = line_after(host, listen, fmt::format("listen {};", port));
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("let nginx listen on port {} as well", port);
  fix.edits = {*edit};
  fix.commands = {offer.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  fix.widens = fmt::format("everybody who can reach this host on port {}", port);
  return fix;
}

/// The application server goes back to the port that is probed.
std::optional<Fix> bind_there(const Deployment& host, const Offer& offer, int port) {
  if (offer.app == nullptr) return std::nullopt;
  Fix fix;
  fix.interrupts = Interrupts::restart;
  const std::string to = address_text(offer.listener->address, port);
  if (!bind_elsewhere(host, *offer.app, offer.listener->text(), to, fix)) return std::nullopt;
  fix.summary = fmt::format("bind {} to {}, where the load balancer asks", offer.who, to);
  return fix;
}

Finding mismatch(const Deployment& host, const Route& route, const std::vector<Offer>& offered) {
  const int port = route.request.port;
  Finding finding;
  finding.code = "lb.port-mismatch";
  finding.title = fmt::format("the load balancer probes port {}, on which nobody listens", port);
  finding.about = {"listener:" + address_text(route.request.address, port), route.node()};
  finding.evidence = {cite("port", route.target->lb.port, std::to_string(port)),
                      cite_no_listener("port " + std::to_string(port))};
  for (const Offer& offer : offered) {
    finding.evidence.push_back(cite(*offer.listener));
    for (const auto& place : offer.set_at) finding.evidence.push_back(place);
  }
  if (offered.empty()) return finding;
  const Offer& meant = offered.front();
  finding.title += fmt::format("; {} listens on {}", meant.who, meant.listener->text());
  if (meant.listener->is_loopback()) return finding;
  Fix fix;
  fix.summary = fmt::format("point the load balancer's traffic and health check at port {}",
                            meant.listener->port);
  fix.on = On::lb;
  fix.commands = move_to_port(route.target->lb, meant.listener->port);
  finding.fixes.push_back(std::move(fix));
  if (auto other = listen_there_too(host, meant, port)) finding.fixes.push_back(std::move(*other));
  if (auto other = bind_there(host, meant, port)) finding.fixes.push_back(std::move(*other));
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
    Finding finding = mismatch(host, *route, offers(host));
    if (route->target->lb.port.assumed()) {
      finding.code = "lb.assumed-port-unserved";
      finding.confidence = Confidence::possible;
    }
    out.report(std::move(finding));
  });
}
