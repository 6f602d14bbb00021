// What serves now is there again after a reboot.
#include "hopcheck/boot.h"

#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

void add(std::vector<std::string>& names, const std::string& name) {
  const bool known = std::find(names.begin(), names.end(), name) != names.end();
  if (!known && name.ends_with(".service")) names.push_back(name);
}

/// The units that serve the routes: nginx's, and those of the app servers behind it.
std::vector<std::string> serving(const Deployment& host, Outcome& out) {
  std::vector<std::string> names;
  for (const Route& route : host.routes()) {
    if (route.instance != nullptr && route.requested()) add(names, route.instance->unit);
    for (const auto& endpoint : route.endpoints) {
      const auto app = host.app_behind(endpoint);
      const auto* server = out.see(app);
      if (server != nullptr && *server != nullptr) add(names, (*server)->unit);
    }
  }
  return names;
}

/// Whether the boot starts it without more ado: it is enabled, or another unit wants it.
bool is_wanted(const UnitState& state) {
  if (state.enabled != "disabled" && state.enabled != "static" && state.enabled != "linked")
    return true;  // enabled, generated, transient, an alias …
  return !state.wanted_by.empty();
}

/// A socket, timer or path unit that starts it and is there after a boot. One that we do not know
/// is taken for such.
bool is_triggered(const Deployment& host, const UnitState& state) {
  return std::any_of(state.triggered_by.begin(), state.triggered_by.end(), [&](const auto& name) {
    const Unit* trigger = unit_named(host, name);
    return trigger == nullptr || is_wanted(*trigger->state);
  });
}

Fix enable(const Unit& unit, const UnitState& state) {
  Fix fix;
  const std::string name = shell_quote(unit.name);
  if (state.enabled != "static") {
    fix.summary = "start it at boot, too";
    fix.commands = {"systemctl enable " + name};
    return fix;
  }
  fix.summary = "say when it is to start, then enable it";
  fix.edits = {{unit.file, 0, "", "[Install]"}, {unit.file, 0, "", "WantedBy=multi-user.target"}};
  fix.commands = {"systemctl daemon-reload", "systemctl enable " + name};
  return fix;
}

void judge(const Deployment& host, const std::string& name, Outcome& out) {
  const Unit* unit = unit_named(host, name);
  if (unit == nullptr || unit->file.empty()) return;
  const UnitState& state = *unit->state;
  if (state.active != "active" || is_wanted(state) || is_triggered(host, state)) return;
  // Where a socket unit is to start it, that is the one to enable.
  const Unit* gone = unit;
  for (const auto& trigger : state.triggered_by) {
    const Unit* other = unit_named(host, trigger);
    if (other != nullptr && other->name.ends_with(".socket")) gone = other;
  }
  const Fact<std::optional<Evidence>> starter = other_starter(host, *gone);
  if (*starter) return;
  Finding finding;
  finding.code = "systemd.not-enabled";
  finding.when = When::on_reboot;
  finding.confidence = Confidence::likely;
  finding.title =
      fmt::format("{} runs, but nothing starts it at boot: it is {}", gone->name,
                  gone->state->enabled == "static" ? "without [Install]" : gone->state->enabled);
  finding.about = {"unit:" + unit->name};
  finding.evidence = {{EvidenceKind::command, "systemctl show " + gone->name, 0,
                       fmt::format("{}, UnitFileState={}, WantedBy= and TriggeredBy= name nothing "
                                   "that is enabled",
                                   gone->state->active, gone->state->enabled),
                       false}};
  if (const auto* start = gone->setting("ExecStart")) finding.evidence.push_back(start->from);
  finding.fixes = {enable(*gone, *gone->state)};
  out.report(std::move(finding));
}

/// The first directory below /run that the socket lies in; "" where it lies elsewhere or in /run.
std::string run_directory(const std::string& socket) {
  const std::string path = socket.rfind("/var/run/", 0) == 0 ? socket.substr(4) : socket;
  if (path.rfind("/run/", 0) != 0) return {};
  const auto slash = path.find('/', 5);
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

void judge_directory(const Deployment& host, const Endpoint& endpoint, Outcome& out) {
  const std::string directory = run_directory(endpoint.member.path);
  if (directory.empty()) return;
  const Listener* listener = host.listener_of(endpoint);
  const AppServer* app = *host.app_behind(endpoint);
  if (listener == nullptr || app == nullptr) return;  // systemd makes what its sockets lie in
  const Unit* unit = app->unit.empty() ? nullptr : unit_named(host, app->unit);
  if (unit == nullptr || unit->file.empty() || !unit->state->triggered_by.empty()) return;
  const Fact<Walk> walk = host.walk(directory);
  if (!walk->exists() || walk->last().type != PathStep::Type::directory) return;
  const PathStep& step = walk->last();
  const Fact<std::optional<Evidence>> maker = maker_of(host, directory);
  if (*maker) return;
  Finding finding;
  finding.code = "socket.run-dir-lost-on-boot";
  finding.when = When::on_reboot;
  finding.confidence = Confidence::likely;
  finding.title = fmt::format(
      "{} is gone after a reboot: nothing makes it again, and {} cannot "
      "bind its socket there",
      directory, unit->name);
  finding.about = {endpoint.node(), "unit:" + unit->name};
  finding.evidence = {cite(step), cite(*listener)};
  if (const auto* start = unit->setting("ExecStart")) finding.evidence.push_back(start->from);
  const std::string name = directory.substr(5);
  const std::string file = "/etc/tmpfiles.d/" + name + ".conf";
  Fix fix;
  fix.summary = "let systemd-tmpfiles make it at each boot, as it is now";
  fix.edits = {{file, 0, "",
                fmt::format("d {} {:04o} {} {} -", directory, step.mode, step.user, step.group)}};
  fix.commands = {"systemd-tmpfiles --create " + shell_quote(file)};
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(systemd_boot) {
  if (!host.units().seen() && host.units().unseen().why == Unseen::Why::not_installed)
    return out.not_applicable("systemd is not the service manager here");
  out.none(host.proxied());
  const auto names = serving(host, out);
  const auto& endpoints = host.endpoints();
  if (names.empty() && out.none(endpoints))
    return out.not_applicable("no systemd unit serves a route");
  out.each(names, [&](const std::string& name) { judge(host, name, out); });
  out.each(endpoints.seen_items(), [&](const Endpoint& endpoint) {
    if (endpoint.member.is_unix()) judge_directory(host, endpoint, out);
  });
}
