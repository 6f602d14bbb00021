// The kernel has not killed what serves the site for want of memory.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"
#include "hopcheck/oom.h"

using namespace hopcheck;

namespace {

/// The server that the killed process was of; null: of none that is known.
const AppServer* server_of(const Deployment& host, const OomKill& kill) {
  for (const AppServer& app : *host.app_servers()) {
    if (app.kind != AppServer::Kind::other && !app.unit.empty() && app.unit == kill.unit)
      return &app;
  }
  return nullptr;
}

/// A unit of the way whose service was killed and does not run, or runs again.
const Unit* unit_of(const Deployment& host, const OomKill& kill) {
  return kill.unit.empty() ? nullptr : unit_named(host, kill.unit);
}

/// Nobody serves what this unit should: it is down since.
bool is_down(const Unit& unit) {
  const auto* state = unit.state.if_seen();
  return state != nullptr && (state->is_failing() || state->active == "inactive");
}

/// Fewer workers where they were told; else what a person has to weigh.
Fix need_less(const Deployment& host, const AppServer* app, const Unit& unit) {
  Fix fix;
  fix.summary = "give the machine more memory or swap, or let the application need less";
  const auto* workers = app == nullptr ? nullptr : app->gunicorn.workers.if_seen();
  if (workers != nullptr && workers->value > 1) {
    const auto* start = unit.setting("ExecStart");
    // What the process shows of its command line is written in its unit.
    const Evidence& at =
        workers->from.kind == EvidenceKind::file || start == nullptr ? workers->from : start->from;
    const std::string fewer = std::to_string(std::max(1, workers->value / 2));
    const std::string now = std::to_string(workers->value);
    for (const char* form : {"--workers ", "--workers=", "-w ", "workers = ", "workers="}) {
      const auto edit = replaced(host, at, form + now, form + fewer);
      if (!edit) continue;
      fix.summary =
          fmt::format("start {} workers instead of {}, each takes its own memory", fewer, now);
      fix.edits = {*edit};
      break;
    }
  }
  if (!fix.edits.empty() || is_down(unit)) fix.commands = {restart_with_new_file(unit.name)};
  fix.interrupts = fix.commands.empty() ? Interrupts::nothing : Interrupts::restart;
  return fix;
}

/// The limit of the unit's group, doubled.
Fix raise_limit(const Deployment& host, const Unit& unit, Finding& finding) {
  const auto* limit = unit.setting("MemoryMax");
  Fix fix;
  fix.summary = fmt::format("raise MemoryMax= of {}, or let the application need less", unit.name);
  if (limit == nullptr || limit->value.empty()) return fix;
  finding.evidence.push_back(limit->from);
  const auto digits = limit->value.find_first_not_of("0123456789");
  if (digits == 0 || limit->value.size() > 12) return fix;
  const std::string unit_letter = digits == std::string::npos ? "" : limit->value.substr(digits);
  if (unit_letter.size() > 1) return fix;
  const std::string twice =
      std::to_string(2 * std::stoll(limit->value.substr(0, digits))) + unit_letter;
  const auto edit = set_in_unit(host, unit, "MemoryMax", twice, "ExecStart");
  if (!edit) return fix;
  fix.summary = fmt::format("raise the limit to {}, where the machine has that much", twice);
  fix.edits = {*edit};
  fix.commands = {restart_with_new_file(unit.name)};
  fix.interrupts = Interrupts::restart;
  return fix;
}

struct Killed {
  const Unit* unit{nullptr};
  std::vector<OomKill> kills{};
};

void report(const Deployment& host, const Killed& killed, Outcome& out) {
  const OomKill& last = killed.kills.back();
  const bool down = is_down(*killed.unit);
  Finding finding;
  finding.code = last.group_limit ? "systemd.memory-limit" : "host.oom-kill";
  finding.when = down ? When::now : When::under_load;
  const std::string often = killed.kills.size() == 1
                                ? ""
                                : fmt::format(", the last of {} in an hour", killed.kills.size());
  finding.title = fmt::format(
      "the kernel killed {} (pid {}) of {}: {}{}", last.process, last.pid, last.unit,
      last.group_limit ? "its unit's memory limit was reached" : "the machine was out of memory",
      often);
  finding.about = {"unit:" + killed.unit->name};
  finding.evidence = {cite_log("journalctl -k", last.line.substr(0, 240))};
  if (down) finding.evidence.push_back(cite(*killed.unit, *killed.unit->state));
  finding.fixes = {last.group_limit ? raise_limit(host, *killed.unit, finding)
                                    : need_less(host, server_of(host, last), *killed.unit)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(host_memory) {
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  if (host.nothing_here()) return out.not_applicable("nothing here serves a site");
  out.none(*host.units());
  const auto kills = oom_kills(host);
  std::vector<Killed> all;
  for (const OomKill& kill : *kills) {
    const Unit* unit = unit_of(host, kill);
    if (unit == nullptr) continue;
    auto known = std::find_if(all.begin(), all.end(),
                              [&](const Killed& other) { return other.unit == unit; });
    if (known == all.end()) known = all.insert(all.end(), {unit, {}});
    known->kills.push_back(kill);
  }
  out.each(all, [&](const Killed& killed) { report(host, killed, out); });
}
