// ProxyFix for an application that has none.
#include "hopcheck/proxy_fix.h"

#include <fmt/format.h>

#include "hopcheck/flask_source.h"
#include "hopcheck/forwarded.h"

namespace hopcheck {

std::vector<std::string> restart_commands(const AppServer& app) {
  if (app.unit.empty()) return {};
  return {"systemctl restart " + shell_quote(app.unit)};
}

Fix with_proxy_fix(const Deployment& host, const AppServer& app, int x_for) {
  const auto call = [x_for](const std::string& name) {
    return fmt::format("{0}.wsgi_app = ProxyFix({0}.wsgi_app, x_for={1}, x_proto=1)", name, x_for);
  };
  const std::string import = "from werkzeug.middleware.proxy_fix import ProxyFix";
  Fix fix;
  fix.on = On::repo;
  fix.commands = restart_commands(app);
  fix.interrupts = Interrupts::restart;
  fix.summary = fmt::format("once the application is made: {}; {}", import, call("app"));
  const auto read = flask_source(host, app);
  if (!read.seen() || read->apps.size() != 1) return fix;
  const auto& made = read->apps.front();
  const auto line = source_line(host, made.from);
  const std::string name = made.value.substr(made.value.find(':') + 1);
  if (!line.seen() || !line->ends_with(")") || !line->starts_with(name)) return fix;
  fix.summary = "let the application read the forwarded headers";
  fix.edits = {{made.from.source, made.from.line + 1, "", import + "\n" + call(name)}};
  return fix;
}

}  // namespace hopcheck
