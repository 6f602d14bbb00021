// nginx runs where a request has to pass through it.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

bool is_needed(const Deployment& host, const nginx::Instance& instance) {
  return host.requested().any([&](const Route* route) {
    // A route that could not be followed may lead through it.
    return (route->instance != nullptr || *route->followed) && route->instance == &instance;
  });
}

const Unit* unit_of(const Deployment& host, const nginx::Instance& instance) {
  for (const Unit& unit : host.units()->seen_items()) {
    if (unit.name == instance.unit) return &unit;
  }
  return nullptr;
}

/// Another program has the port that this nginx, which failed to start, is written to serve.
const Listener* holder_of_its_port(const Deployment& host, const nginx::Instance& instance,
                                   const Route& route) {
  const Request& request = route.request;
  const Listener* holder = host.listeners()->find(
      [&](const Listener& listener) { return listener.serves(request.address, request.port); });
  if (holder == nullptr) return nullptr;
  const auto chosen = nginx::choose(*instance.config, *instance.site, request.address, request.port,
                                    request.host, request.path);
  if (!chosen) return nullptr;
  // Two web servers may be installed of which this one is not meant to run: its unit tells.
  const Unit* unit = instance.unit.empty() ? nullptr : unit_of(host, instance);
  if (unit == nullptr)
    throw NotSeen({Unseen::Why::undecidable,
                   "whether nginx is meant to have port " + std::to_string(request.port),
                   {}});
  return unit->state->is_failing() ? holder : nullptr;
}

const Process* holder_process(const Deployment& host, const Listener& listener) {
  for (const Process& process : host.processes()->seen_items()) {
    const auto& holders = listener.pids.seen_items();
    if (std::find(holders.begin(), holders.end(), process.pid) != holders.end()) return &process;
  }
  return nullptr;
}

std::string program_of(const Process* process) {
  if (process == nullptr) return "another program";
  return fmt::format("{} (pid {}{})", process->name, process->pid,
                     process->unit.empty() ? "" : ", " + process->unit);
}

/// The unit's state and nginx's last words in the journal.
void add_unit(const Deployment& host, const std::string& name, Finding& finding) {
  const auto& units = host.units();
  if (!units.seen()) return;
  for (const Unit& unit : units->seen_items()) {
    if (unit.name != name || !unit.state.seen()) continue;
    finding.evidence.push_back(cite(unit, *unit.state));
    if (unit.state->result == "success") return;
    const auto lines = host.journal(name);
    if (!lines.seen()) return;
    for (auto line = lines->rbegin(); line != lines->rend(); ++line) {
      if (line->find("[emerg]") == std::string::npos) continue;
      finding.evidence.push_back(cite_log("journalctl -u " + name, *line));
      return;
    }
  }
}

/// Starts nginx so that it is there after the next boot too.
Fix start(const Deployment& host, const nginx::Instance& instance, Finding& finding) {
  Fix fix;
  fix.summary = "start nginx";
  fix.commands = {instance.load_command()};
  const auto* units = host.units().if_seen();
  const Unit* unit = units == nullptr || instance.unit.empty() ? nullptr : unit_of(host, instance);
  const std::string enabled = unit == nullptr || !unit->state.seen() ? "" : unit->state->enabled;
  if (enabled == "disabled") {
    finding.evidence.push_back({EvidenceKind::command, "systemctl is-enabled " + unit->name, 0,
                                "disabled: it does not start at boot", false});
    fix.summary = "start nginx, now and at every boot";
    fix.commands = {instance.command("-t") + " && systemctl enable --now " +
                    shell_quote(unit->name)};
  } else if (enabled != "enabled") {
    fix.lasts = Lasts::until_reboot;
  }
  return fix;
}

Finding not_running(const Deployment& host, const nginx::Instance& instance) {
  Finding finding;
  finding.code = "nginx.not-running";
  finding.title = fmt::format("nginx does not run: no master process for {}", instance.conf_path);
  finding.about = {"nginx:" + instance.conf_path};
  finding.evidence = {
      {EvidenceKind::kernel, "process table", 0, "no process named nginx: master process", false}};
  if (!instance.unit.empty()) add_unit(host, instance.unit, finding);
  finding.fixes = {start(host, instance, finding)};
  return finding;
}

/// Units that run much else besides: to stop them for one port does harm.
bool may_be_stopped(const Process& holder, const nginx::Instance& instance) {
  if (!holder.unit.ends_with(".service") || holder.unit == instance.unit) return false;
  constexpr const char* kHosts[] = {"docker", "containerd", "podman", "supervisor", "cron",
                                    "ssh",    "incus",      "lxd",    "snap",       "systemd-"};
  return std::none_of(std::begin(kHosts), std::end(kHosts),
                      [&](const char* host) { return holder.unit.starts_with(host); });
}

Finding port_in_use(const Deployment& host, const nginx::Instance& instance,
                    const Listener& listener) {
  Finding finding = not_running(host, instance);
  const Process* holder = holder_process(host, listener);
  const std::string program = program_of(holder);
  finding.code = "nginx.port-in-use";
  finding.title = fmt::format("nginx could not start: {} listens on {}", program, listener.text());
  finding.about = {"listener:" + listener.text(), "nginx:" + instance.conf_path};
  finding.evidence.insert(finding.evidence.begin(), cite(listener));
  Fix& fix = finding.fixes.front();
  fix.summary = fmt::format("move {} to another port or stop it, then start nginx", program);
  if (holder == nullptr || !may_be_stopped(*holder, instance)) {
    fix.commands.clear();
    return finding;
  }
  // What systemd-run started has no file that could be disabled, and is gone at the next boot.
  const bool transient = holder->unit.starts_with("run-");
  fix.summary = fmt::format("stop {}{}, and start nginx", holder->unit,
                            transient ? "" : " and keep it from starting at boot");
  fix.commands.insert(
      fix.commands.begin(),
      (transient ? "systemctl stop " : "systemctl disable --now ") + shell_quote(holder->unit));
  fix.interrupts = Interrupts::restart;
  return finding;
}

}  // namespace

HOPCHECK_CHECK(nginx_running) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (*instance.running) return;
    for (const Route* route : host.requested().seen_items()) {
      const Listener* listener = holder_of_its_port(host, instance, *route);
      if (listener != nullptr) return out.report(port_in_use(host, instance, *listener));
    }
    if (is_needed(host, instance)) out.report(not_running(host, instance));
  });
}
