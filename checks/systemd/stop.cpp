// Stopping the application leaves its requests the time that they need.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/gunicorn.h"
#include "hopcheck/incidents.h"
#include "hopcheck/mend.h"
#include "hopcheck/uwsgi.h"

using namespace hopcheck;

namespace {

constexpr int kSpareSeconds = 5;

Finding about(const Unit& unit, const char* code) {
  Finding finding;
  finding.code = code;
  finding.when = When::on_restart;
  finding.about = {"unit:" + unit.name};
  return finding;
}

/// A line of the unit, changed or added; it counts from the next stop on.
Fix set_line(const Deployment& host, const Unit& unit, const std::string& name,
             const std::string& value, std::string summary) {
  Fix fix;
  fix.summary = std::move(summary);
  if (auto edit = set_in_unit(host, unit, name, value, "ExecStart")) {
    fix.edits = {std::move(*edit)};
    fix.commands = {"systemctl daemon-reload"};
  }
  return fix;
}

void cite_line(const Unit& unit, const char* name, Finding& finding) {
  if (const auto* setting = unit.setting(name)) finding.evidence.push_back(setting->from);
}

std::vector<Incident> lines(const Deployment& host, const Unit& unit,
                            const std::vector<std::string>& words) {
  return with_words(*incidents(host, unit.name), words);
}

void cite_last(const Unit& unit, const std::vector<Incident>& found, Finding& finding) {
  finding.evidence.push_back(cite_log("journalctl -u " + unit.name, found.back().text));
}

/// uWSGI 2.0 takes SIGTERM for "start anew".
void judge_uwsgi(const Deployment& host, const AppServer& app, const Unit& unit, Outcome& out) {
  const auto* signal = unit.setting("KillSignal");
  if (signal != nullptr && signal->value != "SIGTERM" && signal->value != "15") return;
  if (unit.setting("ExecStop") != nullptr) return;
  const auto* environment = unit.setting("Environment");
  if (environment != nullptr && environment->value.find("UWSGI_") != std::string::npos) return;
  const Fact<bool> reloads = reloads_on_term(host, app);
  if (!*reloads) return;
  Finding finding = about(unit, "uwsgi.sigterm-reloads");
  finding.confidence = Confidence::likely;
  const long long limit = unit.state->stop_timeout_ms;
  finding.title = fmt::format(
      "{} cannot be stopped gently: SIGTERM makes uWSGI start anew, until systemd kills it{}",
      unit.name, limit > 0 ? " after " + duration_text(limit) : "");
  cite_line(unit, "ExecStart", finding);
  if (const auto all = incidents(host, unit.name); all.seen()) {
    const auto forced = with_words(*all, {"timed out. Killing"});
    if (!forced.empty()) cite_last(unit, forced, finding);
  }
  finding.evidence.push_back({EvidenceKind::default_, "systemd's default", 0,
                              "KillSignal=SIGTERM, and no die-on-term for uWSGI", false});
  finding.fixes = {
      set_line(host, unit, "KillSignal", "SIGQUIT", "let systemd send the signal that ends uWSGI")};
  out.report(std::move(finding));
}

/// The longest answer that was waited for on a route to this app; 0 where there was none.
double slowest_ms(const Deployment& host, const AppServer& app, Finding& finding) {
  double slowest = 0;
  for (const Route* route : host.requested().seen_items()) {
    if (!*route->followed) continue;
    const bool ours =
        std::any_of(route->endpoints.begin(), route->endpoints.end(), [&](const auto& end) {
          const auto behind = host.app_behind(end);
          return *behind == &app;
        });
    if (!ours) continue;
    const auto probe = host.probe(*route);
    if (!probe->answered() || probe->status >= 500) continue;
    if (probe->total_ms <= slowest) continue;
    slowest = probe->total_ms;
    finding.evidence = {cite(route->request, *probe)};
  }
  return slowest;
}

/// gunicorn gives requests less time than one of them was just seen to take.
bool judge_graceful(const Deployment& host, const AppServer& app, const Unit& unit, Outcome& out) {
  const Located<int>& graceful = *app.gunicorn.graceful_timeout_s;
  Finding finding = about(unit, "gunicorn.graceful-too-short");
  const double slowest = slowest_ms(host, app, finding);
  if (graceful.from.kind == EvidenceKind::default_ || slowest <= graceful.value * 1000.0)
    return false;
  finding.confidence = Confidence::likely;
  finding.title = fmt::format("a restart cuts requests off after {} s, and one just took {} ms",
                              graceful.value, std::lround(slowest));
  finding.evidence.push_back(graceful.from);
  const int wanted = static_cast<int>(std::ceil(slowest / 1000)) * 2 + kSpareSeconds;
  finding.fixes = {set_gunicorn(host, app, {"graceful_timeout", "--graceful-timeout", ""},
                                app.gunicorn.graceful_timeout_s, wanted)};
  finding.fixes.front().summary =
      fmt::format("give requests {} s to end when the application is stopped", wanted);
  out.report(std::move(finding));
  return true;
}

/// systemd kills what gunicorn still waits for.
void judge_time(const Deployment& host, const AppServer& app, const Unit& unit, Outcome& out) {
  const Located<int>& graceful = *app.gunicorn.graceful_timeout_s;
  const long long stop_ms = unit.state->stop_timeout_ms;
  if (stop_ms <= 0 || stop_ms >= graceful.value * 1000LL) return;
  const auto forced = lines(host, unit, {"timed out. Killing"});
  // Five seconds beside gunicorn's default of thirty stand in its own manual: alone they are a
  // choice, and no contradiction.
  if (forced.empty() && graceful.from.kind == EvidenceKind::default_) return;
  Finding finding = about(unit, "systemd.stop-timeout-kill");
  if (forced.empty()) finding.confidence = Confidence::likely;
  finding.title = fmt::format("a stop kills requests after {}: gunicorn would give them {} s{}",
                              duration_text(stop_ms), graceful.value,
                              forced.empty() ? "" : ", and it did " + ago(forced.back().age_s));
  cite_line(unit, "TimeoutStopSec", finding);
  Evidence given = graceful.from;
  if (given.kind == EvidenceKind::default_) given.text = "graceful_timeout = " + given.text;
  finding.evidence.push_back(given);
  if (!forced.empty()) cite_last(unit, forced, finding);
  const int wanted = graceful.value + kSpareSeconds;
  finding.fixes = {set_line(host, unit, "TimeoutStopSec", fmt::format("{}s", wanted),
                            "let systemd wait longer than gunicorn does")};
  out.report(std::move(finding));
}

/// Processes that a stop leaves behind.
void judge_mode(const Deployment& host, const Unit& unit, Outcome& out) {
  const std::string& mode = unit.state->kill_mode;
  if (mode != "process" && mode != "none") return;
  auto left = lines(host, unit, {"remains running after unit stopped", "left-over process"});
  std::erase_if(left, [](const Incident& one) {
    return one.text.find("(gunicorn") == std::string::npos &&
           one.text.find("(uwsgi") == std::string::npos &&
           one.text.find("(python") == std::string::npos;
  });
  if (left.empty() && mode != "none") return;
  Finding finding = about(unit, "systemd.killmode-leaves-orphans");
  if (left.empty()) finding.confidence = Confidence::likely;
  finding.title =
      fmt::format("a stop of {} leaves processes running: KillMode={}", unit.name, mode);
  cite_line(unit, "KillMode", finding);
  if (!left.empty()) cite_last(unit, left, finding);
  finding.fixes = {set_line(host, unit, "KillMode", "mixed",
                            "let systemd tell the master, and kill what is left in the end")};
  out.report(std::move(finding));
}

void judge(const Deployment& host, const AppServer& app, Outcome& out) {
  const Unit* unit = unit_named(host, app.unit);
  if (unit == nullptr || unit->file.empty())
    throw NotSeen({Unseen::Why::undecidable, "the file of " + app.unit, {}});
  judge_mode(host, *unit, out);
  if (app.kind == AppServer::Kind::uwsgi) judge_uwsgi(host, app, *unit, out);
  if (app.kind != AppServer::Kind::gunicorn) return;
  if (!judge_graceful(host, app, *unit, out)) judge_time(host, app, *unit, out);
}

}  // namespace

HOPCHECK_CHECK(systemd_stop) {
  std::vector<const AppServer*> servers;
  out.none(host.requested());
  for (const AppServer& app : *host.app_servers()) {
    const bool known = app.kind == AppServer::Kind::gunicorn || app.kind == AppServer::Kind::uwsgi;
    if (known && app.unit.ends_with(".service") && app.unit != "supervisor.service")
      servers.push_back(&app);
  }
  if (servers.empty()) return out.not_applicable("neither gunicorn nor uWSGI runs here as a unit");
  if (!host.units().seen()) throw NotSeen(host.units().unseen());
  out.each(servers, [&](const AppServer* app) { judge(host, *app, out); });
}
