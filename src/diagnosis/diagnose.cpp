// A whole run: facts, checks, causes, report.
#include "diagnosis/diagnose.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>

#include "diagnosis/next.h"
#include "diagnosis/runner.h"
#include "diagnosis/verdict.h"
#include "host/tables.h"
#include "model/settings_text.h"

namespace hopcheck {
namespace {

bool selected(const std::string& id, const RunOptions& options) {
  const auto matches = [&](const std::string& glob) { return glob_matches(glob, id); };
  if (std::any_of(options.skip_globs.begin(), options.skip_globs.end(), matches)) return false;
  return options.check_globs.empty() ||
         std::any_of(options.check_globs.begin(), options.check_globs.end(), matches);
}

std::vector<CheckResult> run_checks(const Deployment& host, const RunOptions& options,
                                    const Progress& progress) {
  std::vector<CheckResult> results;
  const auto& pages = all_pages();
  std::size_t i = 0;
  for (const auto& check : registered_checks()) {
    const CheckPage& page = pages[i++];
    if (selected(page.id, options)) {
      if (progress) progress(page.title);
      results.push_back(run_check(check, page, host));
      continue;
    }
    CheckResult left_out;
    left_out.id = page.id;
    left_out.status = CheckResult::Status::skip;
    left_out.reason = "not run: left out by --check or --skip";
    results.push_back(std::move(left_out));
  }
  return results;
}

/// A recording brings its own settings; only flags given now are stronger.
std::vector<Target> effective_targets(Recorder& recorder, const RunOptions& options) {
  std::vector<Target> targets = options.targets;
  if (options.scope == "bundle") {
    const Answer recorded = recorder.ask(ask::settings());
    if (recorded.status == Answer::Status::present) {
      targets = with_flags(decode_settings(recorded.text), options.targets);
    }
  } else {
    recorder.keep(ask::settings(), Answer::present(encode_settings(targets)));
  }
  return targets;
}

void add_host(Recorder& recorder, Report& report) {
  const Answer answer = recorder.ask(ask::identity());
  if (answer.status != Answer::Status::present) return;
  const Identity identity = decode_identity(answer.text);
  report.host.name = identity.name;
  report.host.os = identity.os;
  report.host.kernel = identity.kernel;
  report.host.user = identity.user;
  report.host.privileged = identity.privileged;
}

void add_unseen(const std::vector<CheckResult>& checks, Report& report) {
  for (const auto& check : checks) {
    const CheckPage* page = nullptr;
    for (const auto& candidate : all_pages()) {
      if (candidate.id == check.id) page = &candidate;
    }
    for (const auto& unseen : check.unseen) {
      if (unseen.why == Unseen::Why::out_of_scope || unseen.why == Unseen::Why::not_installed)
        continue;
      const auto known =
          std::find_if(report.unseen.begin(), report.unseen.end(),
                       [&](const ReportedUnseen& u) { return u.what == unseen.what; });
      auto& entry = known != report.unseen.end()
                        ? *known
                        : report.unseen.emplace_back(
                              ReportedUnseen{unseen.what, why_name(unseen.why), unseen.needs, {}});
      const std::string hop = page->codes.front().hop;
      if (std::find(entry.hops.begin(), entry.hops.end(), hop) == entry.hops.end()) {
        entry.hops.push_back(hop);
      }
    }
  }
  report.complete = report.unseen.empty();
}

void add_requests(Recorder& recorder, Report& report) {
  for (const auto& timing : recorder.timings()) {
    const bool sample = timing.key.rfind("sample ", 0) == 0;
    if (!sample && timing.key.rfind("request ", 0) != 0) continue;
    const Question question = parse_question(timing.key);
    const Answer answer = recorder.ask(question);  // from memory
    if (answer.status != Answer::Status::present) continue;
    const Request request = request_of(question);
    if (sample) {
      for (const Measurement& one : decode_sample(answer.text)) {
        report.requests.push_back({request.method, request.url(), request.sent_as, one.status,
                                   std::round(one.total_ms * 10) / 10});
      }
      continue;
    }
    const Exchange exchange = decode_exchange(answer.text);
    report.requests.push_back({request.method, request.url(), request.sent_as, exchange.status,
                               std::round(exchange.total_ms * 10) / 10});
  }
}

/// What a trace of the probe and of the site's URL asks is in the recording as well.
void trace_requested(const Deployment& host) {
  for (const auto& route : host.routes()) {
    if (!route.requested()) continue;
    if (const auto question = question_of(route.request)) trace(host, *question);
    const auto site = parse_url(route.target->site.url.value);
    if (route.kind == Route::Kind::site && site) trace(host, TraceQuestion{*site});
  }
}

void add_checks(const std::vector<CheckResult>& checks, Report& report) {
  for (const auto& check : checks) {
    report.checks.push_back({check.id, status_name(check.status), check.reason, check.duration_ms});
  }
}

}  // namespace

Report diagnose(Recorder& recorder, const RunOptions& options, const Progress& progress) {
  const auto begun = std::chrono::steady_clock::now();
  Report report;
  report.version = HOPCHECK_VERSION;
  report.scope = options.scope;
  report.config_file = options.config_file;
  if (!options.cloud.empty()) recorder.keep(ask::cloud(), Answer::present(options.cloud));
  const Deployment host(recorder, effective_targets(recorder, options), options.since_ms);
  if (progress) progress("asking this host");
  host.collect();
  const auto checks = run_checks(host, options, progress);
  const Answer now = recorder.ask(ask::now());
  if (now.status == Answer::Status::present) {
    report.started_at = utc_text(decode_clock(now.text).now);
  }
  add_host(recorder, report);
  add_unseen(checks, report);
  add_checks(checks, report);
  report.lb = reported_settings(host.targets().front().lb);
  conclude(host, judge(host, checks, options, report.started_at.substr(0, 10)), checks, options,
           report);
  add_requests(recorder, report);
  add_next(host, report);
  report.duration_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  return report;
}

Trace trace_request(Recorder& recorder, const RunOptions& options, const TraceQuestion& question) {
  if (!options.cloud.empty()) recorder.keep(ask::cloud(), Answer::present(options.cloud));
  const Deployment host(recorder, effective_targets(recorder, options), options.since_ms);
  Trace found = trace(host, question);
  found.scope = options.scope;
  return found;
}

Report ask_everything(Recorder& recorder, const RunOptions& options, const Progress& progress) {
  RunOptions all = options;
  all.check_globs.clear();
  all.skip_globs.clear();
  const Report report = diagnose(recorder, all, progress);
  // What a run asks only on a broken host may be wanted of a healthy one, to compare with.
  const Deployment host(recorder, effective_targets(recorder, options));
  for (const auto& route : host.routes()) {
    for (const auto& endpoint : route.endpoints) {
      if (route.requested() && route.instance != nullptr) host.direct(route, endpoint);
    }
  }
  if (const auto* units = host.units().if_seen()) {
    for (const auto& unit : units->seen_items()) host.journal(unit.name);
  }
  host.group_lists("", "");
  trace_requested(host);
  return report;
}

}  // namespace hopcheck
