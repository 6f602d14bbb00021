// The hops give up in order: the application first, then nginx, then the load balancer.
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/edits.h"
#include "hopcheck/forwarded.h"
#include "hopcheck/gunicorn.h"
#include "hopcheck/lb_commands.h"
#include "hopcheck/proxy_pass.h"

using namespace hopcheck;

namespace {

const char* const kRead = "proxy_read_timeout";

/// How much earlier one hop gives up than the next.
constexpr long long kApart_s = 5;

/// A limit that was written down by somebody.
struct Limit {
  long long ms{0};  ///< 0: none was
  Evidence from{};
};

Limit of_nginx(const Route& route) {
  const auto line = nginx::in_force(*route.instance->config, block_of(route), kRead);
  return line ? Limit{time_ms(std::string(line->arg(0))), line->evidence()} : Limit{};
}

const Target* target_of(const Deployment& host, const Route& route) {
  if (route.target != nullptr) return route.target;
  return host.targets().size() == 1 ? &host.targets().front() : nullptr;
}

Limit of_balancer(const Deployment& host, const Route& route) {
  const Target* target = target_of(host, route);
  if (target == nullptr || target->lb.idle_timeout_ms.assumed()) return {};
  const auto& idle = target->lb.idle_timeout_ms;
  return {idle.value, cite("idle_timeout", idle, duration_text(idle.value))};
}

/// The gunicorn behind the route whose workers are killed when a request takes too long, and after
/// how long; null: there is none, or nobody has set that.
const AppServer* with_limit(const Deployment& host, const Route& route, Limit& limit) {
  if (route.endpoints.empty()) return nullptr;
  const AppServer* app = *host.app_behind(route.endpoints.front());
  if (app == nullptr || app->kind != AppServer::Kind::gunicorn) return nullptr;
  const auto& timeout = app->gunicorn.timeout_s;
  if (timeout->from.kind == EvidenceKind::default_ || timeout->value <= 0) return nullptr;
  if (*worker_kind(*app) != "sync") return nullptr;
  limit = {1000LL * timeout->value, timeout->from};
  return app;
}

Fix at_nginx(const Deployment& host, const Route& route, long long seconds,
             const std::string& why) {
  Fix fix;
  fix.summary = fmt::format("let nginx wait {} s{}", seconds, why);
  fix.edits =
      set_directive(host, *route.instance, block_of(route), kRead, fmt::format("{}s", seconds));
  if (fix.edits.empty()) return fix;
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Fix at_balancer(const Deployment& host, const Route& route, long long seconds) {
  Fix fix;
  fix.summary = fmt::format("raise the load balancer's idle timeout to {} s or more", seconds);
  if (const Target* target = target_of(host, route))
    fix.commands = set_idle_timeout(target->lb, seconds);
  fix.on = On::lb;
  return fix;
}

Finding begun(const Route& route) {
  Finding finding;
  finding.code = "nginx.timeout-order";
  finding.confidence = Confidence::likely;
  finding.when = When::under_load;
  finding.about = {location_node(route)};
  return finding;
}

/// The load balancer has hung up by the time that nginx would give up.
void judge_balancer(const Deployment& host, const Route& route, const Limit& nginx,
                    const Limit& idle, const Limit& app, Outcome& out) {
  Finding finding = begun(route);
  finding.title =
      fmt::format("the load balancer gives up after {}, nginx waits {} for the application",
                  duration_text(idle.ms), duration_text(nginx.ms));
  finding.detail =
      "A request that takes longer gets a 504 of the load balancer's, nginx logs 499, and the "
      "application works on for nobody.";
  finding.evidence = {idle.from, nginx.from};
  const long long below = idle.ms / 1000 - kApart_s;
  if (app.ms == 0 || app.ms < 1000 * below) {
    if (below > 0)
      finding.fixes.push_back(at_nginx(
          host, route, below, ", less than the load balancer: a late answer is of no use"));
  } else {
    finding.evidence.push_back(app.from);
  }
  finding.fixes.push_back(at_balancer(host, route, nginx.ms / 1000 + kApart_s));
  out.report(std::move(finding));
}

/// nginx has given up by the time that the application would be stopped.
void judge_app(const Deployment& host, const Route& route, const Limit& nginx, const Limit& idle,
               const Limit& limit, const AppServer& app, Outcome& out) {
  Finding finding = begun(route);
  finding.title = fmt::format("nginx gives up after {}, gunicorn lets a request take {}",
                              duration_text(nginx.ms), duration_text(limit.ms));
  finding.detail =
      "A request that takes longer gets a 504 of nginx's, and its worker is busy with it for the "
      "rest of that time.";
  finding.evidence = {nginx.from, limit.from};
  const long long above = limit.ms / 1000 + kApart_s;
  if (idle.ms == 0 || idle.ms > 1000 * above) {
    finding.fixes.push_back(
        at_nginx(host, route, above, ", longer than gunicorn lets a request take"));
  } else {
    finding.evidence.push_back(idle.from);
  }
  const long long nginx_s = nginx.ms / 1000;
  const long long below = nginx_s > 2 * kApart_s ? nginx_s - kApart_s : nginx_s - 1;
  if (below > 0) {
    Fix fix = set_gunicorn(host, app, {"timeout", "--timeout", "-t"}, app.gunicorn.timeout_s,
                           static_cast<int>(below));
    fix.summary =
        fmt::format("let gunicorn stop a request after {} s, before nginx gives up", below);
    finding.fixes.push_back(std::move(fix));
  }
  out.report(std::move(finding));
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Limit nginx = of_nginx(route);
  if (nginx.ms == 0) return;
  const Limit idle = of_balancer(host, route);
  Limit limit;
  const AppServer* app = with_limit(host, route, limit);
  if (idle.ms > 0 && idle.ms < nginx.ms)
    return judge_balancer(host, route, nginx, idle, limit, out);
  if (app != nullptr && nginx.ms < limit.ms) judge_app(host, route, nginx, idle, limit, *app, out);
}

}  // namespace

HOPCHECK_CHECK(nginx_timeouts) {
  std::vector<const Route*> passed;
  std::set<std::string> known;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    const bool http = route->action.kind == nginx::Action::Kind::proxy_pass;
    if (http && route->instance != nullptr && known.insert(location_node(*route)).second)
      passed.push_back(route);
  }
  if (passed.empty()) return out.not_applicable("nginx passes no request on over HTTP");
  if (host.files_only()) return out.not_applicable("applications run on a live host only");
  out.each(passed, [&](const Route* route) { judge(host, *route, out); });
}
