// The unit that runs the application is up.
#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/mend.h"
#include "hopcheck/remedy.h"
#include "hopcheck/renamed.h"
#include "hopcheck/traceback.h"

using namespace hopcheck;

namespace {

// A journal line longer than this is a dump, not a sentence.
constexpr std::size_t kLineLength = 240;
constexpr std::size_t kLines = 4;

/// Whether connections are accepted on the route's endpoints: by the app, or by systemd, which
/// holds the socket of an activated service whether that starts or not.
enum class Served { no, by_systemd, by_app };
Served served(const Deployment& host, const Route& route) {
  Served best = Served::no;
  for (const auto& endpoint : route.endpoints) {
    const Listener* listener = host.listener_of(endpoint);
    if (listener == nullptr) continue;
    const auto& holders = listener->pids.seen_items();
    best = std::max(
        best, holders.size() == 1 && holders.front() == 1 ? Served::by_systemd : Served::by_app);
  }
  return best;
}

/// The socket unit that starts the service at the first connection; null: there is none.
const Unit* socket_of(const Deployment& host, const Unit& service) {
  const std::string name = service.name.substr(0, service.name.rfind('.')) + ".socket";
  for (const Unit& unit : host.units()->seen_items()) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// The lines of the unit's last start, or all of its journal where that start says nothing.
std::vector<std::string> last_words(const std::vector<std::string>& journal) {
  auto lines = last_run(journal);
  return telling_line(lines) < lines.size() ? lines : journal;
}

std::string add_journal(const Unit& unit, const std::vector<std::string>& lines, Finding& finding) {
  if (lines.empty()) return {};
  const std::size_t telling = telling_line(lines);
  const std::size_t last = std::min(telling, lines.size() - 1);
  const std::size_t first = last + 1 > kLines ? last + 1 - kLines : 0;
  for (std::size_t i = first; i <= last; ++i) {
    finding.evidence.push_back(
        cite_log("journalctl -u " + unit.name, lines[i].substr(0, kLineLength)));
  }
  return telling < lines.size() ? lines[telling].substr(0, kLineLength) : "";
}

void cite_setting(const Unit& unit, const char* name, Finding& finding) {
  if (const auto* setting = unit.setting(name)) finding.evidence.push_back(setting->from);
}

// The statuses with which systemd gives up before the program runs (systemd.exec(5)).
constexpr int kChdir = 200, kExec = 203, kGroup = 216, kUser = 217;

/// The line that systemd could not carry out; else what it runs.
void cite_what_failed(const Unit& unit, int status, Finding& finding) {
  if (status == kChdir) cite_setting(unit, "WorkingDirectory", finding);
  if (status == kGroup) cite_setting(unit, "Group", finding);
  if (status == kUser) cite_setting(unit, "User", finding);
  cite_setting(unit, "ExecStart", finding);
}

std::string start_again(const std::string& unit) {
  const std::string name = shell_quote(unit);
  return "systemctl reset-failed " + name + " && systemctl start " + name;
}

/// The first word of a unit's command that is an absolute path.
std::string program_of(const Unit& unit) {
  const auto* start = unit.setting("ExecStart");
  if (start == nullptr) return {};
  const auto begin = start->value.find('/');
  if (begin == std::string::npos) return {};
  return start->value.substr(begin, start->value.find_first_of(" \t\"'", begin) - begin);
}

/// "shop.py" of "... gunicorn --workers 2 shop:app": what the working directory has to hold.
std::string module_file(const Unit& unit) {
  const auto* start = unit.setting("ExecStart");
  if (start == nullptr) return {};
  const auto colon = start->value.rfind(':');
  const auto blank = start->value.rfind(' ', colon);
  if (colon == std::string::npos || blank == std::string::npos) return {};
  std::string module = start->value.substr(blank + 1, colon - blank - 1);
  module = module.substr(0, module.find('.'));
  const bool plain = !module.empty() && std::all_of(module.begin(), module.end(), [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  return plain ? module + ".py" : "";
}

/// A name in the unit that leads nowhere, where the one that is meant is beside it.
bool mend_name(const Deployment& host, const Unit& unit, int status, Fix& fix) {
  const std::string again = "systemctl daemon-reload && " + start_again(unit.name);
  const char* name = status == kUser ? "User" : "WorkingDirectory";
  if (const auto* set = unit.setting(name);
      set != nullptr && (status == kUser || status == kChdir)) {
    const auto meant = status == kUser ? similar_user(host, set->value)
                                       : renamed_to(host, set->value, module_file(unit));
    if (!meant) return false;
    const auto edit = set_in_unit(host, unit, name, *meant, "ExecStart");
    if (!edit) return false;
    fix.summary = status == kUser
                      ? fmt::format("name the user that exists: {}", *meant)
                      : fmt::format("name the folder that holds {}: {}", module_file(unit), *meant);
    fix.edits = {*edit};
    fix.commands = {again};
    return true;
  }
  const std::string program = program_of(unit);
  const auto bin = program.rfind("/bin/");
  if (status != kExec || bin == std::string::npos) return false;
  const std::string environment = program.substr(0, bin);
  const auto meant = renamed_to(host, environment, program.substr(bin + 1));
  if (!meant) return false;
  // The programs of a virtual environment name its place in their first line.
  fix.summary = fmt::format("let {} lead to {}, which holds {}", environment, *meant,
                            program.substr(bin + 1));
  fix.commands = {"ln -s " + shell_quote(*meant) + " " + shell_quote(environment),
                  start_again(unit.name)};
  return true;
}

/// gunicorn: "Failed to find attribute 'application' in 'shop'." The one application that the
/// module makes is named instead.
bool mend_attribute(const Deployment& host, const Unit& unit, const std::string& reason, Fix& fix) {
  constexpr std::string_view kSaid = "Failed to find attribute '";
  const auto* start = unit.setting("ExecStart");
  const auto* folder = unit.setting("WorkingDirectory");
  const auto begin = reason.find(kSaid);
  if (begin == std::string::npos || start == nullptr || folder == nullptr) return false;
  const auto name = reason.substr(begin + kSaid.size());
  const std::string attribute = name.substr(0, name.find('\''));
  const auto in = name.find("' in '");
  if (in == std::string::npos) return false;
  const std::string module = name.substr(in + 6, name.find('\'', in + 6) - in - 6);
  const auto source = flask_source(host, folder->value, module);
  if (!source.seen() || source->apps.size() != 1) return false;
  const auto edit = replaced(host, start->from, module + ":" + attribute, source->apps[0].value);
  if (!edit) return false;
  fix.summary =
      fmt::format("name the application that {}:{} makes: {}", source->apps[0].from.source,
                  source->apps[0].from.line, source->apps[0].value);
  fix.edits = {*edit};
  fix.commands = {"systemctl daemon-reload && " + start_again(unit.name)};
  return true;
}

/// The path that systemd needs and that is not there; "" where it is there, or was not seen.
std::string missing_path(const Deployment& host, const Unit& unit, int status) {
  const auto* folder = unit.setting("WorkingDirectory");
  if (status == kChdir && folder == nullptr) return {};
  if (status != kChdir && status != kExec) return {};
  const std::string path = status == kChdir ? folder->value : program_of(unit);
  if (!path.starts_with('/')) return {};
  const auto walk = host.walk(path);
  return walk.seen() && walk->whole.seen() && !walk->exists() ? path : "";
}

/// What is to be brought back is the user's to know; what follows is said.
bool name_what_is_missing(const Deployment& host, const Unit& unit, int status, Fix& fix) {
  const std::string path = missing_path(host, unit, status);
  if (path.empty()) return false;
  const auto* setting = unit.setting(status == kChdir ? "WorkingDirectory" : "ExecStart");
  fix.summary = fmt::format(
      "bring {} back and then {}; or name the right path at {}:{}, systemctl "
      "daemon-reload, and the same",
      path, start_again(unit.name), setting->from.source, setting->from.line);
  return true;
}

/// Its value is not known here, so that there is no line to paste.
Fix with_variable(const Unit& unit, const std::string& variable) {
  Fix fix;
  const auto* file = unit.setting("EnvironmentFile");
  const auto* start = unit.setting("ExecStart");
  std::string where;
  if (file != nullptr) {
    where = fmt::format("add {}=... to {} ({}:{})", variable,
                        file->value.substr(file->value.starts_with('-') ? 1 : 0), file->from.source,
                        file->from.line);
  } else if (start != nullptr) {
    where = fmt::format("add Environment={}=... to {}, below line {}", variable, start->from.source,
                        start->from.line);
  } else {
    where = fmt::format("set {} for {}: Environment= in the unit", variable, unit.name);
  }
  fix.summary =
      fmt::format("{}; then systemctl daemon-reload && {}", where, start_again(unit.name));
  return fix;
}

std::string killed_from_outside(const Unit& unit) {
  const auto* restart = unit.setting("Restart");
  return fmt::format(
      "start it again; who killed it stands in the journal's lines above{}",
      restart == nullptr || restart->value == "no"
          ? ", and Restart=on-failure in the unit lets systemd start it again by itself"
          : "");
}

Fix fix_of_failed(const Deployment& host, const Unit& unit, const UnitState& state,
                  const std::optional<OwnFrame>& frame, const std::string& reason) {
  Fix fix;
  if (mend_name(host, unit, state.exit_status, fix)) return fix;
  if (mend_attribute(host, unit, reason, fix)) return fix;
  if (name_what_is_missing(host, unit, state.exit_status, fix)) return fix;
  const std::string variable = missing_variable(reason, frame);
  if (!variable.empty()) return with_variable(unit, variable);
  const std::string remedy = remedy_of(reason, frame, program_of(unit));
  fix.commands = {start_again(unit.name)};
  if (!remedy.empty()) {
    fix.on = On::repo;
    fix.summary = remedy + "; then start it";
    return fix;
  }
  fix.summary = state.exit_code == 2
                    ? killed_from_outside(unit)
                    : "mend what the last lines of its journal name, then start it";
  return fix;
}

Finding failed(const Deployment& host, const Unit& unit, const UnitState& state, Outcome& out) {
  Finding finding;
  finding.code = "systemd.unit-failed";
  finding.about = {"unit:" + unit.name};
  finding.evidence = {cite(unit, state)};
  cite_what_failed(unit, state.exit_status, finding);
  const auto journal = host.journal(unit.name);
  const auto* all = out.see(journal);
  const auto lines = all == nullptr ? std::vector<std::string>{} : last_words(*all);
  const auto frame = own_frame(lines);
  std::string reason = add_journal(unit, lines, finding);
  const Fix fix = fix_of_failed(host, unit, state, frame, reason);
  if (frame) {
    finding.evidence.push_back(cite(*frame));
    reason += fmt::format(" ({}:{})", frame->file, frame->line);
  }
  const std::string missing = missing_path(host, unit, state.exit_status);
  if (!missing.empty()) {
    reason =
        fmt::format("{} {} does not exist",
                    state.exit_status == kChdir ? "its WorkingDirectory" : "its program", missing);
  }
  const std::string ended = state.sub == "auto-restart"
                                ? fmt::format("ends again and again ({})", exit_words(state))
                                : fmt::format("failed ({})", exit_words(state));
  finding.title = fmt::format("{} {}{}{}", unit.name, ended, reason.empty() ? "" : ": ", reason);
  finding.fixes = {fix};
  return finding;
}

/// All units that serve an upstream of which this one serves a member, and are stopped likewise.
std::vector<std::string> stopped_with(const Deployment& host, const Route& route,
                                      const Unit& unit) {
  std::vector<std::string> names{unit.name};
  for (const Endpoint& endpoint : route.endpoints) {
    const Unit* other = unit_behind(host, route, endpoint);
    const bool stopped = other != nullptr && other->state.seen() &&
                         other->state->active == "inactive" && other->state->load == "loaded";
    if (stopped && std::find(names.begin(), names.end(), other->name) == names.end())
      names.push_back(other->name);
  }
  return names;
}

/// A quote that is never closed, which is all that systemd may have against a line.
std::optional<Edit> without_stray_quote(const Deployment& host, const Unit& unit) {
  const auto* start = unit.setting("ExecStart");
  if (start == nullptr) return std::nullopt;
  const std::string& value = start->value;
  const auto quotes = std::count(value.begin(), value.end(), '"');
  if (quotes != 1 || value.find('\'') != std::string::npos) return std::nullopt;
  return replaced(host, start->from, "\"", "");
}

Fix fix_of_stopped(const Deployment& host, const Route& route, const Unit& unit,
                   const UnitState& state) {
  Fix fix;
  const std::string name = shell_quote(unit.name);
  if (state.load == "bad-setting") {
    fix.summary = "correct what systemd names, then start it";
    if (const auto edit = without_stray_quote(host, unit)) {
      fix.summary = "take out the quote that is never closed, then start it";
      fix.edits = {*edit};
      fix.commands = {"systemctl daemon-reload && systemctl enable --now " + name};
    } else {
      fix.commands = {"systemd-analyze verify " + shell_quote(unit.file)};
    }
    return fix;
  }
  if (state.load == "not-found") {
    fix.summary = "bring its file back, then systemctl daemon-reload and start it";
    return fix;
  }
  fix.summary = state.load == "masked" ? "unmask and start it" : "start it, now and at every boot";
  std::string names;
  const auto all = stopped_with(host, route, unit);
  for (const auto& each : all) names += " " + shell_quote(each);
  fix.commands = {(state.load == "masked" ? "systemctl unmask " + name + " && " : std::string()) +
                  "systemctl enable --now" + names};
  // nginx tries a member that failed again after fail_timeout only; where there is one, at once.
  if (route.endpoints.size() > 1 && route.instance != nullptr) {
    fix.commands.push_back("sleep 3 && " + route.instance->load_command());
    fix.interrupts = Interrupts::reload;
  }
  return fix;
}

std::string why_not(const Unit& unit, const UnitState& state) {
  if (state.load == "not-found") return "it has no unit file any more";
  if (state.load == "masked") return "it is masked, a link to /dev/null stands in for its file";
  const auto* start = unit.setting("ExecStart");
  if (start == nullptr) return "systemd refuses its file, which has no ExecStart";
  return fmt::format("systemd refuses its file {}", unit.file);
}

/// The links that systemctl mask leaves.
void cite_mask(const Deployment& host, const Unit& unit, Finding& finding) {
  for (const char* folder : {"/etc/systemd/system/", "/run/systemd/system/"}) {
    const auto walk = host.walk(folder + unit.name);
    if (!walk.seen()) continue;
    for (const PathStep& step : walk->steps) {
      if (step.type != PathStep::Type::link || step.target != "/dev/null") continue;
      finding.evidence.push_back({EvidenceKind::kernel, step.path, 0, "link to /dev/null", false});
    }
  }
}

/// The line that systemd refuses: as it says itself in the journal, else a quote that is never
/// closed.
void name_refused(const Deployment& host, const Unit& unit, Finding& finding) {
  const auto journal = host.journal(unit.name);
  const std::string start_of = unit.file + ":";
  if (journal.seen() && !unit.file.empty()) {
    for (auto line = journal->rbegin(); line != journal->rend(); ++line) {
      if (!line->starts_with(start_of)) continue;
      finding.evidence.push_back(
          cite_log("journalctl -u " + unit.name, line->substr(0, kLineLength)));
      break;
    }
  }
  const auto* start = unit.setting("ExecStart");
  if (start != nullptr && without_stray_quote(host, unit)) {
    finding.title +=
        fmt::format(", line {}: a quote in ExecStart is never closed", start->from.line);
  } else if (finding.evidence.back().kind == EvidenceKind::log) {
    const std::string& said = finding.evidence.back().text;
    finding.title += ", line " + said.substr(start_of.size());
  }
}

Finding stopped(const Deployment& host, const Route& route, const Unit& unit,
                const UnitState& state) {
  Finding finding;
  const bool cannot =
      state.load == "masked" || state.load == "not-found" || state.load == "bad-setting";
  finding.code = cannot ? "systemd.unit-masked-or-missing" : "systemd.unit-not-started";
  finding.title = cannot ? fmt::format("{} cannot start: {}", unit.name, why_not(unit, state))
                         : fmt::format("{} is not started ({})", unit.name, state.active);
  finding.about = {"unit:" + unit.name};
  finding.evidence = {cite(unit, state)};
  if (state.load == "masked") cite_mask(host, unit, finding);
  if (state.load == "bad-setting") name_refused(host, unit, finding);
  cite_setting(unit, unit.name.ends_with(".socket") ? "ListenStream" : "ExecStart", finding);
  finding.fixes = {fix_of_stopped(host, route, unit, state)};
  return finding;
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const Unit* unit = *host.unit_behind(route);
  if (unit == nullptr) return;
  const Served by = served(host, route);
  if (by == Served::by_app) return;
  const UnitState& state = *unit->state;
  if (state.is_failing()) return out.report(failed(host, *unit, state, out));
  if (by == Served::by_systemd || state.active != "inactive") return;
  // Where a socket unit is to start the service, that is the one that has to be up.
  if (const Unit* socket = socket_of(host, *unit)) {
    if (socket->state->is_failing()) return out.report(failed(host, *socket, *socket->state, out));
    if (socket->state->active == "inactive")
      return out.report(stopped(host, route, *socket, *socket->state));
  }
  out.report(stopped(host, route, *unit, state));
}

}  // namespace

HOPCHECK_CHECK(systemd_unit) {
  if (!host.units().seen() && host.units().unseen().why == Unseen::Why::not_installed) {
    return out.not_applicable(host.units().unseen().what);
  }
  if (out.none(host.proxied())) return out.not_applicable("no route leads to an application");
  if (host.files_only()) return out.not_applicable("units run on a live host only");
  out.each(host.proxied().seen_items(), [&](const Route* route) { judge(host, *route, out); });
}
