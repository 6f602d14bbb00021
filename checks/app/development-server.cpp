// No development server serves the site.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

/// The endpoint on a route that this server holds; null: it serves none.
const Endpoint* served_by(const Deployment& host, const AppServer& app) {
  return host.endpoints().find(
      [&](const Endpoint& endpoint) { return *host.app_behind(endpoint) == &app; });
}

/// A Python program that is no server known by name tells who it is in its answers.
const Exchange* werkzeug_answer(const Deployment& host, const Endpoint& endpoint,
                                Fact<Exchange>& answer) {
  for (const Route* route : host.routes_through(endpoint.node())) {
    if (!route->requested()) continue;
    answer = route->instance == nullptr ? host.probe(*route) : host.direct(*route, endpoint);
    const Exchange& exchange = *answer;
    return exchange.header("Server").rfind("Werkzeug", 0) == 0 ? &exchange : nullptr;
  }
  return nullptr;
}

}  // namespace

HOPCHECK_CHECK(app_development_server) {
  if (host.app_servers()->empty()) return out.not_applicable("no application server runs here");
  out.each(*host.app_servers(), [&](const AppServer& app) {
    const bool surely = app.kind == AppServer::Kind::flask;
    if (!surely && app.kind != AppServer::Kind::other) return;
    const Endpoint* endpoint = served_by(host, app);
    if (endpoint == nullptr) return;
    Fact<Exchange> answer;
    const Exchange* werkzeug = surely ? nullptr : werkzeug_answer(host, *endpoint, answer);
    if (!surely && werkzeug == nullptr) return;
    Finding finding;
    finding.code = "app.dev-server-in-production";
    finding.when = When::under_load;
    finding.title =
        fmt::format("{} is Flask's development server, and it serves the site", app.text());
    finding.about = {endpoint->node()};
    finding.evidence = {
        {EvidenceKind::kernel, fmt::format("/proc/{}/cmdline", app.pid), 0, app.text(), false}};
    for (const Listener& listener : app.listeners) finding.evidence.push_back(cite(listener));
    if (werkzeug != nullptr) {
      finding.evidence.push_back({EvidenceKind::probe, "GET " + endpoint->member.text(), 0,
                                  "Server: " + werkzeug->header("Server"), true});
    }
    Fix fix;
    fix.summary = "serve it with gunicorn";
    fix.commands = {"gunicorn --workers 2 --threads 4 --bind " +
                    shell_quote(endpoint->member.text()) + " MODULE:APP"};
    fix.interrupts = Interrupts::restart;
    finding.fixes = {std::move(fix)};
    out.report(std::move(finding));
  });
}
