// Edits of gunicorn's configuration file, or of the unit that starts it.
#include "hopcheck/gunicorn.h"

#include <optional>

#include <fmt/format.h>

#include "facts/text/words.h"
#include "model/state.h"

namespace hopcheck {
namespace {

/// A line as it stands in a file; nothing where it was not seen.
std::optional<std::string> line_of(Host& host, const std::string& file, int number) {
  const Answer answer = host.ask(ask::read(file));
  if (answer.status != Answer::Status::present || number < 1) return std::nullopt;
  std::string_view text = answer.text;
  for (int i = 1; i < number; ++i) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    text.remove_prefix(end + 1);
  }
  return std::string(text.substr(0, text.find('\n')));
}

/// "threads = 4" instead of a line that sets threads.
std::optional<Edit> in_file(Host& host, const Evidence& from, const std::string& setting,
                            int value) {
  const auto line = line_of(host, from.source, from.line);
  if (!line || !std::string_view(*line).starts_with(setting)) return std::nullopt;
  return Edit{from.source, from.line, *line, fmt::format("{} = {}", setting, value)};
}

/// A command line whose option has another value, or has it at all.
std::optional<std::string> on_command_line(const std::string& line, const GunicornName& name,
                                           const std::optional<int>& old, int value) {
  if (old) {
    for (const std::string& option : {name.option, name.letter}) {
      for (const char* between : {" ", "=", ""}) {
        const std::string words = fmt::format(" {}{}{}", option, between, *old);
        const auto at = option.empty() ? std::string::npos : line.find(words + " ");
        if (at == std::string::npos) continue;
        return line.substr(0, at) + fmt::format(" {} {}", name.option, value) +
               line.substr(at + words.size());
      }
    }
    return std::nullopt;
  }
  const auto program = line.find("gunicorn");
  const auto end = program == std::string::npos ? program : line.find(' ', program);
  if (end == std::string::npos) return std::nullopt;
  return line.substr(0, end) + fmt::format(" {} {}", name.option, value) + line.substr(end);
}

const Located<std::string>* exec_start(const Deployment& host, const std::string& unit) {
  const auto* units = host.units().if_seen();
  if (units == nullptr) return nullptr;
  for (const Unit& one : units->seen_items()) {
    if (one.name == unit) return one.setting("ExecStart");
  }
  return nullptr;
}

std::optional<Edit> in_unit(const Deployment& host, const AppServer& app, const GunicornName& name,
                            const Located<int>& now, int value) {
  const auto* start = exec_start(host, app.unit);
  if (start == nullptr) return std::nullopt;
  const auto line = line_of(host.state().host, start->from.source, start->from.line);
  if (!line) return std::nullopt;
  const bool given = now.from.kind != EvidenceKind::default_;
  const auto changed =
      on_command_line(*line, name, given ? std::optional<int>(now.value) : std::nullopt, value);
  if (!changed) return std::nullopt;
  return Edit{start->from.source, start->from.line, *line, *changed};
}

}  // namespace

Fix set_gunicorn(const Deployment& host, const AppServer& app, const GunicornName& name,
                 const Fact<Located<int>>& now, int value) {
  Fix fix;
  fix.summary = fmt::format("set gunicorn's {} to {}", name.setting, value);
  fix.interrupts = Interrupts::restart;
  if (!now.seen() || !app.unit.ends_with(".service")) return fix;
  Host& machine = host.state().host;
  const std::string& file = app.gunicorn.config_file;
  const bool by_default = now->from.kind == EvidenceKind::default_;
  std::optional<Edit> edit;
  bool of_unit = false;
  if (file.starts_with("/") && now->from.source == file) {
    edit = in_file(machine, now->from, name.setting, value);
  } else if (file.starts_with("/") && by_default && line_of(machine, file, 1)) {
    edit = Edit{file, 0, "", fmt::format("{} = {}", name.setting, value)};
  } else {
    edit = in_unit(host, app, name, *now, value);
    of_unit = true;
  }
  if (!edit) return fix;
  fix.edits = {std::move(*edit)};
  if (of_unit) fix.commands = {"systemctl daemon-reload"};
  fix.commands.push_back("systemctl restart " + shell_quote(app.unit));
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
