// What a boot starts and makes: units' other starters, and directories below /run.
#include "hopcheck/boot.h"

#include <charconv>

#include "facts/text/words.h"
#include "model/state.h"

namespace hopcheck {
namespace {

/// Answers of questions that may be absent, and the first that was not seen.
class Reader {
 public:
  explicit Reader(Host& host) : host_(host) {}

  std::string text(const std::string& path) { return take(host_.ask(ask::read(path))); }
  std::vector<std::string> files(const std::string& folder) {
    const Answer answer = host_.ask(ask::list(folder));
    take(answer);
    std::vector<std::string> paths;
    for (const auto& name : files_in(answer)) paths.push_back(folder + "/" + name);
    return paths;
  }
  const std::optional<Unseen>& unseen() const { return unseen_; }

 private:
  std::string take(const Answer& answer) {
    if (answer.status == Answer::Status::unseen && !unseen_) unseen_ = answer.why;
    return answer.status == Answer::Status::present ? answer.text : std::string();
  }

  Host& host_;
  std::optional<Unseen> unseen_{};
};

bool holds(std::string_view line, std::string_view words) {
  return line.find(words) != std::string_view::npos;
}

/// The first line that `fits`, blank ones and comments left out.
template <class Fits>
std::optional<Evidence> find_line(const std::string& path, std::string_view text, Fits&& fits) {
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#' || line.front() == ';' || !fits(line)) continue;
    return Evidence{EvidenceKind::file, path, number, std::string(line), true};
  }
  return std::nullopt;
}

using Found = std::optional<Evidence>;

/// "shop" of "shop.service".
std::string stem(const std::string& unit) {
  return unit.substr(0, unit.rfind('.'));
}

/// Scripts that run at each boot may start anything: what they call is not followed.
Found boot_script(Reader& reader) {
  const auto acts = [](std::string_view line) {
    return !line.starts_with("exit") && !line.starts_with("set ");
  };
  if (auto found = find_line("/etc/rc.local", reader.text("/etc/rc.local"), acts)) return found;
  for (const auto& path : reader.files("/var/lib/cloud/scripts/per-boot"))
    return Evidence{EvidenceKind::file, path, 0, "runs at each boot", false};
  std::vector<std::string> tables = reader.files("/etc/cron.d");
  for (auto& path : reader.files("/var/spool/cron/crontabs")) tables.push_back(std::move(path));
  tables.push_back("/etc/crontab");
  const auto at_boot = [](std::string_view line) { return line.starts_with("@reboot"); };
  for (const auto& path : tables) {
    if (auto found = find_line(path, reader.text(path), at_boot)) return found;
  }
  return std::nullopt;
}

/// Another unit that pulls this one in, or whose command starts it.
Found other_unit(Reader& reader, const Unit& unit) {
  const auto starts = [&](std::string_view line) {
    if (line.starts_with("Exec")) return holds(line, "systemctl") && holds(line, stem(unit.name));
    return holds(line, unit.name) && (line.starts_with("Wants") || line.starts_with("Requires") ||
                                      line.starts_with("BindsTo") || line.starts_with("Upholds") ||
                                      line.starts_with("OnSuccess"));
  };
  for (const auto& path : reader.files("/etc/systemd/system")) {
    // Targets, timers and sockets that start it stand in its WantedBy and TriggeredBy.
    if (path == unit.file || !path.ends_with(".service")) continue;
    if (auto found = find_line(path, reader.text(path), starts)) return found;
  }
  return std::nullopt;
}

/// A cluster manager, which starts on one machine what is disabled on all.
Found cluster_manager(const Deployment& host) {
  for (const auto& process : host.processes()->all()) {
    for (const char* name : {"pacemakerd", "corosync", "keepalived", "monit", "ucarp"}) {
      if (process.name == name)
        return Evidence{EvidenceKind::command, "processes", 0,
                        "pid " + std::to_string(process.pid) + " " + name, false};
    }
  }
  return std::nullopt;
}

long long number_of(std::string_view text, std::string_view name) {
  const auto at = text.find(std::string(name) + "=");
  if (at == std::string_view::npos) return 0;
  text.remove_prefix(at + name.size() + 1);
  long long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Whether the boot itself started it, and had not ended yet.
Found last_boot(Host& host, const Unit& unit) {
  const auto shown = [&](std::vector<std::string> argv) {
    return *decoded<CommandResult>(host.ask(ask::run(std::move(argv))), "systemctl show",
                                   decode_command);
  };
  const auto manager = shown({"systemctl", "show", "--property=FinishTimestampMonotonic"});
  const auto state =
      shown({"systemctl", "show", "--no-pager",
             "--property=Id,ActiveEnterTimestampMonotonic,BoundBy,UpheldBy", "--", unit.name});
  for (const char* name : {"BoundBy=", "UpheldBy="}) {
    const auto at = state.out.find(name);
    if (at == std::string::npos) continue;
    const std::string line = state.out.substr(at, state.out.find('\n', at) - at);
    if (line != name)
      return Evidence{EvidenceKind::command, "systemctl show " + unit.name, 0, line, false};
  }
  const long long finished = number_of(manager.out, "FinishTimestampMonotonic");
  const long long entered = number_of(state.out, "ActiveEnterTimestampMonotonic");
  if (finished > 0 && entered > finished) return std::nullopt;
  return Evidence{EvidenceKind::command, "systemctl show " + unit.name, 0,
                  "it became active before the boot had ended", false};
}

}  // namespace

Fact<std::optional<Evidence>> other_starter(const Deployment& host, const Unit& unit) {
  try {
    Reader reader(host.state().host);
    if (auto found = last_boot(host.state().host, unit)) return found;
    if (auto found = cluster_manager(host)) return found;
    if (auto found = boot_script(reader)) return found;
    if (auto found = other_unit(reader, unit)) return found;
    if (reader.unseen()) return *reader.unseen();
    return Found{};
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

Fact<std::optional<Evidence>> maker_of(const Deployment& host, const std::string& path) {
  Reader reader(host.state().host);
  const std::string old = "/var" + path;
  const auto names_it = [&](std::string_view line) {
    return holds(line, path) || holds(line, old);
  };
  for (const char* folder : {"/etc/tmpfiles.d", "/run/tmpfiles.d", "/usr/lib/tmpfiles.d"}) {
    for (const auto& file : reader.files(folder)) {
      if (auto found = find_line(file, reader.text(file), names_it)) return found;
    }
  }
  const std::string name = path.substr(std::string("/run/").size());
  const auto makes_it = [&](std::string_view line) {
    if (line.starts_with("RuntimeDirectory=")) return holds(line, name);
    if (line.starts_with("Listen")) return names_it(line);
    if (line.starts_with("ExecStartPre=")) return true;
    const bool is_server = holds(line, "gunicorn") || holds(line, "uwsgi");
    return line.starts_with("ExecStart=") && (!is_server || holds(line, "sh -c"));
  };
  for (const char* folder : {"/etc/systemd/system", "/run/systemd/system"}) {
    for (const auto& file : reader.files(folder)) {
      if (!file.ends_with(".service") && !file.ends_with(".socket")) continue;
      const std::string text = reader.text(file);
      // A command of the unit that serves there may make it by whatever name.
      if (!holds(text, path) && !holds(text, "RuntimeDirectory=") && !holds(text, name)) continue;
      if (auto found = find_line(file, text, makes_it)) return found;
    }
  }
  if (auto found = boot_script(reader)) return found;
  if (reader.unseen()) return *reader.unseen();
  return Found{};
}

}  // namespace hopcheck
