// An application server runs where one is needed.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/ini.h"
#include "hopcheck/remedy.h"
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

/// The first word of the program's command that is an absolute path.
std::string server_of(const SupervisorProgram& program) {
  const auto begin = program.command.value.find('/');
  if (begin == std::string::npos) return {};
  return program.command.value.substr(begin, program.command.value.find(' ', begin) - begin);
}

/// What the program said last: the exception, and the user's own line that it rose from. To start
/// it again would fail again, so that the fix is what comes before that.
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
  fix.commands.clear();
  const std::string variable = missing_variable(reason, frame);
  if (!variable.empty()) {
    const auto& from = program.command.from;
    fix.summary = fmt::format(
        "after line {} of {} write environment={}=\"...\" (where there is such a line, add it "
        "there, after a comma) with the right value; then supervisorctl update, which starts {}",
        from.line, from.source, variable, program.name);
    return;
  }
  fix.on = On::repo;
  fix.summary = fmt::format("{}; then supervisorctl start {}",
                            remedy_of(reason, frame, server_of(program)), program.name);
}

/// "is FATAL: supervisor gave it up" where its log says so.
void add_state(const Deployment& host, const SupervisorProgram& program, Finding& finding) {
  const auto gave_up = supervisor_gave_up(host, program);
  if (!gave_up.seen() || gave_up->empty()) return;
  finding.detail = fmt::format(
      "supervisor is told to run it as program {}, and gave it up: it ended at every start, and "
      "its state is FATAL. supervisor tries no more by itself, also once the reason is gone.",
      program.name);
  finding.evidence.push_back(cite_log("supervisor's log", *gave_up));
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
    add_state(host, program, finding);
    add_log(host, program, finding, fix);
  } else {
    finding.detail = fmt::format(
        "supervisor is told to run it as program {}, and supervisor itself does not run.",
        program.name);
    fix.summary =
        fmt::format("start supervisor, now and at every boot; it starts {}", program.name);
    fix.commands = {"systemctl enable --now supervisor"};
  }
  finding.fixes = {std::move(fix)};
}

bool is_there(const Deployment& host, const std::string& path) {
  const auto walk = host.walk(path);
  return walk.seen() && walk->whole.seen() && walk->exists();
}

bool is_surely_absent(const Deployment& host, const std::string& path) {
  const auto walk = host.walk(path);
  return walk.seen() && walk->whole.seen() && !walk->exists();
}

/// A unit for an application that used to be started by hand: its socket was left in the folder of
/// its source, and belongs to the user that it ran as.
std::optional<Fix> with_a_unit(const Deployment& host, const Endpoint& endpoint) {
  const std::string& path = endpoint.member.path;
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  const std::string name = folder.substr(folder.rfind('/') + 1);
  const bool plain =
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
  if (!endpoint.member.is_unix() || !plain || name.empty()) return std::nullopt;
  const auto left = host.walk(path);
  if (!left.seen() || !left->whole.seen() || left->last().type != PathStep::Type::socket ||
      left->last().user == "root")
    return std::nullopt;
  const auto apps = applications_in(host, folder);
  const std::string unit = "/etc/systemd/system/" + name + ".service";
  if (!apps.seen() || apps->size() != 1 || !is_surely_absent(host, unit)) return std::nullopt;
  std::string gunicorn;
  for (const auto& program : {folder + "/venv/bin/gunicorn", folder + "/.venv/bin/gunicorn",
                              std::string("/usr/bin/gunicorn")}) {
    if (gunicorn.empty() && is_there(host, program)) gunicorn = program;
  }
  if (gunicorn.empty()) return std::nullopt;
  Fix fix;
  fix.summary =
      fmt::format("let systemd run it: a unit for {}, which {}:{} makes", apps->front().value,
                  apps->front().from.source, apps->front().from.line);
  fix.edits = {{unit, 0, "",
                fmt::format("[Unit]\nDescription={}\nAfter=network.target\n\n[Service]\nUser={}\n"
                            "WorkingDirectory={}\nExecStart={} --workers 2 --bind unix:{} {}\n"
                            "Restart=on-failure\n\n[Install]\nWantedBy=multi-user.target",
                            name, left->last().user, folder, gunicorn, path, apps->front().value)}};
  fix.commands = {"systemctl daemon-reload && systemctl enable --now " + name + ".service"};
  return fix;
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
  if (auto unit = none_at_all ? with_a_unit(host, endpoint) : std::nullopt) fix = std::move(*unit);
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
