// The application takes connections from its queue.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/gunicorn.h"

using namespace hopcheck;

namespace {

/// A requested route through this endpoint gets no answer, or the gateway's error. Throws NotSeen
/// where one that was not seen might.
const Route* failing(const Deployment& host, const Endpoint& endpoint) {
  std::optional<Unseen> missing;
  for (const Route* route : host.routes_through(endpoint.node())) {
    if (!route->requested()) continue;
    const auto probe = host.probe(*route);
    if (!probe.seen()) missing = probe.unseen();
    if (!probe.seen()) continue;
    if (!probe->answered() || (probe->status >= 502 && probe->status <= 504)) return route;
  }
  if (missing) throw NotSeen(*missing);
  return nullptr;
}

Fix free_workers(const AppServer& app) {
  Fix fix;
  fix.summary =
      "free the workers; it lasts until as many requests hang again: give it more workers or "
      "threads, or make the slow requests faster";
  if (!app.unit.empty()) {
    fix.commands = {"systemctl restart " + shell_quote(app.unit)};
    fix.interrupts = Interrupts::restart;
    fix.lasts = Lasts::until_restart;
  }
  return fix;
}

void judge(const Deployment& host, const Endpoint& endpoint, Outcome& out) {
  const Listener* listener = host.listener_of(endpoint);
  // The kernel takes one more than it was told.
  if (listener == nullptr || listener->backlog == 0 || listener->queued < listener->backlog) return;
  const Route* route = failing(host, endpoint);
  if (route == nullptr) return;
  const AppServer* app = *host.app_behind(endpoint);
  const std::string who = app == nullptr ? "the server" : app->text();
  Finding finding;
  finding.code = "socket.backlog-full";
  finding.title =
      fmt::format("{} does not take its connections: {} wait at {}, which has room for {}", who,
                  listener->queued, listener->text(), listener->backlog);
  finding.about = {endpoint.node(), route->node()};
  finding.evidence = {{EvidenceKind::kernel, "listening sockets", 0,
                       fmt::format("{}: {} in the queue, room for {}", listener->text(),
                                   listener->queued, listener->backlog),
                       false}};
  const auto probe = host.probe(*route);
  finding.evidence.push_back(cite(route->request, *probe));
  if (app != nullptr) {
    for (const auto* setting : {&app->gunicorn.workers, &app->gunicorn.backlog}) {
      if (setting->seen() && (*setting)->from.line > 0)
        finding.evidence.push_back((*setting)->from);
    }
    if (app->kind == AppServer::Kind::gunicorn) {
      finding.fixes.push_back(more_at_once(host, *app));
      if (auto longer = longer_queue(host, *app)) finding.fixes.push_back(std::move(*longer));
    } else {
      finding.fixes.push_back(free_workers(*app));
    }
  }
  finding.detail =
      "All its workers are busy or stuck, so nobody empties the queue; further connections are "
      "refused or dropped.";
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(socket_backlog) {
  if (host.files_only()) return out.not_applicable("sockets exist on a live host only");
  if (out.none(host.endpoints())) return out.not_applicable("no route leads to an application");
  out.each(host.endpoints().seen_items(), [&](const Endpoint& endpoint) {
    if (!endpoint.member.down && *host.is_local(endpoint)) judge(host, endpoint, out);
  });
}
