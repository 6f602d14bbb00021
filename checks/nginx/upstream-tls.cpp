// nginx and the application agree on whether they speak TLS.
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/logs.h"
#include "hopcheck/proxy_pass.h"

using namespace hopcheck;

namespace {

/// What a TLS server of nginx's kind answers to plain HTTP.
bool wants_tls(const Exchange& exchange) {
  return exchange.answered() && exchange.status == 400 &&
         exchange.body.find("plain HTTP request was sent to HTTPS port") != std::string::npos;
}

std::string who(const Deployment& host, const Endpoint& endpoint) {
  const auto app = host.app_behind(endpoint);
  return app.seen() && *app != nullptr ? (*app)->text() : endpoint.member.text();
}

/// All lines that speak `from` to this endpoint, speaking `to`.
Fix speak(const Deployment& host, const Route& like, const std::string& from,
          const std::string& to) {
  Fix fix;
  fix.summary = fmt::format("speak {} to the application", to);
  std::set<std::pair<std::string, int>> lines;
  for (const Route& route : host.routes()) {
    const bool same = route.instance == like.instance && !route.endpoints.empty() &&
                      route.endpoints.front().node() == like.endpoints.front().node() &&
                      written_target(route).starts_with(from + "://");
    const Evidence& line = route.action.from;
    if (!same || !lines.emplace(line.source, line.line).second) continue;
    if (const auto edit = replaced_in_line(host, line, from + "://", to + "://"))
      fix.edits.push_back(*edit);
  }
  if (fix.edits.empty()) return fix;
  fix.commands = {like.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Finding mismatch(const Deployment& host, const Route& route, const Exchange& through,
                 const std::string& speaks, const Exchange& right) {
  const Endpoint& endpoint = route.endpoints.front();
  const bool tls = speaks == "https";
  const std::string came = through.answered() ? std::to_string(through.status) : "no answer";
  Finding finding;
  finding.code = tls ? "nginx.upstream-tls-to-plain" : "nginx.upstream-plain-to-tls";
  finding.title = tls ? fmt::format("nginx speaks TLS to {}, which speaks plain HTTP: {}",
                                    who(host, endpoint), came)
                      : fmt::format("nginx speaks plain HTTP to {}, which speaks TLS: {}",
                                    who(host, endpoint), through.status);
  finding.about = {endpoint.node()};
  finding.evidence = {
      route.action.from,
      cite(route.request, through),
      {EvidenceKind::probe,
       fmt::format("GET {} {}, {}", endpoint.member.text(), passed_path(route, route.request.path),
                   tls ? "plain" : "by TLS"),
       0, describe(right), true}};
  const auto line = provoked_line(host, route);
  if (line.seen() && *line) finding.evidence.push_back((*line)->evidence());
  finding.fixes = {speak(host, route, speaks, tls ? "http" : "https")};
  return finding;
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Fact<Exchange> through = host.probe(route);
  const bool by_nginx = through->answered() && author(*through) == Author::nginx &&
                        (through->status == 502 || through->status == 504);
  const bool in_vain = through->outcome == Exchange::Outcome::timed_out;
  if (!by_nginx && !in_vain && !wants_tls(*through)) return;
  const Endpoint& endpoint = route.endpoints.front();
  const std::string path = passed_path(route, route.request.path);
  const bool tls = route.action.target.starts_with("https://");
  const Fact<Exchange> as_told = host.direct(route, endpoint);
  // A server that waits for the end of a request line waits on in a handshake; one that speaks TLS
  // notices at once.
  const bool waits = tls && as_told->outcome == Exchange::Outcome::timed_out;
  const bool hung_up = as_told->outcome == Exchange::Outcome::tls_failed ||
                       (!as_told->answered() && as_told->connected &&
                        as_told->outcome != Exchange::Outcome::timed_out);
  const bool said_so = !tls && wants_tls(*as_told);
  if (!waits && !hung_up && !said_so) return;
  const auto right = ask_past_nginx(host, route, endpoint.member, tls ? "http" : "https", path);
  if (!right->answered() || wants_tls(*right)) return;
  out.report(mismatch(host, route, *through, tls ? "https" : "http", *right));
}

}  // namespace

HOPCHECK_CHECK(nginx_upstream_tls) {
  std::vector<const Route*> passed;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    const bool http = route->action.kind == nginx::Action::Kind::proxy_pass;
    if (route->requested() && route->instance != nullptr && http && !route->endpoints.empty())
      passed.push_back(route);
  }
  if (passed.empty())
    return out.not_applicable("no requested route passes through nginx to an HTTP application");
  if (host.files_only()) return out.not_applicable("applications run on a live host only");
  std::set<std::string> told;
  out.each(passed, [&](const Route* route) {
    const std::size_t before = out.findings().size();
    if (told.count(route->endpoints.front().node()) == 0) judge(host, *route, out);
    if (out.findings().size() > before) told.insert(route->endpoints.front().node());
  });
}
