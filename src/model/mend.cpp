// Edits and commands of fixes.
#include "hopcheck/mend.h"

#include <algorithm>

#include "hopcheck/ini.h"
#include "hopcheck/lines.h"

namespace hopcheck {
namespace {

/// What a report leaves out of a line (redaction) stands in no file.
bool shown_as_it_is(const std::string& line) {
  return line.find("[redacted]") == std::string::npos;
}

bool is_continued(const std::string& line) {
  return !line.empty() && line.back() == '\\';
}

bool is_written_here(const std::string& file) {
  return file.rfind("/etc/", 0) == 0 || file.rfind("/run/", 0) == 0;
}

std::string ends_as_file(const Evidence& at) {
  return at.source.substr(at.source.rfind('/') + 1);
}

}  // namespace

std::optional<Edit> replaced(const Deployment& host, const Evidence& at, const std::string& from,
                             const std::string& to) {
  constexpr int kMostLines = 50;
  for (Evidence part = at; part.line < at.line + kMostLines; ++part.line) {
    const auto line = line_of(host, part.source, part.line);
    if (!line.seen() || !shown_as_it_is(*line)) return std::nullopt;
    if (auto edit = replaced_in_line(host, part, from, to)) return edit;
    if (!is_continued(*line)) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Edit> line_after(const Deployment& host, const Evidence& at,
                               const std::string& text) {
  Evidence last = at;
  for (auto line = line_of(host, last.source, last.line); line.seen() && is_continued(*line);
       line = line_of(host, last.source, last.line))
    ++last.line;
  auto edit = line_before(host, at, text);
  if (edit) edit->line = last.line + 1;
  return edit;
}

std::optional<Edit> set_in_unit(const Deployment& host, const Unit& unit, const std::string& name,
                                const std::string& value, const std::string& beside) {
  if (const auto* set = unit.setting(name)) {
    if (!is_written_here(set->from.source)) return std::nullopt;
    const auto line = line_of(host, set->from.source, set->from.line);
    if (!line.seen() || is_continued(*line) || !shown_as_it_is(*line)) return std::nullopt;
    return Edit{set->from.source, set->from.line, *line, name + "=" + value};
  }
  const auto* neighbour = unit.setting(beside);
  if (neighbour == nullptr || !is_written_here(neighbour->from.source)) return std::nullopt;
  return line_after(host, neighbour->from, name + "=" + value);
}

const Unit* unit_named(const Deployment& host, const std::string& name) {
  const auto* units = host.units().if_seen();
  if (units == nullptr || name.empty()) return nullptr;
  for (const Unit& unit : units->seen_items()) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

const Unit* unit_behind(const Deployment& host, const Route& route, const Endpoint& endpoint) {
  Route one = route;
  one.endpoints = {endpoint};
  const auto unit = host.unit_behind(one);
  return unit.seen() ? *unit : nullptr;
}

bool bind_elsewhere(const Deployment& host, const AppServer& app, const std::string& bind,
                    const std::string& to, Fix& fix) {
  const Unit* unit = unit_named(host, app.unit);
  std::vector<Evidence> places;
  if (const auto* binds = app.gunicorn.bind.if_seen()) {
    for (const auto& each : *binds) {
      if (each.from.kind == EvidenceKind::file && each.from.line > 0) places.push_back(each.from);
    }
  }
  if (app.kind == AppServer::Kind::uwsgi) {
    for (const auto& each : uwsgi_values(host, app, {"socket", "http-socket", "http"})) {
      if (each.from.line > 0) places.push_back(each.from);
    }
  }
  if (unit != nullptr) {
    for (const char* name : {"ExecStart", "Environment"}) {
      if (const auto* setting = unit->setting(name)) places.push_back(setting->from);
    }
  }
  for (const Evidence& place : places) {
    const auto edit = replaced(host, place, bind, to);
    if (!edit || app.unit.empty()) continue;
    const bool in_unit =
        ends_as_file(place).ends_with(".service") || place.source.ends_with(".conf");
    fix.edits.push_back(*edit);
    fix.commands.push_back(in_unit ? restart_with_new_file(app.unit)
                                   : "systemctl restart " + shell_quote(app.unit));
    fix.interrupts = Interrupts::restart;
    return true;
  }
  return false;
}

std::string restart_with_new_file(const std::string& unit) {
  return "systemctl daemon-reload && systemctl restart " + shell_quote(unit);
}

std::string restart_command(const nginx::Instance& instance) {
  const std::string test = instance.command("-t") + " && ";
  if (!instance.unit.empty()) return test + "systemctl restart " + shell_quote(instance.unit);
  return test + instance.command("-s stop") + " && sleep 1 && " + instance.command("");
}

}  // namespace hopcheck
