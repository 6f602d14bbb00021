// No development server serves the site, and nobody can reach its debugger.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/mend.h"
#include "hopcheck/traceback.h"

using namespace hopcheck;

namespace {

/// The endpoint on a route that this server holds; null: it serves none.
const Endpoint* served_by(const Deployment& host, const AppServer& app) {
  return host.endpoints().find(
      [&](const Endpoint& endpoint) { return *host.app_behind(endpoint) == &app; });
}

/// A Python program that is no server known by name tells who it is in its answers.
const Exchange* werkzeug_answer(const Deployment& host, const Endpoint& endpoint,
                                Fact<Exchange>& answer) {
  for (const Route* route : host.routes_through(endpoint.node())) {
    if (!route->requested()) continue;
    answer = route->instance == nullptr ? host.probe(*route) : host.direct(*route, endpoint);
    const Exchange& exchange = *answer;
    return exchange.header("Server").rfind("Werkzeug", 0) == 0 ? &exchange : nullptr;
  }
  return nullptr;
}

const Process* process_of(const Deployment& host, const AppServer& app) {
  const auto* processes = host.processes().if_seen();
  if (processes == nullptr) return nullptr;
  for (const Process& process : processes->seen_items()) {
    if (process.pid == app.pid) return &process;
  }
  return nullptr;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + shell_quote(word);
  return text;
}

Evidence command_line(const Deployment& host, const AppServer& app) {
  const Process* process = process_of(host, app);
  return {EvidenceKind::kernel, fmt::format("/proc/{}/cmdline", app.pid), 0,
          process == nullptr ? app.text() : joined(process->argv), false};
}

/// "/opt/shop/venv/bin/gunicorn" beside "/opt/shop/venv/bin/flask".
std::string gunicorn_beside(const Unit& unit) {
  const auto* start = unit.setting("ExecStart");
  if (start == nullptr || start->value[0] != '/') return {};
  const std::string program = start->value.substr(0, start->value.find(' '));
  const auto slash = program.rfind("/bin/");
  return slash == std::string::npos ? "" : program.substr(0, slash) + "/bin/gunicorn";
}

/// The unit starts gunicorn with the same application, on the same place.
std::optional<Fix> serve_with_gunicorn(const Deployment& host, const AppServer& app) {
  const Unit* unit = unit_named(host, app.unit);
  if (unit == nullptr || app.listeners.size() != 1) return std::nullopt;
  const std::string gunicorn = gunicorn_beside(*unit);
  if (gunicorn.empty()) return std::nullopt;
  const auto there = host.walk(gunicorn);
  if (!there.seen() || !there->whole.seen() || !there->exists()) return std::nullopt;
  const auto source = flask_source(host, app);
  if (!source.seen() || source->apps.size() != 1) return std::nullopt;
  std::string command = gunicorn + " --workers 2 --threads 4 --bind " + app.listeners[0].text();
  const auto* folder = unit->setting("WorkingDirectory");
  if (folder == nullptr || folder->value != source->folder) command += " --chdir " + source->folder;
  command += " " + source->apps[0].value;
  const auto edit = set_in_unit(host, *unit, "ExecStart", command, "");
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = "serve it with gunicorn";
  fix.edits = {*edit};
  fix.commands = {restart_with_new_file(unit->name)};
  fix.interrupts = Interrupts::restart;
  return fix;
}

Fix in_words() {
  Fix fix;
  fix.summary = "serve it with gunicorn or uWSGI, started by a systemd unit";
  fix.interrupts = Interrupts::restart;
  return fix;
}

/// What switches the debugger on, and the edit that switches it off.
struct Debug {
  Evidence from{};
  std::optional<Edit> off{};
  Confidence confidence{Confidence::likely};
};

std::optional<Edit> in_the_unit(const Deployment& host, const AppServer& app, const char* setting,
                                const std::string& from, const std::string& to) {
  const Unit* unit = unit_named(host, app.unit);
  const auto* line = unit == nullptr ? nullptr : unit->setting(setting);
  return line == nullptr ? std::nullopt : replaced(host, line->from, from, to);
}

std::optional<Debug> told_by_environment(const Deployment& host, const AppServer& app) {
  const Process* process = process_of(host, app);
  if (process == nullptr || !process->environment.seen()) return std::nullopt;
  const auto& environment = *process->environment;
  const auto flag = environment.find("FLASK_DEBUG");
  // As Flask reads it: everything but these is a yes.
  const bool off = flag == environment.end() || flag->second.empty() || flag->second == "0" ||
                   flag->second == "false" || flag->second == "False" || flag->second == "no";
  if (off) return std::nullopt;
  const std::string text = "FLASK_DEBUG=" + flag->second;
  return Debug{{EvidenceKind::kernel, fmt::format("/proc/{}/environ", app.pid), 0, text, false},
               in_the_unit(host, app, "Environment", text, "FLASK_DEBUG=0"),
               Confidence::likely};
}

std::optional<Debug> told_by_arguments(const Deployment& host, const AppServer& app) {
  const Process* process = process_of(host, app);
  if (process == nullptr || app.kind != AppServer::Kind::flask) return std::nullopt;
  const auto& argv = process->argv;
  const auto has = [&](const char* word) {
    return std::find(argv.begin(), argv.end(), word) != argv.end();
  };
  if (!has("--debug") || has("--no-debugger")) return std::nullopt;
  return Debug{command_line(host, app), in_the_unit(host, app, "ExecStart", " --debug", ""),
               Confidence::certain};
}

std::optional<Debug> told_by_source(const Deployment& host, const AppServer& app) {
  if (app.kind != AppServer::Kind::other) return std::nullopt;
  const auto source = flask_source(host, app);
  if (!source.seen()) return std::nullopt;
  for (const auto& run : source->runs) {
    if (run.debug)
      return Debug{run.from, replaced(host, run.from, "debug=True", "debug=False"),
                   Confidence::likely};
  }
  return std::nullopt;
}

/// The development server says so itself at its start.
std::optional<Evidence> said_in_journal(const Deployment& host, const AppServer& app) {
  if (app.unit.empty()) return std::nullopt;
  const auto journal = host.journal(app.unit);
  if (!journal.seen()) return std::nullopt;
  for (const auto& line : last_run(*journal)) {
    if (line.find("Debugger is active!") != std::string::npos)
      return cite_log("journalctl -u " + app.unit, line);
  }
  return std::nullopt;
}

void judge_debugger(const Deployment& host, const AppServer& app, const Endpoint& endpoint,
                    const std::optional<Fix>& gunicorn, Outcome& out) {
  auto debug = told_by_arguments(host, app);
  if (!debug) debug = told_by_environment(host, app);
  if (!debug) debug = told_by_source(host, app);
  const auto said = said_in_journal(host, app);
  if (!debug && !said) return;
  Finding finding;
  finding.code = "app.debugger-exposed";
  finding.when = When::if_attacked;
  finding.confidence = said ? Confidence::certain : debug->confidence;
  finding.title = fmt::format("{} serves the site with Werkzeug's debugger on", app.text());
  finding.detail =
      "Whoever makes a page fail gets a console that runs Python on this host; only a PIN of nine "
      "digits keeps them from it.";
  finding.about = {endpoint.node()};
  if (debug) finding.evidence.push_back(debug->from);
  if (said) finding.evidence.push_back(*said);
  for (const Listener& listener : app.listeners) finding.evidence.push_back(cite(listener));
  if (debug && debug->off && !app.unit.empty()) {
    Fix off;
    off.summary = "switch the debugger off";
    off.edits = {*debug->off};
    off.commands = {restart_with_new_file(app.unit)};
    off.interrupts = Interrupts::restart;
    finding.fixes.push_back(std::move(off));
  }
  if (gunicorn) finding.fixes.push_back(*gunicorn);
  if (finding.fixes.empty()) finding.fixes.push_back(in_words());
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(app_development_server) {
  if (host.app_servers()->empty()) return out.not_applicable("no application server runs here");
  out.each(*host.app_servers(), [&](const AppServer& app) {
    const bool surely = app.kind == AppServer::Kind::flask;
    if (!surely && app.kind != AppServer::Kind::other) return;
    const Endpoint* endpoint = served_by(host, app);
    if (endpoint == nullptr) return;
    Fact<Exchange> answer;
    const Exchange* werkzeug = surely ? nullptr : werkzeug_answer(host, *endpoint, answer);
    if (!surely && werkzeug == nullptr) return;
    const auto gunicorn = serve_with_gunicorn(host, app);
    judge_debugger(host, app, *endpoint, gunicorn, out);
    Finding finding;
    finding.code = "app.dev-server-in-production";
    finding.when = When::under_load;
    finding.title = fmt::format(
        "{} is Flask's development server, and it serves the site: one process, no "
        "timeouts, and its debugger is one setting away",
        app.text());
    finding.about = {endpoint->node()};
    finding.evidence = {command_line(host, app)};
    for (const Listener& listener : app.listeners) finding.evidence.push_back(cite(listener));
    if (werkzeug != nullptr) {
      finding.evidence.push_back({EvidenceKind::probe, "GET " + endpoint->member.text(), 0,
                                  "Server: " + werkzeug->header("Server"), true});
    }
    finding.fixes = {gunicorn ? *gunicorn : in_words()};
    out.report(std::move(finding));
  });
}
