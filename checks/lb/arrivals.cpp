// The load balancer's own requests are in the access log.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

constexpr long long kIntervals = 10;
constexpr long long kShortest_s = 300;
constexpr long long kFresh_s = 120;  // the log's last line is at least as new as our own probe

/// "ELB-HealthChecker" of "ELB-HealthChecker/2.0": versions change.
std::string product(const std::string& agent) {
  return agent.substr(0, agent.find('/'));
}

/// Our own probe, which says that this path is logged and the log is being written.
const Prober* own_probe(const AccessLog& log, const Route& route) {
  const Prober* own = nullptr;
  for (const Prober& prober : log.probers) {
    const bool same = prober.ours && prober.agent == route.target->lb.user_agent &&
                      prober.path == route.request.path;
    if (same && log.last - prober.seen.last <= kFresh_s) own = &prober;
  }
  return own;
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const LbSettings& lb = route.target->lb;
  if (!(*host.probe(route)).answered()) return;
  const auto logs = access_logs(host, *route.instance);
  for (const Unseen& missing : logs.missing) out.not_seen(missing);
  if (!logs.missing.empty()) return;
  const AccessLog& log = logs.seen;
  const std::string name = product(lb.user_agent);
  const bool arrives = std::any_of(
      log.probers.begin(), log.probers.end(),
      [&](const Prober& prober) { return !prober.ours && product(prober.agent) == name; });
  if (arrives) return;
  const Prober* own = own_probe(log, route);
  const long long window = log.last - log.first;
  if (own == nullptr || window < std::max(kShortest_s, kIntervals * lb.interval_ms.value / 1000))
    return out.not_applicable("the access log does not reach back far enough to miss probes in it");
  Finding finding;
  finding.code = "lb.no-probe-arrives";
  finding.confidence = Confidence::possible;
  finding.title = fmt::format(
      "no request of {} is in the access log of the last {} min: its probes "
      "do not reach nginx, or this host is not among its targets",
      name, window / 60);
  finding.detail = fmt::format("hopcheck's own {} {} with the same User-Agent is in it.",
                               route.request.method, route.request.path);
  finding.about = {route.node()};
  finding.evidence = {{EvidenceKind::log, own->file, 0, own->text() + " (hopcheck itself)", true},
                      cite("profile", lb.profile, lb.profile.value)};
  Fix fix;
  fix.summary =
      "ask the load balancer whether this host is its target and what it sees; where nothing "
      "arrives, let its addresses in at the cloud's firewall (the instance's security group)";
  fix.on = On::lb;
  if (lb.profile.value == "aws-alb" || lb.profile.value == "aws-nlb")
    fix.commands = {"aws elbv2 describe-target-health --target-group-arn ARN"};
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(lb_arrivals) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> probes;
  for (const Route* route : host.requested().seen_items()) {
    const bool tells = route->kind == Route::Kind::probe && route->instance != nullptr &&
                       route->request.scheme != "tcp" && !route->target->lb.profile.assumed() &&
                       !route->target->lb.user_agent.empty();
    if (tells) probes.push_back(route);
  }
  if (probes.empty())
    return out.not_applicable("it is not known how the load balancer's probes look in a log");
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  out.each(probes, [&](const Route* route) { judge(host, *route, out); });
}
