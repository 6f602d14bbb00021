// Completes what nobody told us of the load balancer by what this host shows.
#include <algorithm>
#include <set>

#include "model/state.h"

namespace hopcheck {
namespace {

constexpr int kHttpPort = 80;

/// TCP ports that nginx's http block or an app server offers to a load balancer. Throws NotSeen
/// where there may be more of them.
std::set<int> offered_ports(const Deployment& deployment) {
  std::set<int> ports;
  for (const auto& instance : *deployment.nginx()) {
    if (!instance.site->missing.empty()) throw NotSeen(instance.site->missing.front());
    for (const auto& server : instance.site->servers) {
      for (const auto& listen : server.listens) {
        if (listen.path.empty() && !listen.ssl) ports.insert(listen.port);
      }
    }
  }
  if (!ports.empty()) return ports;
  for (const auto& app : *deployment.app_servers()) {
    if (!app.listeners_complete)
      throw NotSeen({Unseen::Why::denied, "which sockets " + app.text() + " holds", "root"});
    for (const auto& listener : app.listeners) {
      if (listener.kind == Listener::Kind::tcp && !listener.is_loopback())
        ports.insert(listener.port);
    }
  }
  return ports;
}

void observe_port(const Deployment& deployment, LbSettings& lb) {
  if (lb.port.from != From::default_) return;
  if (lb.port.value == 0) lb.port.value = kHttpPort;
  std::set<int> ports;
  try {
    ports = offered_ports(deployment);
  } catch (const NotSeen&) {
    return;  // the usual port, told as an assumption
  }
  // Two candidates are a guess between them; the usual port is the better guess.
  if (ports.size() != 1 || ports.count(lb.port.value) > 0) return;
  lb.port.value = *ports.begin();
  lb.port.from = From::observation;
  lb.port.source = "the only port that is served here";
}

}  // namespace

std::vector<Target> complete_targets(const Deployment& deployment,
                                     const std::vector<Target>& given) {
  std::vector<Target> targets = given;
  for (auto& target : targets) {
    observe_port(deployment, target.lb);
    // Which of several targets a prober means, its log does not say.
    if (targets.size() == 1) observe_probes(deployment, target.lb);
  }
  return targets;
}

}  // namespace hopcheck
