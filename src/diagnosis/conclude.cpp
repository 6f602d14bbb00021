// Verdict, exit code, chain and routes of a report.
#include <algorithm>

#include "diagnosis/fix_notes.h"
#include "diagnosis/verdict.h"

namespace hopcheck {
namespace {

bool error_now(const JudgedFinding& judged) {
  return judged.page->severity == Severity::error && judged.finding->when == When::now &&
         judged.finding->confidence != Confidence::possible;
}

/// "broken", "degraded" or "" of those findings that count.
std::string verdict_of(const std::vector<JudgedFinding>& findings) {
  std::string verdict;
  for (const auto& judged : findings) {
    if (!judged.counts) continue;
    if (error_now(judged)) return "broken";
    if (judged.page->severity != Severity::info) verdict = "degraded";
  }
  return verdict;
}

/// Why nothing can be said of the probe's route; "" where it was judged.
std::string unknown_reason(const Deployment& host, const std::vector<CheckResult>& checks) {
  if (host.nothing_here()) return "nothing-here";
  for (const auto& check : checks) {
    if (check.status == CheckResult::Status::error) return "check-failed";
  }
  if (!host.requested().complete()) return "not-permitted";
  for (const auto& route : host.routes()) {
    if (route.kind != Route::Kind::probe || judged(host, route)) continue;
    const auto exchange = host.probe(route);
    const auto why = exchange.seen() ? Unseen::Why::denied : exchange.unseen().why;
    return why == Unseen::Why::timed_out ? "timed-out" : "not-permitted";
  }
  return {};
}

std::vector<JudgedFinding> on_route(const Route& route, const std::vector<JudgedFinding>& all) {
  std::vector<JudgedFinding> some;
  for (const auto& judged : all) {
    const auto& about = judged.finding->about;
    if (!about.empty() && route.through(about.front())) some.push_back(judged);
  }
  return some;
}

std::vector<ReportedRoute> routes_of(const Deployment& host, const Judgement& judgement) {
  std::vector<ReportedRoute> routes;
  for (const auto& route : host.routes()) {
    const auto findings = on_route(route, judgement.judged);
    if (!route.requested() && findings.empty()) continue;  // thousands of them may be well
    ReportedRoute entry;
    entry.name = route.name;
    entry.target = route.target != nullptr ? route.target->name : "";
    entry.verdict = verdict_of(findings);
    if (entry.verdict.empty()) entry.verdict = judged(host, route) ? "healthy" : "unknown";
    if (route.requested()) entry.chain = chain_of(host, route, judgement.judged);
    for (const std::size_t root : judgement.roots) {
      const auto& about = judgement.findings[root].about;
      if (!about.empty() && route.through(about.front())) {
        entry.diagnosis.push_back(fingerprint(judgement.findings[root]));
      }
    }
    routes.push_back(std::move(entry));
  }
  return routes;
}

int exit_code(const Judgement& judgement, const RunOptions& options, const Report& report) {
  if (!options.fail_never) {
    for (const auto& judged : judgement.judged) {
      if (judged.counts && judged.page->severity >= options.fail_on &&
          judged.finding->confidence >= options.min_confidence) {
        return 1;
      }
    }
  }
  if (options.fail_never) return 0;
  if (report.verdict_reason == "nothing-here" && options.if_present) return 0;
  if (report.verdict == "unknown") return 3;
  return options.require_complete && !report.complete ? 3 : 0;
}

std::string summary_of(const Report& report) {
  if (!report.diagnosis.empty()) return report.diagnosis.front().finding.title;
  if (report.verdict == "unknown" && report.verdict_reason == "nothing-here") {
    return "no nginx, no application server and no unit of one was found here";
  }
  return report.chain.empty() ? "" : report.chain.front().label;
}

/// The probe's chain, or that of the worst requested route.
const std::vector<ChainHop>* worst_chain(const std::vector<ReportedRoute>& routes) {
  const ReportedRoute* chosen = nullptr;
  for (const auto& route : routes) {
    if (route.chain.empty()) continue;
    if (chosen == nullptr || (chosen->verdict != "broken" && route.verdict == "broken"))
      chosen = &route;
  }
  return chosen == nullptr ? nullptr : &chosen->chain;
}

}  // namespace

void conclude(const Deployment& host, const Judgement& judgement,
              const std::vector<CheckResult>& checks, const RunOptions& options, Report& report) {
  for (const std::size_t root : judgement.roots)
    report.diagnosis.push_back(reported(judgement, root));
  add_fix_notes(host, report.diagnosis);
  for (std::size_t i = 0; i < judgement.findings.size(); ++i) {
    report.findings.push_back(reported(judgement, i));
  }
  report.verdict = verdict_of(judgement.judged);
  if (report.verdict.empty()) {
    report.verdict_reason = unknown_reason(host, checks);
    report.verdict = report.verdict_reason.empty() ? "healthy" : "unknown";
  }
  report.routes = routes_of(host, judgement);
  if (const auto* chain = worst_chain(report.routes)) report.chain = *chain;
  report.summary = summary_of(report);
  report.exit_code = exit_code(judgement, options, report);
}

}  // namespace hopcheck
