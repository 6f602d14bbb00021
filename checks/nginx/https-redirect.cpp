// nginx does not redirect to https what already came over https.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"

using namespace hopcheck;

namespace {

using Kind = nginx::Action::Kind;

bool made_by_nginx(const Route& route, const Exchange& exchange) {
  return route.action.kind == Kind::return_ || route.action.kind == Kind::rewrite ||
         author(exchange) == Author::nginx;
}

/// The load balancer may pass TLS on to it, so that what comes in the clear is to be redirected.
const nginx::Listen* tls_listen(const nginx::Site& site) {
  for (const auto& server : site.servers) {
    for (const auto& listen : server.listens) {
      if (listen.ssl) return &listen;
    }
  }
  return nullptr;
}

/// The redirect kept for those who did not come over https.
Fix redirect_by_header(const Deployment& host, const Route& route) {
  Fix fix;
  fix.summary = "redirect only where the load balancer says that the client came over http";
  const auto line = source_line(host, route.action.from);
  const bool plain = route.action.kind == Kind::return_ && line.seen() &&
                     line->find("return") == line->find_first_not_of(" \t") &&
                     route.action.from.source == route.server->from.source;
  // Inside an `if` of its own the condition is what is to be changed.
  const auto parent =
      route.location != nullptr ? route.location->directive : route.server->directive;
  const auto returns = route.instance->config->at(parent).children("return");
  const bool own = std::any_of(returns.begin(), returns.end(), [&](const auto& one) {
    return one.evidence().line == route.action.from.line;
  });
  // With nothing behind it, a condition would leave the block without an answer.
  const bool answers_otherwise = std::any_of(
      route.server->locations.begin(), route.server->locations.end(),
      [](const nginx::Location& location) {
        return location.action.kind == Kind::proxy_pass || location.action.kind == Kind::uwsgi_pass;
      });
  if (!plain || !own || route.location != nullptr || !answers_otherwise) return fix;
  const std::string indent = line->substr(0, line->find("return"));
  fix.edits = {{route.action.from.source, route.action.from.line, *line,
                indent + "if ($http_x_forwarded_proto = http) {\n" + indent + "    " +
                    line->substr(indent.size()) + "\n" + indent + "}"}};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

}  // namespace

HOPCHECK_CHECK(nginx_https_redirect) {
  std::vector<const Route*> sites;
  out.none(host.requested());
  for (const Route* route : host.requested().seen_items()) {
    if (is_https_site(*route) && route->instance != nullptr && route->server != nullptr)
      sites.push_back(route);
  }
  if (sites.empty()) return out.not_applicable("no https site is known here");
  out.each(sites, [&](const Route* route) {
    if (!route->instance->site->missing.empty())
      throw NotSeen(route->instance->site->missing.front());
    const auto plain = plain_url(host, *route);
    if (!*plain || (*plain)->kind != PlainUrl::Kind::loop) return;
    const Fact<Exchange> exchange = host.probe(*route);
    if (!made_by_nginx(*route, *exchange)) return;
    if (const auto* tls = tls_listen(*route->instance->site)) {
      if (route->request.scheme != "https")
        throw NotSeen({Unseen::Why::undecidable,
                       fmt::format("whether the load balancer ends TLS or passes it on to {}:{}",
                                   tls->from.source, tls->from.line),
                       {}});
    }
    Finding finding;
    finding.code = "nginx.redirect-loop-proto";
    finding.title = fmt::format(
        "nginx redirects {} to itself for ever: {} also sends away what "
        "came over https",
        route->target->site.url.value, route->action.from.text);
    finding.about = {"server:" + route->server->label(), route->node()};
    finding.evidence = {route->action.from, cite(route->request, *exchange),
                        cite("url", route->target->site.url, route->target->site.url.value)};
    finding.fixes = {redirect_by_header(host, *route)};
    out.report(std::move(finding));
  });
}
