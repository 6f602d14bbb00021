// Settings in .ini files, and what they lead to.
#include "hopcheck/ini.h"

#include <algorithm>

#include "facts/text/ini.h"
#include "model/state.h"

namespace hopcheck {
namespace {

const Process* process_of(const Deployment& host, int pid) {
  const auto* table = host.processes().if_seen();
  if (table == nullptr) return nullptr;
  for (const auto& process : table->seen_items()) {
    if (process.pid == pid) return &process;
  }
  return nullptr;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

std::vector<Located<std::string>> ini_values(const Deployment& host, const std::string& file,
                                             const std::string& section, const std::string& name) {
  std::vector<Located<std::string>> found;
  const Answer answer = host.state().host.ask(ask::read(file));
  if (answer.status != Answer::Status::present) return found;
  for (const auto& line : read_ini(file, answer.text)) {
    if (line.section == section && line.name == name) found.push_back(line.value);
  }
  return found;
}

std::vector<Located<std::string>> uwsgi_values(const Deployment& host, const AppServer& app,
                                               const std::vector<std::string>& names) {
  std::vector<Located<std::string>> found;
  const Process* process = process_of(host, app.pid);
  if (process == nullptr) return found;
  const Evidence from{
      EvidenceKind::kernel, "/proc/" + std::to_string(app.pid) + "/cmdline", 0, {}, false};
  const auto& argv = process->argv;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    for (const auto& name : names) {
      Evidence place = from;
      if (argv[i] == "--" + name && i + 1 < argv.size()) {
        place.text = argv[i] + " " + argv[i + 1];
        found.push_back({argv[i + 1], place});
      } else if (argv[i].starts_with("--" + name + "=")) {
        place.text = argv[i];
        found.push_back({argv[i].substr(name.size() + 3), place});
      }
      if (argv[i].starts_with('/') && argv[i].ends_with(".ini")) {
        for (auto& value : ini_values(host, argv[i], "uwsgi", name))
          found.push_back(std::move(value));
      }
    }
  }
  return found;
}

Fact<std::vector<std::string>> supervisor_log(const Deployment& host,
                                              const SupervisorProgram& program) {
  const std::string section = "program:" + program.name;
  const std::string& file = program.command.from.source;
  // With redirect_stderr both go to one file.
  for (const char* name : {"stderr_logfile", "stdout_logfile"}) {
    const auto values = ini_values(host, file, section, name);
    if (values.empty() || !values.back().value.starts_with('/')) continue;
    const std::string& path = values.back().value;
    const auto text =
        text_of(host.state().host.ask(ask::reduce(path, "last-lines-160")), path + ": not there");
    if (!text.seen()) return text.unseen();
    return lines_of(*text);
  }
  return Unseen{
      Unseen::Why::undecidable, "where supervisor keeps what " + program.name + " says", {}};
}

Fact<std::string> supervisor_gave_up(const Deployment& host, const SupervisorProgram& program) {
  // As Debian ships it, unless its settings name another.
  std::string path = "/var/log/supervisor/supervisord.log";
  const auto logs = ini_values(host, "/etc/supervisor/supervisord.conf", "supervisord", "logfile");
  if (!logs.empty() && logs.back().value.starts_with('/')) path = logs.back().value;
  path = path.substr(0, path.find_first_of(" ;"));
  const auto text =
      text_of(host.state().host.ask(ask::reduce(path, "last-lines-160")), path + ": not there");
  if (!text.seen()) return text.unseen();
  const auto lines = lines_of(*text);
  const std::string fatal = "gave up: " + program.name + " entered FATAL state";
  const std::vector<std::string> others = {"spawned: '" + program.name + "'",
                                           "success: " + program.name + " ",
                                           "stopped: " + program.name + " "};
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (line->find(fatal) != std::string::npos) return *line;
    for (const auto& other : others) {
      if (line->find(other) != std::string::npos) return std::string();
    }
  }
  return std::string();
}

}  // namespace hopcheck
