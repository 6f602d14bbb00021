// nginx does not redirect to https what already came over https.
#include <algorithm>
#include <optional>

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

/// The one application that the server block's other locations pass requests to.
const nginx::Location* only_proxied(const std::vector<nginx::Location>& locations) {
  const nginx::Location* found = nullptr;
  for (const auto& location : locations) {
    if (location.action.kind != Kind::proxy_pass) continue;
    if (found != nullptr && found->action.target != location.action.target) return nullptr;
    found = &location;
  }
  return found;
}

/// What makes the block pass on what it does not redirect, as `like` does.
std::string passing_lines(const Route& route, const nginx::Location& like,
                          const std::string& indent) {
  const auto headers =
      nginx::sent_headers(*route.instance->config, like.directive, Kind::proxy_pass);
  std::string lines;
  for (const auto& header : headers.set) {
    const bool scheme = header.name == "X-Forwarded-Proto";
    lines += fmt::format("\n{}proxy_set_header {} {};", indent, header.name,
                         scheme ? "$http_x_forwarded_proto" : header.value);
  }
  return lines + fmt::format("\n{}proxy_pass {};", indent, like.action.target);
}

/// The line of the `if` that holds the redirect, with the load balancer's header for its condition.
std::optional<Edit> other_condition(const Deployment& host, const nginx::Directive& block,
                                    const Evidence& redirect) {
  for (const auto& condition : block.children("if")) {
    const auto inside = condition.children("return");
    const bool holds = std::any_of(inside.begin(), inside.end(),
                                   [&](const auto& one) { return one.evidence() == redirect; });
    const Evidence at = condition.evidence();
    const auto line = source_line(host, at);
    if (!holds || !line.seen()) continue;
    const auto begin = line->find("if");
    const auto end = line->rfind(')');
    if (begin == std::string::npos || end == std::string::npos || end < begin) return std::nullopt;
    std::string changed = *line;
    changed.replace(begin, end + 1 - begin, "if ($http_x_forwarded_proto = http)");
    return Edit{at.source, at.line, *line, changed};
  }
  return std::nullopt;
}

/// The redirect kept for those who did not come over https.
Fix redirect_by_header(const Deployment& host, const Route& route) {
  Fix fix;
  fix.summary = "redirect only where the load balancer says that the client came over http";
  const auto line = source_line(host, route.action.from);
  const std::uint32_t block =
      route.location != nullptr ? route.location->directive : route.server->directive;
  const auto returns = route.instance->config->at(block).children("return");
  // Inside an `if` of its own the condition is what is to be changed.
  const bool own = std::any_of(returns.begin(), returns.end(), [&](const auto& one) {
    return one.evidence().source == route.action.from.source &&
           one.evidence().line == route.action.from.line;
  });
  if (!own) {
    const auto edit = other_condition(host, route.instance->config->at(block), route.action.from);
    if (!edit) return fix;
    fix.edits = {*edit};
    fix.commands = {route.instance->load_command()};
    fix.interrupts = Interrupts::reload;
    return fix;
  }
  const nginx::Location* like = only_proxied(*route.server->locations);
  if (like == nullptr || !line.seen()) return fix;
  const std::size_t begin = line->find_first_not_of(" \t");
  if (line->compare(begin, 7, "return ") != 0) return fix;
  const std::string indent = line->substr(0, begin);
  std::string lines = indent + "if ($http_x_forwarded_proto = http) {\n" + indent + "    " +
                      line->substr(begin) + "\n" + indent + "}";
  if (route.location != nullptr) lines += passing_lines(route, *like, indent);
  fix.edits = {{route.action.from.source, route.action.from.line, *line, lines}};
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
        "nginx redirects {} to itself for ever: {}:{} also sends away what came over https",
        route->target->site.url.value, route->action.from.source, route->action.from.line);
    finding.about = {"server:" + route->server->label(), route->node()};
    finding.evidence = {route->action.from, cite(route->request, *exchange),
                        cite("url", route->target->site.url, route->target->site.url.value)};
    finding.fixes = {redirect_by_header(host, *route)};
    out.report(std::move(finding));
  });
}
