// nginx listens where the load balancer's connections arrive, not on loopback alone.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

/// The listen directives of an instance for this port.
std::vector<const nginx::Listen*> listens_on(const nginx::Instance& instance, int port) {
  std::vector<const nginx::Listen*> found;
  for (const auto& server : instance.site->servers) {
    for (const auto& listen : server.listens) {
      if (listen.path.empty() && listen.port == port) found.push_back(&listen);
    }
  }
  return found;
}

/// Something is known of the load balancer; on a host of which nothing is known, a service on
/// loopback has its proxy on the same host.
bool lb_is_known(const LbSettings& lb) {
  return lb.port.from > From::observation || !lb.sources.assumed() || !lb.profile.assumed();
}

/// "127.0.0.1:80" of "listen 127.0.0.1:80 default_server;"
std::string place_of(const nginx::Listen& listen) {
  const auto begin = listen.from.text.find(' ') + 1;
  return listen.from.text.substr(begin, listen.from.text.find_first_of(" ;", begin) - begin);
}

/// The same port on every address, of the same family.
std::string everywhere(const nginx::Listen& listen) {
  const std::string port = std::to_string(listen.port);
  return listen.address.find(':') == std::string::npos ? port : "[::]:" + port;
}

Fix listen_everywhere(const Deployment& host, const nginx::Instance& instance,
                      const std::vector<const nginx::Listen*>& listens) {
  Fix fix;
  fix.summary = "listen on all addresses";
  for (const nginx::Listen* listen : listens) {
    if (auto edit = replaced(host, listen->from, place_of(*listen), everywhere(*listen)))
      fix.edits.push_back(*edit);
  }
  // Half of them would leave the other half as it is, or the same line twice.
  if (fix.edits.size() < listens.size()) fix.edits.clear();
  if (!fix.edits.empty()) {
    // A reload would bind the new address while the old one still has the port, and fail.
    fix.commands = {restart_command(instance)};
    fix.interrupts = Interrupts::restart;
  }
  fix.widens = fmt::format("everybody who can reach this host on port {}", listens.front()->port);
  return fix;
}

Finding loopback_only(const Deployment& host, const Route& route, const nginx::Instance& instance,
                      const std::vector<const nginx::Listen*>& listens) {
  const nginx::Listen& first = *listens.front();
  Finding finding;
  finding.code = "nginx.listen-loopback-only";
  finding.title = fmt::format("nginx listens on {} only; the load balancer connects to {}",
                              address_text(first.address, first.port),
                              address_text(route.request.address, route.request.port));
  finding.about = {"listener:" + address_text(route.request.address, route.request.port),
                   "nginx:" + instance.conf_path};
  for (const nginx::Listen* listen : listens) finding.evidence.push_back(listen->from);
  finding.fixes = {listen_everywhere(host, instance, listens)};
  return finding;
}

}  // namespace

HOPCHECK_CHECK(nginx_listen_address) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  std::vector<const Route*> probes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe && !is_loopback(route->request.address) &&
        lb_is_known(route->target->lb)) {
      probes.push_back(route);
    }
  }
  if (probes.empty())
    return out.not_applicable("the load balancer is on this host, or nothing is known of it");
  out.each(probes, [&](const Route* route) {
    const int port = route->request.port;
    bool elsewhere = false;
    for (const Listener& listener : host.listeners()->seen_items()) {
      elsewhere = elsewhere || (listener.port == port && !listener.is_loopback());
    }
    if (elsewhere) return;
    for (const nginx::Instance& instance : *host.nginx()) {
      const auto listens = listens_on(instance, port);
      const bool loopback = !listens.empty() && std::all_of(listens.begin(), listens.end(),
                                                            [](const nginx::Listen* listen) {
                                                              return is_loopback(listen->address);
                                                            });
      if (!instance.site->missing.empty()) throw NotSeen(instance.site->missing.front());
      if (loopback) out.report(loopback_only(host, *route, instance, listens));
    }
  });
}
