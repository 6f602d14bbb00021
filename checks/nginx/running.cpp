// nginx runs where a request has to pass through it.
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

}  // namespace

HOPCHECK_CHECK(nginx_running) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!is_needed(host, instance) || *instance.running) return;
    Finding finding;
    finding.code = "nginx.not-running";
    finding.title = fmt::format("nginx does not run: no master process for {}", instance.conf_path);
    finding.about = {"nginx:" + instance.conf_path};
    finding.evidence = {{EvidenceKind::kernel, "process table", 0, "no process named nginx: master process", false}};
    if (!instance.unit.empty()) add_unit(host, instance.unit, finding);
    Fix fix;
    fix.summary = "start nginx";
    fix.commands = {instance.load_command()};
    fix.lasts = Lasts::until_reboot;
    finding.fixes = {std::move(fix)};
    out.report(std::move(finding));
  });
}
