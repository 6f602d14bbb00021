// nginx rewrites its processes' titles: a master's holds the whole command line in one string.
#include "facts/nginx/instances.h"

#include <algorithm>

#include "hopcheck/finding.h"

namespace hopcheck::nginx {

namespace {

constexpr std::string_view kMaster = "nginx: master process";
constexpr std::string_view kWorker = "nginx: worker process";

std::string_view title(const Process& process) {
  return process.argv.empty() ? std::string_view{} : std::string_view(process.argv.front());
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t from = text.find_first_not_of(" \t\r\n");
    if (from == std::string_view::npos) return out;
    text.remove_prefix(from);
    const std::size_t end = std::min(text.find_first_of(" \t\r\n"), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

/// A run of the program that only asks or tells: -t, -V, -s reload.
bool is_command(const std::vector<std::string>& argv) {
  return std::any_of(argv.begin(), argv.end(), [](const std::string& word) {
    return word.size() >= 2 && word[0] == '-' &&
           std::string_view("tTvVshq?").find(word[1]) != std::string_view::npos;
  });
}

/// Runs without a master, and so without a title (`master_process off`).
bool is_single(const Process& process) {
  const std::string* exe = process.exe.if_seen();
  const bool named = process.name == "nginx" || (exe != nullptr && exe->ends_with("/nginx"));
  return named && !process.argv.empty() && !title(process).starts_with("nginx: ") &&
         !is_command(process.argv);
}

/// The value of "-c X" or "-cX" behind the program.
std::string option(const std::vector<std::string>& argv, std::string_view flag) {
  for (std::size_t i = 1; i < argv.size(); ++i) {
    const std::string& word = argv[i];
    if (word == flag) return i + 1 < argv.size() ? argv[i + 1] : "";
    if (word.starts_with(flag)) return word.substr(flag.size());
  }
  return {};
}

Instance instance_of(const Process& master) {
  Instance out;
  out.master = master.pid;
  out.unit = master.unit;
  out.worker = Unseen{Unseen::Why::failed, "nginx has no worker process", {}};
  const bool titled = title(master).starts_with(kMaster);
  const auto argv = titled ? words(title(master).substr(kMaster.size())) : master.argv;
  out.conf_path = option(argv, "-c");
  out.prefix = option(argv, "-p");
  const std::string* exe = master.exe.if_seen();
  if (exe != nullptr) {
    out.program =
        exe->substr(0, exe->find(" (deleted)"));  // replaced by an upgrade since it started
  } else if (!argv.empty() && argv.front().starts_with('/')) {
    out.program = argv.front();
  }
  return out;
}

bool is_worker(const Process& process) {
  const std::string_view text = title(process);
  return text.starts_with(kWorker) && text.find("shutting down") == std::string_view::npos;
}

void add_workers(const Partial<Process>& processes, Instance& instance) {
  for (const Process& process : processes.seen_items()) {
    if (process.parent != instance.master || !is_worker(process)) continue;
    if (instance.workers.empty()) instance.worker = process.credentials;
    instance.workers.push_back(process.pid);
  }
}

std::string build_option(const std::vector<std::string>& all, std::string_view name) {
  for (const std::string& word : all) {
    if (word.starts_with(name)) return word.substr(name.size());
  }
  return {};
}

}  // namespace

std::vector<Instance> running_instances(const Partial<Process>& processes) {
  std::vector<Instance> out;
  for (const Process& process : processes.seen_items()) {
    const bool single = is_single(process);
    if (!single && !title(process).starts_with(kMaster)) continue;
    Instance instance = instance_of(process);
    add_workers(processes, instance);
    if (single && instance.workers.empty()) {
      instance.workers.push_back(process.pid);
      instance.worker = process.credentials;
    }
    out.push_back(std::move(instance));
  }
  return out;
}

BuildOptions parse_build_options(std::string_view text) {
  const auto all = words(text);
  BuildOptions out;
  const std::size_t at = text.find("nginx/");
  if (at != std::string_view::npos) {
    const std::string_view rest = text.substr(at + 6);
    out.version = rest.substr(0, rest.find_first_not_of("0123456789."));
  }
  out.conf_path = build_option(all, "--conf-path=");
  out.prefix = build_option(all, "--prefix=");
  out.user = build_option(all, "--user=");
  out.error_log_path = build_option(all, "--error-log-path=");
  return out;
}

std::string Instance::command(const std::string& options) const {
  std::string text =
      program.empty() || program == "/usr/sbin/nginx" ? "nginx" : shell_quote(program);
  if (!options.empty()) text += " " + options;
  if (conf_path != "/etc/nginx/nginx.conf") text += " -c " + shell_quote(conf_path);
  if (!prefix.empty()) text += " -p " + shell_quote(prefix);
  return text;
}

std::string Instance::load_command() const {
  const std::string test = command("-t") + " && ";
  const bool runs = master != 0;
  if (!unit.empty())
    return test + (runs ? "systemctl reload " : "systemctl start ") + shell_quote(unit);
  return test + command(runs ? "-s reload" : "");
}

namespace {

/// "1234#1234: open() …" when it is written by a logger that names the process.
std::string without_process(std::string_view line) {
  const std::size_t hash = line.find('#');
  const std::size_t colon = line.find(": ");
  if (hash != std::string_view::npos && colon != std::string_view::npos && hash < colon &&
      line.find_first_not_of("0123456789#") == colon) {
    line.remove_prefix(colon + 2);
  }
  return std::string(line);
}

}  // namespace

std::string test_verdict(const std::string& stderr_text) {
  if (stderr_text.find("test is successful") != std::string::npos) return {};
  static constexpr std::string_view kMark = "[emerg] ";
  const std::size_t at = stderr_text.rfind(kMark);
  if (at == std::string::npos) return {};
  const std::string_view line = std::string_view(stderr_text).substr(at + kMark.size());
  return without_process(line.substr(0, line.find('\n')));
}

std::vector<std::string> test_warnings(const std::string& stderr_text) {
  static constexpr std::string_view kMark = "[warn] ";
  std::vector<std::string> out;
  std::string_view rest = stderr_text;
  for (std::size_t at = rest.find(kMark); at != std::string_view::npos; at = rest.find(kMark)) {
    rest.remove_prefix(at + kMark.size());
    out.push_back(without_process(rest.substr(0, rest.find('\n'))));
  }
  return out;
}

}  // namespace hopcheck::nginx
