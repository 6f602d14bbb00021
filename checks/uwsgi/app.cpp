// uWSGI has loaded the application that it serves.
#include <optional>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/ini.h"
#include "hopcheck/mend.h"
#include "hopcheck/traceback.h"

using namespace hopcheck;

namespace {

constexpr std::size_t kLineLength = 240;

/// "no app loaded" since the last start, after which no application was loaded.
const std::string* gave_up(const std::vector<std::string>& lines) {
  const std::string* said = nullptr;
  for (const auto& line : lines) {
    if (line.find("no app loaded. going in full dynamic mode") != std::string::npos) said = &line;
    if (line.find(" ready in ") != std::string::npos) said = nullptr;
  }
  return said;
}

const Endpoint* served_by(const Deployment& host, const AppServer& app) {
  return host.endpoints().find(
      [&](const Endpoint& endpoint) { return *host.app_behind(endpoint) == &app; });
}

/// The module that is there, where the one that is named is not, or its application has another
/// name: the settings name it instead.
std::optional<Fix> name_what_is_there(const Deployment& host, const AppServer& app,
                                      const Located<std::string>& module) {
  const auto folders = uwsgi_values(host, app, {"chdir", "chdir2", "pythonpath"});
  if (folders.empty() || module.from.line == 0 || app.unit.empty()) return std::nullopt;
  const auto apps = applications_in(host, folders.front().value);
  if (!apps.seen() || apps->size() != 1 || apps->front().value == module.value) return std::nullopt;
  const auto edit = replaced(host, module.from, module.value, apps->front().value);
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("name the application that is there: {}", apps->front().value);
  fix.edits = {*edit};
  fix.commands = {"systemctl restart " + shell_quote(app.unit)};
  fix.interrupts = Interrupts::restart;
  return fix;
}

Finding without_app(const Deployment& host, const AppServer& app, const Endpoint& endpoint,
                    const std::vector<std::string>& lines, const std::string& said) {
  Finding finding;
  finding.code = "uwsgi.no-app";
  finding.about = {endpoint.node()};
  const std::string source = "journalctl -u " + app.unit;
  const std::size_t exception = exception_line(lines);
  std::string reason;
  if (exception < lines.size()) {
    reason = ": " + lines[exception].substr(0, kLineLength);
    finding.evidence.push_back(cite_log(source, lines[exception].substr(0, kLineLength)));
  }
  finding.evidence.push_back(cite_log(source, said));
  Fix fix;
  fix.on = On::repo;
  fix.summary = "mend what keeps the application from being loaded, then restart uWSGI";
  fix.commands = {"systemctl restart " + shell_quote(app.unit)};
  fix.interrupts = Interrupts::restart;
  if (const auto frame = own_frame(lines)) {
    finding.evidence.push_back(cite(*frame));
    reason += fmt::format(" ({}:{})", frame->file, frame->line);
    fix.summary = fmt::format("mend {}:{}, then restart uWSGI", frame->file, frame->line);
  }
  const auto modules = uwsgi_values(host, app, {"module", "wsgi", "wsgi-file"});
  if (!modules.empty()) {
    finding.evidence.push_back(modules.back().from);
    if (auto named = name_what_is_there(host, app, modules.back())) fix = std::move(*named);
  }
  finding.title = fmt::format("{} runs without an application{}", app.text(), reason);
  finding.fixes = {std::move(fix)};
  return finding;
}

}  // namespace

HOPCHECK_CHECK(uwsgi_app) {
  std::vector<const AppServer*> servers;
  for (const AppServer& app : *host.app_servers()) {
    if (app.kind == AppServer::Kind::uwsgi && !app.unit.empty()) servers.push_back(&app);
  }
  if (servers.empty()) return out.not_applicable("no uWSGI runs here as a unit");
  out.each(servers, [&](const AppServer* app) {
    const Endpoint* endpoint = served_by(host, *app);
    if (endpoint == nullptr) return;
    const auto lines = last_run(*host.journal(app->unit));
    const std::string* said = gave_up(lines);
    if (said != nullptr) out.report(without_app(host, *app, *endpoint, lines, *said));
  });
}
