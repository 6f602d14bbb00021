// The load balancer's check speaks the protocol of the port that it asks.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"

using namespace hopcheck;

namespace {

/// The listen line of the route's server block for its port; null where it has none.
const nginx::Listen* listen_of(const Route& route) {
  if (route.server == nullptr) return nullptr;
  for (const nginx::Listen& listen : route.server->listens) {
    if (listen.path.empty() && listen.port == route.request.port) return &listen;
  }
  return nullptr;
}

/// nginx's own words for plain http on a port that wants TLS.
bool wants_tls(const Exchange& exchange) {
  return exchange.answered() && exchange.status == 400 &&
         exchange.body.find("plain HTTP request was sent to HTTPS port") != std::string::npos;
}

/// Some block wants TLS on the route's port, and with it all that share the address.
bool is_tls_port(const Route& route) {
  for (const auto& server : route.instance->site->servers) {
    for (const auto& listen : server.listens) {
      if (listen.ssl && listen.path.empty() && listen.port == route.request.port) return true;
    }
  }
  return false;
}

Fix at_the_balancer(const std::string& protocol) {
  Fix fix;
  fix.summary = fmt::format("set the protocol of the load balancer's check to {}", protocol);
  fix.on = On::lb;
  return fix;
}

/// A block with a certificate whose listen line only lacks the word.
std::vector<Fix> add_ssl(const Deployment& host, const Route& route, const nginx::Listen& listen) {
  const auto& config = *route.instance->config;
  if (!nginx::in_force(config, route.server->directive, "ssl_certificate")) return {};
  Fix fix;
  fix.summary = "let nginx speak TLS on that port, as its certificate says it is meant to";
  for (const nginx::Listen& each : route.server->listens) {
    if (each.port != listen.port || each.ssl || !each.path.empty()) continue;
    std::string changed = each.from.text;
    changed.replace(changed.size() - 1, 1, " ssl;");
    if (auto edit = replaced_in_line(host, each.from, each.from.text, changed))
      fix.edits.push_back(std::move(*edit));
  }
  if (fix.edits.empty()) return {};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return {fix};
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Fact<Exchange> probe = host.probe(route);
  const Exchange& exchange = *probe;
  // A route that could not be followed has no listen line to compare with.
  if (!*route.followed) return;
  const nginx::Listen* listen = listen_of(route);
  if (listen == nullptr) return;
  // The words may be those of another nginx, to which this one passes requests on.
  const bool own_words = is_tls_port(route) || route.endpoints.empty();
  const bool plain_to_tls = route.request.scheme == "http" && own_words && wants_tls(exchange);
  const bool tls_to_plain = route.request.scheme == "https" && !listen->ssl &&
                            exchange.outcome == Exchange::Outcome::tls_failed;
  if (!plain_to_tls && !tls_to_plain) return;
  Finding finding;
  finding.code = "lb.protocol-mismatch";
  finding.title = plain_to_tls
                      ? fmt::format(
                            "the load balancer's check speaks http to port {}, where nginx "
                            "speaks https",
                            route.request.port)
                      : fmt::format(
                            "the load balancer's check speaks https to port {}, where nginx "
                            "speaks plain http",
                            route.request.port);
  finding.about = {route.node(), "server:" + route.server->label()};
  finding.evidence = {cite(route.request, exchange), listen->from,
                      cite("protocol", route.target->lb.protocol, route.request.scheme)};
  if (route.target->lb.protocol.assumed()) finding.confidence = Confidence::possible;
  if (tls_to_plain) finding.fixes = add_ssl(host, route, *listen);
  finding.fixes.push_back(at_the_balancer(plain_to_tls ? "HTTPS" : "HTTP"));
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(lb_protocol) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> probes;
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe && route->instance != nullptr &&
        route->request.scheme != "tcp")
      probes.push_back(route);
  }
  if (probes.empty()) return out.not_applicable("the load balancer's check does not ask nginx");
  out.each(probes, [&](const Route* route) { judge(host, *route, out); });
}
