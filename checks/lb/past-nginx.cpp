// The load balancer asks where nginx stands before the application, if nginx makes the difference.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lb_commands.h"
#include "hopcheck/server_blocks.h"

using namespace hopcheck;

namespace {

/// A way through nginx to the application that the load balancer asks directly.
const Route* way_through_nginx(const Deployment& host, const Route& probe) {
  const AppServer* app = *host.app_behind(probe.endpoints.front());
  if (app == nullptr) return nullptr;
  for (const Route* route : host.proxied().seen_items()) {
    if (route->instance == nullptr || route->server == nullptr) continue;
    for (const Endpoint& endpoint : route->endpoints) {
      const auto behind = host.app_behind(endpoint);
      if (behind.seen() && *behind == app) return route;
    }
  }
  return nullptr;
}

/// The listen of a block by which others than this host come in, without TLS.
const nginx::Listen* plain_listen(const nginx::ServerBlock& server) {
  for (const auto& listen : server.listens) {
    if (listen.path.empty() && !listen.ssl && !listen.proxy_protocol &&
        !is_loopback(listen.address))
      return &listen;
  }
  return nullptr;
}

/// It answers as well where the load balancer sends its target's address.
bool answers_to_address(const Deployment& host, Request request, const StatusCodes& codes) {
  request.host = request.address;
  const auto exchange = ask_this_host(host, request);
  return exchange.seen() && exchange->answered() && codes.contains(exchange->status);
}

void judge(const Deployment& host, const Route& probe, Outcome& out) {
  const Fact<Exchange> answer = host.probe(probe);
  const auto& codes = probe.target->lb.codes.value;
  if (!answer->answered() || codes.contains(answer->status)) return;
  const Route* way = way_through_nginx(host, probe);
  const nginx::Listen* listen = way == nullptr ? nullptr : plain_listen(*way->server);
  if (listen == nullptr) return;
  Request request = probe.request;
  request.scheme = "http";
  request.port = listen->port;
  // An address with its port is what the load balancer would send there, too.
  request.host = plain_name(*way->server).empty() ? request.address : plain_name(*way->server);
  request.sent_as = "site";
  const Fact<Exchange> through = ask_this_host(host, request);
  if (!through->answered() || !codes.contains(through->status)) return;
  const AppServer* app = *host.app_behind(probe.endpoints.front());
  Finding finding;
  finding.code = "lb.probe-bypasses-nginx";
  finding.title = fmt::format(
      "{} {}: {} from {} on port {}, which the load balancer asks, {} through nginx on port {}",
      probe.request.method, probe.request.path, answer->status, app->text(), probe.request.port,
      through->status, listen->port);
  finding.about = {probe.node()};
  Evidence seen = cite(request, *through);
  seen.source += " (Host: " + request.host + ")";
  finding.evidence = {cite(probe.request, *answer), seen, way->server->from, way->action.from,
                      cite("port", probe.target->lb.port, std::to_string(probe.request.port))};
  Fix fix;
  fix.summary = fmt::format("point the load balancer's traffic and health check at port {}",
                            listen->port);
  if (!answers_to_address(host, request, codes)) {
    fix.summary += can_send_host(probe.target->lb)
                       ? ", with Host " + request.host
                       : fmt::format(", and let that block answer to other names as well: it "
                                     "answers to {}",
                                     request.host);
  }
  fix.on = On::lb;
  fix.commands = move_to_port(probe.target->lb, listen->port);
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(lb_past_nginx) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> probes;
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind != Route::Kind::probe || route->request.scheme == "tcp") continue;
    if (!route->followed.seen()) out.not_seen(route->followed.unseen());
    const bool guess = route->target->lb.path.assumed() || route->target->lb.port.assumed();
    if (route->instance == nullptr && !route->endpoints.empty() && !guess) probes.push_back(route);
  }
  if (probes.empty())
    return out.not_applicable("the load balancer does not ask an application directly");
  out.none(host.proxied());
  out.each(probes, [&](const Route* route) { judge(host, *route, out); });
}
