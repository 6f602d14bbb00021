// Edits of gunicorn's configuration file, or of the unit that starts it.
#include "hopcheck/gunicorn.h"

#include <optional>

#include <fmt/format.h>

#include "hopcheck/lines.h"
#include "hopcheck/mend.h"

namespace hopcheck {
namespace {

/// "threads = 4" instead of a line that sets threads.
std::optional<Edit> in_file(const Deployment& host, const Evidence& from,
                            const std::string& setting, int value) {
  const auto line = line_of(host, from.source, from.line);
  if (!line.seen() || !line->starts_with(setting)) return std::nullopt;
  return Edit{from.source, from.line, *line, fmt::format("{} = {}", setting, value)};
}

/// The unit's command line with another value of the option, or with the option at all.
std::optional<Edit> in_unit(const Deployment& host, const AppServer& app, const GunicornName& name,
                            const Located<int>& now, int value) {
  const Unit* unit = unit_named(host, app.unit);
  const auto* start = unit == nullptr ? nullptr : unit->setting("ExecStart");
  if (start == nullptr) return std::nullopt;
  const std::string wanted = fmt::format("{} {}", name.option, value);
  if (now.from.kind == EvidenceKind::default_)
    return replaced(host, start->from, "gunicorn ", "gunicorn " + wanted + " ");
  for (const std::string& option : {name.option, name.letter}) {
    for (const char* between : {" ", "=", ""}) {
      if (option.empty()) continue;
      const std::string words = fmt::format(" {}{}{}", option, between, now.value);
      if (auto edit = replaced(host, start->from, words, " " + wanted)) return edit;
    }
  }
  return std::nullopt;
}

}  // namespace

Fix set_gunicorn(const Deployment& host, const AppServer& app, const GunicornName& name,
                 const Fact<Located<int>>& now, int value) {
  Fix fix;
  fix.summary = fmt::format("set gunicorn's {} to {}", name.setting, value);
  fix.interrupts = Interrupts::restart;
  if (!now.seen() || !app.unit.ends_with(".service")) return fix;
  const std::string& file = app.gunicorn.config_file;
  const bool by_default = now->from.kind == EvidenceKind::default_;
  std::optional<Edit> edit;
  bool of_unit = false;
  if (file.starts_with("/") && now->from.source == file) {
    edit = in_file(host, now->from, name.setting, value);
  } else if (file.starts_with("/") && by_default && line_of(host, file, 1).seen()) {
    edit = Edit{file, 0, "", fmt::format("{} = {}", name.setting, value)};
  } else {
    edit = in_unit(host, app, name, *now, value);
    of_unit = true;
  }
  if (!edit) return fix;
  fix.edits = {std::move(*edit)};
  fix.commands = {of_unit ? restart_with_new_file(app.unit)
                          : "systemctl restart " + shell_quote(app.unit)};
  return fix;
}

Fix more_at_once(const Deployment& host, const AppServer& app) {
  constexpr int kThreads = 8;
  const auto& threads = app.gunicorn.threads;
  const int wanted = threads.seen() ? std::max(kThreads, threads->value * 2) : kThreads;
  Fix fix = set_gunicorn(host, app, {"threads", "--threads", ""}, threads, wanted);
  fix.summary =
      fmt::format("free the workers now, and let each handle {} requests at once", wanted);
  if (fix.commands.empty() && app.unit.ends_with(".service")) {
    fix.summary = "free the workers; it lasts until as many requests hang again";
    fix.commands = {"systemctl restart " + shell_quote(app.unit)};
    fix.lasts = Lasts::until_restart;
  }
  return fix;
}

std::optional<Fix> longer_queue(const Deployment& host, const AppServer& app) {
  constexpr int kSmall = 512;
  constexpr int kUsual = 2048;  // gunicorn's own default
  const auto& backlog = app.gunicorn.backlog;
  if (!backlog.seen() || backlog->value >= kSmall || app.unit.empty()) return std::nullopt;
  Fix fix = set_gunicorn(host, app, {"backlog", "--backlog", ""}, backlog, kUsual);
  if (fix.edits.empty()) return std::nullopt;
  fix.summary = fmt::format("let {} connections wait instead of {}", kUsual, backlog->value);
  return fix;
}

Fact<std::string> worker_kind(const AppServer& app) {
  if (!app.gunicorn.worker_class.seen()) return app.gunicorn.worker_class.unseen();
  const std::string& name = app.gunicorn.worker_class->value;
  if (name.ends_with("SyncWorker")) return std::string("sync");
  if (name == "threads" || name.ends_with(".ThreadWorker")) return std::string("gthread");
  return name;
}

Fact<int> capacity_of(const AppServer& app) {
  const auto kind = worker_kind(app);
  if (!kind.seen()) return kind.unseen();
  if (*kind != "sync" && *kind != "gthread")
    return Unseen{Unseen::Why::undecidable, *kind + " workers take many requests each", {}};
  const auto& workers = app.gunicorn.workers;
  const auto& threads = app.gunicorn.threads;
  if (!workers.seen()) return workers.unseen();
  if (*kind == "sync") return workers->value;
  if (!threads.seen()) return threads.unseen();
  return workers->value * threads->value;
}

}  // namespace hopcheck
