// An application server runs where one is needed.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/ini.h"
#include "hopcheck/traceback.h"

using namespace hopcheck;

namespace {

bool any_member_served(const Deployment& host, const Route& route) {
  return std::any_of(route.endpoints.begin(), route.endpoints.end(), [&](const Endpoint& endpoint) {
    return host.listener_of(endpoint) != nullptr;
  });
}

bool has_unit(const Deployment& host, const Route& route) {
  if (!host.units().seen() && host.units().unseen().why == Unseen::Why::not_installed) return false;
  return *host.unit_behind(route) != nullptr;
}

/// The program of supervisor that names this endpoint, else the only one that names a server.
const SupervisorProgram* supervised(const Deployment& host, const Endpoint& endpoint) {
  const SupervisorProgram* likely = nullptr;
  int servers = 0;
  for (const auto& program : host.supervisor_programs().seen_items()) {
    const std::string& command = program.command.value;
    if (command.find(endpoint.member.text()) != std::string::npos) return &program;
    for (const char* server : {"gunicorn", "uwsgi", "uvicorn", "waitress", "hypercorn", "flask"}) {
      if (command.find(server) == std::string::npos) continue;
      likely = &program;
      ++servers;
      break;
    }
  }
  return servers == 1 ? likely : nullptr;
}

/// What the program said last: the exception, and the user's own line that it rose from.
void add_log(const Deployment& host, const SupervisorProgram& program, Finding& finding, Fix& fix) {
  const auto lines = supervisor_log(host, program);
  if (!lines.seen()) return;
  const std::size_t telling = telling_line(*lines);
  if (telling == lines->size()) return;
  const std::string& reason = (*lines)[telling];
  finding.evidence.push_back(cite_log("supervisorctl tail " + program.name + " stderr", reason));
  finding.title += ": " + reason;
  const auto frame = own_frame(*lines);
  if (!frame) return;
  finding.title += fmt::format(" ({}:{})", frame->file, frame->line);
  finding.evidence.push_back(cite(*frame));
  fix.on = On::repo;
  fix.summary = fmt::format("mend {}:{}, then start it", frame->file, frame->line);
}

void blame_supervisor(const Deployment& host, const SupervisorProgram& program, Finding& finding) {
  const auto& processes = host.processes()->seen_items();
  const bool runs = std::any_of(processes.begin(), processes.end(), [](const Process& process) {
    return process.name == "supervisord" || process.name == "supervisor";
  });
  finding.evidence.push_back(program.command.from);
  Fix fix;
  if (runs) {
    finding.detail =
        fmt::format("supervisor is told to run it as program {}, and does not.", program.name);
    fix.summary = "start it";
    fix.commands = {"supervisorctl start " + shell_quote(program.name)};
    add_log(host, program, finding, fix);
  } else {
    finding.detail = fmt::format(
        "supervisor is told to run it as program {}, and supervisor itself does not run.",
        program.name);
    fix.summary = "start supervisor, now and at every boot";
    fix.commands = {"systemctl enable --now supervisor"};
  }
  finding.fixes = {std::move(fix)};
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Endpoint& endpoint = route.endpoints.front();
  if (!*host.is_local(endpoint) || any_member_served(host, route)) return;
  // Where a unit is meant to run it, the unit's own finding says why it does not.
  if (has_unit(host, route) || *host.looks_meant(endpoint)) return;
  const bool none_at_all = host.app_servers()->empty();
  Finding finding;
  finding.code = "app.not-running";
  finding.title = fmt::format("the application behind {} does not run", endpoint.member.text());
  finding.detail =
      none_at_all
          ? "No gunicorn, uWSGI or other application server runs here, and no systemd unit is "
            "written to start one."
          : "The application servers that run here listen elsewhere.";
  finding.about = {endpoint.node()};
  finding.evidence = {cite_no_listener(endpoint.member.text())};
  if (none_at_all) {
    finding.evidence.push_back(
        {EvidenceKind::kernel, "process table", 0, "no application server runs", false});
  }
  if (route.instance != nullptr) finding.evidence.push_back(route.action.from);
  Fix fix;
  fix.summary = fmt::format(
      "start the application, bound to {}",
      endpoint.member.is_unix() ? "unix:" + endpoint.member.path : endpoint.member.text());
  finding.fixes = {std::move(fix)};
  if (const auto* program = supervised(host, endpoint)) blame_supervisor(host, *program, finding);
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(app_running) {
  if (out.none(host.proxied())) return out.not_applicable("no route leads to an application");
  if (host.files_only()) return out.not_applicable("processes exist on a live host only");
  out.each(host.proxied().seen_items(), [&](const Route* route) { judge(host, *route, out); });
}
