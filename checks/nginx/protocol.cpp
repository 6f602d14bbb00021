// nginx speaks to the application in the protocol that it understands.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

using Kind = nginx::Action::Kind;

/// The passing directive with another verb, so that both sides speak alike.
Fix speak(const Deployment& host, const Route& route, const std::string& from,
          const std::string& to, const std::string& summary) {
  Fix fix;
  fix.summary = summary;
  const auto edit = replaced(host, route.action.from, from, to);
  if (!edit) return fix;
  fix.edits = {*edit};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Finding mismatch(const Route& route, const Endpoint& endpoint, const AppServer& app,
                 std::string code, std::string title) {
  Finding finding;
  finding.code = std::move(code);
  finding.title = std::move(title);
  finding.about = {endpoint.node()};
  finding.evidence = {route.action.from};
  for (const Listener& listener : app.listeners) {
    if (listener.text() == endpoint.member.text()) finding.evidence.push_back(cite(listener));
  }
  return finding;
}

void judge(const Deployment& host, const Route& route, const Endpoint& endpoint, Outcome& out) {
  const AppServer* app = *host.app_behind(endpoint);
  if (app == nullptr) return;
  const bool is_uwsgi = app->kind == AppServer::Kind::uwsgi;
  if (route.action.kind == Kind::uwsgi_pass && !is_uwsgi && app->kind != AppServer::Kind::other) {
    Finding finding =
        mismatch(route, endpoint, *app, "nginx.uwsgi-pass-to-http",
                 fmt::format("nginx speaks uwsgi to {}, which speaks HTTP", app->text()));
    finding.fixes = {speak(host, route, "uwsgi_pass ", "proxy_pass http://",
                           "let nginx speak HTTP: proxy_pass")};
    return out.report(std::move(finding));
  }
  if (route.action.kind != Kind::proxy_pass || !is_uwsgi || !route.requested()) return;
  // uWSGI closes a connection on its own protocol's socket whose first bytes are no packet of it.
  const Fact<Exchange> direct = host.direct(route, endpoint);
  const bool closed =
      !direct->answered() && direct->connected && direct->outcome != Exchange::Outcome::timed_out;
  if (!closed) return;
  Finding finding = mismatch(
      route, endpoint, *app, "nginx.http-to-uwsgi-socket",
      fmt::format(
          "nginx speaks HTTP to {}, which takes uwsgi on {} (proxy_pass instead of uwsgi_pass)",
          app->text(), endpoint.member.text()));
  finding.evidence.push_back({EvidenceKind::probe,
                              "GET " + endpoint.member.text() + " " + route.request.path, 0,
                              describe(*direct), true});
  finding.fixes = {speak(host, route, "proxy_pass http://", "include uwsgi_params; uwsgi_pass ",
                         "let nginx speak uwsgi: uwsgi_pass")};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_protocol) {
  std::vector<const Route*> passed;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    if (route->instance != nullptr) passed.push_back(route);
  }
  if (passed.empty()) return out.not_applicable("nginx passes no request on");
  if (host.files_only()) return out.not_applicable("processes exist on a live host only");
  out.each(passed, [&](const Route* route) {
    for (const auto& endpoint : route->endpoints) judge(host, *route, endpoint, out);
  });
}
