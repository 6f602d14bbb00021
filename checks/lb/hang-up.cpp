// Requests that whoever asked gave up, always after the same time.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/gunicorn.h"
#include "hopcheck/lb_commands.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

constexpr int kGivenUp = 499;
constexpr int kUsualIdleS = 60;             // an AWS load balancer's own default
constexpr std::uint64_t kFewestProbes = 3;  // one slow probe changes nothing at the load balancer

/// The target whose load balancer hangs up after this time; null: none is known to.
const Target* whose_limit(const Deployment& host, const Gathering& at) {
  for (const Target& target : host.targets()) {
    const auto& limit = target.lb.idle_timeout_ms;
    if (limit.value > 0 && lies_at(at, limit.value)) return &target;
  }
  return nullptr;
}

Finding hung_up(const Target& target, const Gathering& at) {
  const auto& limit = target.lb.idle_timeout_ms;
  const std::string waits = duration_text(limit.value);
  Finding finding;
  finding.code = "lb.idle-timeout-below-response";
  finding.confidence = limit.assumed() ? Confidence::possible : Confidence::likely;
  finding.title = fmt::format(
      "{} requests were given up {}: the load balancer waits {} for an answer, {} {} takes longer",
      at.count, at.text(), waits, at.method, at.path);
  finding.evidence = {at.evidence(kGivenUp), cite("idle_timeout", limit, waits)};
  Fix sooner;
  sooner.summary = fmt::format(
      "let {} answer sooner: do the long work in a queue, and answer with where to ask for it",
      at.path);
  sooner.on = On::repo;
  Fix patient;
  const int longer_s = std::max(kUsualIdleS, 2 * limit.value / 1000);
  patient.summary = fmt::format(
      "let the load balancer wait {} s for an answer instead of {} (its idle timeout), and keep "
      "the "
      "application's and nginx's limits below {} s",
      longer_s, waits, longer_s);
  patient.on = On::lb;
  patient.commands = set_idle_timeout(target.lb, longer_s);
  finding.fixes = {std::move(patient), std::move(sooner)};
  return finding;
}

Finding given_up(const Gathering& at) {
  Finding finding;
  finding.code = "nginx.client-abort";
  finding.confidence = Confidence::likely;
  finding.title = fmt::format("{} requests were given up {}, before {} {} had answered", at.count,
                              at.text(), at.method, at.path);
  finding.detail = "A time limit in front of this host does that; people give up at many times.";
  finding.evidence = {at.evidence(kGivenUp)};
  Fix fix;
  fix.summary = "find whose time limit this is, and let the path answer sooner";
  finding.fixes = {std::move(fix)};
  return finding;
}

/// The load balancer's own probes that ended in 499: it left before it was answered.
std::uint64_t given_up(const Prober& prober) {
  std::uint64_t count = 0;
  for (const auto& [status, times] : prober.statuses) {
    if (status == "499") count += times;
  }
  return count;
}

/// When a probe of this path was last given up; 0: the logs do not say.
long long last_given_up(const AccessLog& log, const std::string& path) {
  long long last = 0;
  for (const Failed& failed : log.failed) {
    if (failed.status == kGivenUp && failed.prober && failed.path == path)
      last = std::max(last, failed.seen.last);
  }
  return last;
}

/// Where the probe waits for a worker, a quicker answer of its own does not help it.
void add_workers(const Deployment& host, const Route& route, Finding& finding) {
  for (const auto& endpoint : route.endpoints) {
    const auto app = host.app_behind(endpoint);
    if (!app.seen() || *app == nullptr || (*app)->kind != AppServer::Kind::gunicorn) continue;
    const auto& workers = (*app)->gunicorn.workers;
    if (workers.seen()) finding.evidence.push_back(workers->from);
    return finding.fixes.push_back(more_at_once(host, **app));
  }
}

void judge_probes(const Deployment& host, const Route& route, const AccessLog& log, Outcome& out) {
  const Prober* worst = nullptr;
  for (const Prober& prober : log.probers) {
    if (prober.ours || prober.path != route.request.path) continue;
    if (worst == nullptr || given_up(prober) > given_up(*worst)) worst = &prober;
  }
  if (worst == nullptr || given_up(*worst) < kFewestProbes) return;
  // What an earlier start of the application kept waiting accuses nobody.
  const long long last = last_given_up(log, route.request.path);
  if (last > 0 && last <= *app_started(host, route)) return;
  const auto& limit = route.target->lb.timeout_ms;
  const std::string waits = duration_text(limit.value);
  Finding finding;
  finding.code = "lb.probes-given-up";
  finding.confidence = Confidence::likely;
  finding.when = When::under_load;
  finding.title = fmt::format(
      "the load balancer gave up on {} of its own probes of {} before they "
      "were answered",
      given_up(*worst), route.request.path);
  finding.about = {route.node()};
  finding.evidence = {{EvidenceKind::log, worst->file, 0, worst->text(), true},
                      cite("timeout", limit, waits)};
  Fix shallow;
  shallow.summary =
      fmt::format("let {} answer at once: no database, no waiting", route.request.path);
  shallow.on = On::repo;
  add_workers(host, route, finding);
  finding.fixes.push_back(std::move(shallow));
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(lb_hang_up) {
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  if (host.nginx()->empty()) return out.not_applicable("there is no nginx");
  bool durations = false;
  bool read = false;
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running) return;
    const auto logs = access_logs(host, instance);
    for (const Unseen& missing : logs.missing) out.not_seen(missing);
    read = read || !logs.seen.files.empty();
    durations = durations || logs.seen.durations || logs.seen.failed.empty();
    for (const Route* route : host.requested().seen_items()) {
      if (route->instance == &instance && route->kind == Route::Kind::probe)
        judge_probes(host, *route, logs.seen, out);
    }
    const auto at = gathering(logs.seen, kGivenUp, false);
    if (!at) return;
    const Target* target = whose_limit(host, *at);
    Finding finding = target != nullptr ? hung_up(*target, *at) : given_up(*at);
    finding.about = {"nginx:" + instance.conf_path};
    out.report(std::move(finding));
  });
  if (read && !durations)
    out.not_applicable("no access log says how long requests take ($request_time)");
}
