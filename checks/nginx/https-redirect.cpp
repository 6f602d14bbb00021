// Who comes by https is not sent to https again.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"

using namespace hopcheck;

namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// "https://shop.example.com/x" without a port that is https's own.
std::string plain_url(std::string url) {
  const auto port = url.find(":443", 8);
  if (port != std::string::npos && (port + 4 == url.size() || url[port + 4] == '/'))
    url.erase(port, 4);
  return url;
}

/// The URL that was asked for, as the browser has it.
std::string asked(const Route& route) {
  return plain_url("https://" + route.request.host + route.request.path);
}

bool came_by_https(const Route& route) {
  const auto& headers = route.request.headers;
  return std::any_of(headers.begin(), headers.end(), [](const auto& header) {
    return header.first == "X-Forwarded-Proto" && header.second == "https";
  });
}

/// A line that sends to https, and the `if` around it where there is one.
struct Sender {
  nginx::Directive line;
  std::optional<nginx::Directive> condition{};
};

bool sends_to_https(const nginx::Directive& directive) {
  if (directive.name() != "return" && directive.name() != "rewrite") return false;
  const auto args = directive.args();
  return std::any_of(args.begin(), args.end(),
                     [](std::string_view word) { return word.starts_with("https://"); });
}

std::optional<Sender> sender_in(const nginx::Config& config, std::uint32_t block) {
  for (const nginx::Directive& child : config.at(block).children()) {
    if (sends_to_https(child)) return Sender{child, std::nullopt};
    if (child.name() != "if") continue;
    for (const nginx::Directive& inner : child.children()) {
      if (sends_to_https(inner)) return Sender{inner, child};
    }
  }
  return std::nullopt;
}

std::optional<Sender> sender_of(const Route& route) {
  if (route.server == nullptr) return std::nullopt;
  auto found = sender_in(*route.instance->config, route.server->directive);
  if (!found && route.location != nullptr)
    found = sender_in(*route.instance->config, route.location->directive);
  return found;
}

/// The line of an `if` with another condition.
std::optional<Edit> other_condition(const Deployment& host, const nginx::Directive& condition) {
  const Evidence at = condition.evidence();
  const auto line = line_of(host, at.source, at.line);
  if (!line.seen()) return std::nullopt;
  const auto begin = line->find("if");
  const auto end = line->rfind(')');
  if (begin == std::string::npos || end == std::string::npos || end < begin) return std::nullopt;
  return replaced_in_line(host, at, line->substr(begin, end + 1 - begin),
                          "if ($http_x_forwarded_proto = http)");
}

/// The line that redirects, behind a condition.
std::optional<Edit> guarded(const Deployment& host, const nginx::Directive& redirect) {
  const std::string text = redirect.text();
  return replaced_in_line(host, redirect.evidence(), text,
                          "if ($http_x_forwarded_proto = http) { " + text + " }");
}

/// Asks the load balancer's header instead of nginx's own connection.
Fix by_header(const Deployment& host, const Route& route, const Sender& sender) {
  Fix fix;
  fix.summary = "redirect only what came to the load balancer by http";
  const auto edit =
      sender.condition ? other_condition(host, *sender.condition) : guarded(host, sender.line);
  if (edit) fix.edits = {*edit};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Fact<Exchange> probe = host.probe(route);
  if (!probe->answered() || !is_redirect(probe->status)) return;
  if (plain_url(probe->header("Location")) != asked(route)) return;
  // An application that sends itself round and round does not know of the load balancer's TLS.
  if (author(*probe) != Author::nginx) return;
  // A route that could not be followed has no line to name.
  if (!*route.followed) return;
  const auto sender = sender_of(route);
  if (!sender) return;
  Finding finding;
  finding.code = "nginx.redirect-loop-proto";
  finding.title = fmt::format(
      "nginx sends {} to itself for ever: TLS ends at the load balancer, and "
      "nginx redirects what it gets by http",
      asked(route));
  finding.about = {"server:" + route.server->label(), route.node()};
  finding.evidence = {cite(route.request, *probe)};
  finding.evidence.push_back(
      {EvidenceKind::probe, "GET " + route.request.url(), 0,
       "sent with X-Forwarded-Proto: https; Location: " + probe->header("Location"), true});
  if (sender->condition) finding.evidence.push_back(sender->condition->evidence());
  finding.evidence.push_back(sender->line.evidence());
  finding.fixes = {by_header(host, route, *sender)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_https_redirect) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> routes;
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::site && route->instance != nullptr && came_by_https(*route))
      routes.push_back(route);
  }
  if (routes.empty()) return out.not_applicable("no site's https ends before nginx");
  out.each(routes, [&](const Route* route) { judge(host, *route, out); });
}
