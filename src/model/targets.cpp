// Completes what nobody told us of the load balancer by what this host shows.
#include <algorithm>
#include <set>

#include "model/state.h"

namespace hopcheck {
namespace {

constexpr int kHttpPort = 80;

/// TCP ports that nginx's http block or an app server offers to a load balancer.
std::set<int> offered_ports(const Deployment& deployment) {
  std::set<int> ports;
  if (const auto* instances = deployment.nginx().if_seen()) {
    for (const auto& instance : *instances) {
      if (!instance.site.seen()) continue;
      for (const auto& server : instance.site->servers) {
        for (const auto& listen : server.listens) {
          if (listen.path.empty() && !listen.ssl) ports.insert(listen.port);
        }
      }
    }
  }
  if (!ports.empty()) return ports;
  if (const auto* apps = deployment.app_servers().if_seen()) {
    for (const auto& app : *apps) {
      for (const auto& listener : app.listeners) {
        if (listener.kind == Listener::Kind::tcp && !listener.is_loopback()) ports.insert(listener.port);
      }
    }
  }
  return ports;
}

void observe_port(const Deployment& deployment, LbSettings& lb) {
  if (lb.port.from != From::default_) return;
  if (lb.port.value == 0) lb.port.value = kHttpPort;
  const auto ports = offered_ports(deployment);
  // Two candidates are a guess between them; the usual port is the better guess.
  if (ports.size() != 1 || ports.count(lb.port.value) > 0) return;
  lb.port.value = *ports.begin();
  lb.port.from = From::observation;
  lb.port.source = "the only port that is served here";
}

}  // namespace

std::vector<Target> complete_targets(const Deployment& deployment, const std::vector<Target>& given) {
  std::vector<Target> targets = given;
  for (auto& target : targets) observe_port(deployment, target.lb);
  return targets;
}

}  // namespace hopcheck
