// gunicorn does not restart its workers whenever a file changes.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

bool serves_a_route(const Deployment& host, const AppServer& app) {
  return host.endpoints().any(
      [&](const Endpoint& endpoint) { return *host.app_behind(endpoint) == &app; });
}

/// The line that switches it on, in the settings or on the unit's command line.
Fix without_reload(const Deployment& host, const AppServer& app, const Evidence& from) {
  Fix fix;
  fix.summary = "take the reloader out; `systemctl reload` loads new code when you mean it";
  fix.interrupts = Interrupts::restart;
  const Unit* unit = unit_named(host, app.unit);
  if (unit == nullptr) return fix;
  if (from.kind == EvidenceKind::file) {
    const auto edit = replaced(host, from, "True", "False");
    if (!edit) return fix;
    fix.edits = {*edit};
    fix.commands = {"systemctl restart " + shell_quote(unit->name)};
    return fix;
  }
  for (const char* name : {"ExecStart", "Environment"}) {
    const auto* line = unit->setting(name);
    if (line == nullptr) continue;
    // Options that begin alike (--reload-engine) keep the line from being edited by half.
    const auto edit = replaced(host, line->from, " --reload ", " ");
    if (!edit) continue;
    fix.edits = {*edit};
    fix.commands = {restart_with_new_file(unit->name)};
    return fix;
  }
  return fix;
}

}  // namespace

HOPCHECK_CHECK(gunicorn_reload) {
  std::vector<const AppServer*> servers;
  for (const AppServer& app : *host.app_servers()) {
    if (app.kind == AppServer::Kind::gunicorn) servers.push_back(&app);
  }
  if (servers.empty()) return out.not_applicable("no gunicorn runs here");
  out.each(servers, [&](const AppServer* app) {
    const auto& reload = *app->gunicorn.reload;
    if (!reload.value || !serves_a_route(host, *app)) return;
    Finding finding;
    finding.code = "gunicorn.reload-in-production";
    finding.when = When::on_reload;
    finding.title =
        fmt::format("{} ends its workers whenever one of its Python files changes", app->text());
    finding.about = {"unit:" + app->unit};
    for (const Listener& listener : app->listeners)
      finding.about.push_back("listener:" + listener.text());
    finding.evidence = {reload.from};
    finding.fixes = {without_reload(host, *app, reload.from)};
    out.report(std::move(finding));
  });
}
