// Processes on the way have descriptors left.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/limits.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

constexpr int kEnough = 65536;

bool runs_out(const OpenFiles& process) {
  // Nine tenths; a handful is left to every process until it uses it.
  return process.used * 10 >= process.limit * 9;
}

bool holds(const std::vector<int>& pids, int pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

Finding start(const OpenFiles& process, const std::string& who, const std::string& node) {
  Finding finding;
  finding.code = "host.descriptors-used-up";
  // One or two are taken for a moment only, when the limit is reached.
  const bool none_left = process.limit - process.used <= 1;
  finding.when = none_left ? When::now : When::under_load;
  finding.title = fmt::format("{} (pid {}) has {} of {} descriptors in use", who, process.pid,
                              process.used, process.limit);
  finding.detail =
      "Every connection and every open file takes one; without one nothing is accepted.";
  finding.about = {node};
  finding.evidence = {{EvidenceKind::kernel, fmt::format("/proc/{}/fd", process.pid), 0,
                       fmt::format("{} open; Max open files {}", process.used, process.limit),
                       false}};
  return finding;
}

Fix for_nginx(const Deployment& host, const nginx::Instance& instance, Finding& finding) {
  Fix fix;
  fix.summary = "let nginx's workers open more files";
  std::optional<Edit> edit;
  for (const auto& top : instance.config->top()) {
    const Evidence at = top.evidence();
    if (top.name() == "worker_rlimit_nofile") {
      finding.evidence.push_back(at);
      edit = replaced(host, at, at.text, fmt::format("worker_rlimit_nofile {};", kEnough));
      break;
    }
    if (top.name() == "worker_processes" && !edit)
      edit = line_after(host, at, fmt::format("worker_rlimit_nofile {};", kEnough));
  }
  if (!edit) return fix;
  fix.edits = {*edit};
  fix.commands = {instance.load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Fix for_app(const Deployment& host, const AppServer& app, Finding& finding) {
  Fix fix;
  fix.summary = "let it open more files, and look for those that it never closes";
  const Unit* unit = unit_named(host, app.unit);
  if (unit == nullptr) return fix;
  if (const auto* set = unit->setting("LimitNOFILE")) finding.evidence.push_back(set->from);
  const auto edit = set_in_unit(host, *unit, "LimitNOFILE", std::to_string(kEnough), "ExecStart");
  if (edit) fix.edits = {*edit};
  fix.commands = {restart_with_new_file(app.unit)};
  fix.interrupts = Interrupts::restart;
  return fix;
}

void judge(const Deployment& host, const OpenFiles& process, Outcome& out) {
  for (const nginx::Instance& instance : *host.nginx()) {
    if (process.pid != instance.master && !holds(instance.workers, process.pid)) continue;
    Finding finding = start(process, "nginx's worker", "nginx:" + instance.conf_path);
    finding.fixes = {for_nginx(host, instance, finding)};
    return out.report(std::move(finding));
  }
  for (const AppServer& app : *host.app_servers()) {
    if (!holds(app.pids, process.pid) || app.kind == AppServer::Kind::other) continue;
    Finding finding =
        start(process, app.text(),
              app.unit.empty() ? "pid:" + std::to_string(app.pid) : "unit:" + app.unit);
    finding.fixes = {for_app(host, app, finding)};
    return out.report(std::move(finding));
  }
}

}  // namespace

HOPCHECK_CHECK(host_descriptors) {
  if (host.files_only()) return out.not_applicable("processes exist on a live host only");
  if (host.nginx()->empty() && host.app_servers()->empty())
    return out.not_applicable("neither nginx nor an application runs here");
  const auto processes = open_files(host);
  out.none(*processes);
  std::vector<OpenFiles> short_of;
  for (const OpenFiles& process : processes->seen_items()) {
    if (runs_out(process)) short_of.push_back(process);
  }
  out.each(short_of, [&](const OpenFiles& process) { judge(host, process, out); });
}
