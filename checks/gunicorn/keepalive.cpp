// gunicorn keeps idle connections longer than the load balancer that talks to it.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/gunicorn.h"

using namespace hopcheck;

namespace {

/// Load balancers that keep connections to their targets and use them again; by their default, too.
bool pools_connections(const LbSettings& lb) {
  if (lb.protocol.value == "tcp") return false;
  if (!lb.idle_timeout_ms.assumed()) return true;
  const std::string& profile = lb.profile.value;
  return profile == "aws-alb" || profile == "aws-clb" || profile == "gcp";
}

/// Worker classes that keep a connection open; others answer "Connection: close".
bool keeps_connections(const std::string& kind) {
  return kind == "gthread" || kind == "gevent" || kind == "eventlet" ||
         kind.ends_with("UvicornWorker");
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const LbSettings& lb = route.target->lb;
  const AppServer* app = *host.app_behind(route.endpoints.front());
  if (app == nullptr || app->kind != AppServer::Kind::gunicorn) return;
  if (!keeps_connections(*worker_kind(*app))) return;
  const Located<int>& keepalive = *app->gunicorn.keepalive_s;
  const int idle_ms = lb.idle_timeout_ms.value;
  if (keepalive.value == 0 || keepalive.value * 1000LL > idle_ms) return;
  Finding finding;
  finding.code = "gunicorn.keepalive-below-lb-idle";
  finding.when = When::under_load;
  finding.confidence = lb.idle_timeout_ms.assumed() ? Confidence::possible : Confidence::likely;
  finding.title =
      fmt::format("gunicorn closes idle connections after {} s, the load balancer uses them for {}",
                  keepalive.value, duration_text(idle_ms));
  finding.about = {route.node(), route.endpoints.front().node()};
  Evidence kept = keepalive.from;
  if (kept.kind == EvidenceKind::default_) kept.text = fmt::format("keepalive = {}", kept.text);
  finding.evidence = {kept, cite("idle_timeout", lb.idle_timeout_ms, duration_text(idle_ms)),
                      app->gunicorn.worker_class->from};
  finding.fixes = {set_gunicorn(host, *app, {"keepalive", "--keep-alive", ""},
                                app->gunicorn.keepalive_s, idle_ms / 1000 + 15)};
  finding.fixes.front().summary = "keep them longer than the load balancer does";
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(gunicorn_keepalive) {
  std::vector<const Route*> faced;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    if (route->kind == Route::Kind::probe && route->instance == nullptr &&
        !route->endpoints.empty() && pools_connections(route->target->lb))
      faced.push_back(route);
  }
  if (faced.empty())
    return out.not_applicable("no load balancer that keeps connections talks to gunicorn itself");
  out.each(faced, [&](const Route* route) { judge(host, *route, out); });
}
