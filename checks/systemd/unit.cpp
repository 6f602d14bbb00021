// The unit that runs the application is up.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

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

std::string add_journal(const Deployment& host, const Unit& unit, Finding& finding, Outcome& out) {
  const auto journal = host.journal(unit.name);
  const auto* lines = out.see(journal);
  if (lines == nullptr || lines->empty()) return {};
  const std::size_t telling = telling_line(*lines);
  const std::size_t last = std::min(telling, lines->size() - 1);
  const std::size_t first = last + 1 > kLines ? last + 1 - kLines : 0;
  for (std::size_t i = first; i <= last; ++i) {
    finding.evidence.push_back(
        cite_log("journalctl -u " + unit.name, (*lines)[i].substr(0, kLineLength)));
  }
  return telling < lines->size() ? (*lines)[telling].substr(0, kLineLength) : "";
}

void cite_setting(const Unit& unit, const char* name, Finding& finding) {
  if (const auto* setting = unit.setting(name)) finding.evidence.push_back(setting->from);
}

/// The line that systemd could not carry out, by the status with which it gave up before the
/// program ran (systemd.exec(5)); else what it runs.
void cite_what_failed(const Unit& unit, int status, Finding& finding) {
  constexpr int kChdir = 200, kGroup = 216, kUser = 217;
  if (status == kChdir) cite_setting(unit, "WorkingDirectory", finding);
  if (status == kGroup) cite_setting(unit, "Group", finding);
  if (status == kUser) cite_setting(unit, "User", finding);
  cite_setting(unit, "ExecStart", finding);
}

Finding failed(const Deployment& host, const Unit& unit, const UnitState& state, Outcome& out) {
  Finding finding;
  finding.code = "systemd.unit-failed";
  finding.about = {"unit:" + unit.name};
  finding.evidence = {cite(unit, state)};
  cite_what_failed(unit, state.exit_status, finding);
  const std::string reason = add_journal(host, unit, finding, out);
  const std::string ended = state.sub == "auto-restart"
                                ? fmt::format("ends again and again ({})", exit_words(state))
                                : fmt::format("failed ({})", exit_words(state));
  finding.title = fmt::format("{} {}{}{}", unit.name, ended, reason.empty() ? "" : ": ", reason);
  Fix fix;
  fix.summary = "mend what the last lines of its journal name, then start it";
  fix.commands = {"journalctl -u " + shell_quote(unit.name) + " -n 50 --no-pager",
                  "systemctl reset-failed " + shell_quote(unit.name) + " && systemctl start " +
                      shell_quote(unit.name)};
  finding.fixes = {std::move(fix)};
  return finding;
}

Finding stopped(const Unit& unit, const UnitState& state) {
  Finding finding;
  const bool cannot =
      state.load == "masked" || state.load == "not-found" || state.load == "bad-setting";
  finding.code = cannot ? "systemd.unit-masked-or-missing" : "systemd.unit-not-started";
  finding.title = cannot ? fmt::format("{} cannot start: it is {}", unit.name, state.load)
                         : fmt::format("{} is not started ({})", unit.name, state.active);
  finding.about = {"unit:" + unit.name};
  finding.evidence = {cite(unit, state)};
  cite_setting(unit, unit.name.ends_with(".socket") ? "ListenStream" : "ExecStart", finding);
  Fix fix;
  fix.summary = state.load == "masked" ? "unmask and start it" : "start it, now and at every boot";
  fix.commands = {(state.load == "masked" ? "systemctl unmask " + shell_quote(unit.name) + " && "
                                          : std::string()) +
                  "systemctl enable --now " + shell_quote(unit.name)};
  finding.fixes = {std::move(fix)};
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
    if (socket->state->active == "inactive") return out.report(stopped(*socket, *socket->state));
  }
  out.report(stopped(*unit, state));
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
