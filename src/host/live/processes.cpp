// All processes, in one table. They come and go while we look: one that vanishes is left out.
#include "host/live/processes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/tables.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

constexpr std::size_t status_cap = 65536;
constexpr std::size_t cmdline_cap = 32768;
constexpr std::size_t environ_cap = 262144;
constexpr std::size_t most_processes = 50'000;
constexpr unsigned long kernel_thread = 0x00200000;  // PF_KTHREAD, linux/sched.h

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = text.find_first_not_of(" \t\n", at);
    if (begin == text.npos) break;
    at = std::min(text.find_first_of(" \t\n", begin), text.size());
    words.push_back(text.substr(begin, at - begin));
  }
  return words;
}

template <class Number>
Number number_of(std::string_view text, int base = 10) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\0', begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Reads one process after the other.
class ProcessReader {
 public:
  explicit ProcessReader(const Accounts& accounts) : accounts_(accounts) {}

  enum class Seen { yes, no, hidden };
  Seen read(int pid, int directory, Process& process) const {
    process.pid = pid;
    const auto stat = slurp(directory, "stat", status_cap);
    if (!stat) return errno == EACCES || errno == EPERM ? Seen::hidden : Seen::no;
    if (!read_stat(*stat, process)) return Seen::no;
    const auto status = slurp(directory, "status", status_cap);
    const auto cmdline = slurp(directory, "cmdline", cmdline_cap);
    if (!status || !cmdline) return errno == EACCES || errno == EPERM ? Seen::hidden : Seen::no;
    read_status(*status, process);
    process.argv = parts_of(*cmdline);
    if (cmdline->size() == cmdline_cap) process.argv.emplace_back("[cut]");
    process.unit = unit_of_cgroup(slurp(directory, "cgroup", status_cap).value_or(""));
    process.exe = link_fact(directory, "exe", pid);
    process.cwd = link_fact(directory, "cwd", pid);
    read_environment(directory, process);
    return Seen::yes;
  }

 private:
  // "812 (name with ) and blanks) S 1 …"; false for kernel threads.
  bool read_stat(const std::string& text, Process& process) const {
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == text.npos || close == text.npos || close < open) return false;
    const auto fields = words_of(std::string_view(text).substr(close + 1));
    if (fields.size() < 20) return false;
    process.name = text.substr(open + 1, close - open - 1);
    process.state = fields[0].front();
    process.parent = number_of<int>(fields[1]);
    if ((number_of<unsigned long>(fields[6]) & kernel_thread) != 0) return false;
    const auto ticks = number_of<long long>(fields[19]);
    process.started = boot_ + ticks / std::max(sysconf(_SC_CLK_TCK), 1L);
    return true;
  }

  void read_status(const std::string& text, Process& process) const {
    for (std::size_t begin = 0; begin < text.size();) {
      const auto words = words_of(next_line(text, begin));
      if (words.empty()) continue;
      Credentials& who = process.credentials;
      // Real, effective, saved, file system.
      if (words[0] == "Uid:" && words.size() > 2)
        who.user = accounts_.user(number_of<uid_t>(words[2]));
      if (words[0] == "Gid:" && words.size() > 2)
        who.group = accounts_.group(number_of<gid_t>(words[2]));
      if (words[0] == "Groups:") {
        for (std::size_t i = 1; i < words.size(); ++i) {
          who.groups.push_back(accounts_.group(number_of<gid_t>(words[i])));
        }
      }
      if (words[0] == "CapEff:" && words.size() > 1) {
        constexpr unsigned long long override_and_search = 0b110;  // linux/capability.h, 1 and 2
        who.bypasses_modes =
            (number_of<unsigned long long>(words[1], 16) & override_and_search) != 0;
      }
    }
  }

  static Fact<std::string> link_fact(int directory, const char* name, int pid) {
    auto target = link_target(directory, name);
    if (target) return std::move(*target);
    if (errno == EACCES || errno == EPERM) {
      return Unseen{Unseen::Why::denied, std::string(name) + " of process " + std::to_string(pid),
                    needs_root()};
    }
    // A zombie has none.
    return Unseen{Unseen::Why::not_captured, name, ""};
  }

  static bool is_candidate(const Process& process) {
    constexpr std::array<std::string_view, 7> names{"gunicorn", "uwsgi",  "uvicorn",  "waitress",
                                                    "flask",    "python", "hypercorn"};
    const auto mentions = [&](std::string_view text) {
      return std::any_of(names.begin(), names.end(),
                         [&](std::string_view name) { return text.find(name) != text.npos; });
    };
    return mentions(process.name) ||
           std::any_of(process.argv.begin(), process.argv.end(), mentions);
  }

  static bool is_allowed(std::string_view name) {
    constexpr std::array<std::string_view, 14> names{
        "GUNICORN_CMD_ARGS", "FORWARDED_ALLOW_IPS", "WEB_CONCURRENCY", "PORT",
        "FLASK_APP",         "FLASK_ENV",           "FLASK_DEBUG",     "FLASK_RUN_PORT",
        "FLASK_RUN_HOST",    "VIRTUAL_ENV",         "LISTEN_FDS",      "LISTEN_PID",
        "NOTIFY_SOCKET",     "PYTHONPATH"};
    return std::find(names.begin(), names.end(), name) != names.end();
  }

  static void read_environment(int directory, Process& process) {
    std::map<std::string, std::string> environment;
    if (is_candidate(process)) {
      const auto text = slurp(directory, "environ", environ_cap);
      if (!text && (errno == EACCES || errno == EPERM)) {
        process.environment = Unseen{Unseen::Why::denied, "environment", needs_root()};
        return;
      }
      for (const std::string& part : parts_of(text.value_or(""))) {
        const std::size_t equals = part.find('=');
        if (equals == part.npos || !is_allowed(std::string_view(part).substr(0, equals))) continue;
        environment.try_emplace(part.substr(0, equals), part.substr(equals + 1));
      }
    }
    process.environment = std::move(environment);
  }

  const Accounts& accounts_;
  long long boot_{boot_time()};
};

}  // namespace

bool processes_hidden() {
  struct stat first {};
  return geteuid() != 0 && stat("/proc/1/stat", &first) != 0;
}

long long boot_time() {
  const std::string text = slurp(AT_FDCWD, "/proc/stat", std::size_t{1} << 20).value_or("");
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view line = next_line(text, begin);
    if (starts_with(line, "btime ")) return number_of<long long>(line.substr(6));
  }
  return 0;
}

// "0::/system.slice/shop.service", or "1:name=systemd:/…" of the older hierarchy.
std::string unit_of_cgroup(const std::string& text) {
  const auto ends_with = [](std::string_view part, std::string_view end) {
    return part.size() > end.size() && part.substr(part.size() - end.size()) == end;
  };
  std::string unit;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view line = next_line(text, begin);
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? first : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string_view controller = line.substr(first + 1, second - first - 1);
    if (!controller.empty() && controller != "name=systemd") continue;
    for (std::size_t at = second + 1; at < line.size();) {
      const std::size_t end = std::min(line.find('/', at), line.size());
      const std::string_view part = line.substr(at, end - at);
      if (ends_with(part, ".service") || ends_with(part, ".scope")) unit = part;
      at = end + 1;
    }
    if (!unit.empty()) return unit;
  }
  return unit;
}

bool each_process(const std::function<bool(int pid, int directory)>& each) {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (!proc) return false;
  while (const dirent* entry = readdir(proc.get())) {
    const std::string_view name = entry->d_name;
    if (name.find_first_not_of("0123456789") != name.npos) continue;
    const Fd directory(openat(dirfd(proc.get()), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (directory.open() && !each(number_of<int>(name), directory.get())) break;
  }
  return true;
}

Answer processes(const Accounts& accounts, const Deadline& deadline) {
  const ProcessReader reader(accounts);
  Answer answer = Answer::present("");
  std::vector<Process> found;
  std::size_t hidden = 0;
  const bool read = each_process([&](int pid, int directory) {
    if (deadline.passed()) {
      answer.missing.push_back({Unseen::Why::timed_out, "further processes", ""});
      return false;
    }
    if (found.size() == most_processes) {
      answer.missing.push_back({Unseen::Why::truncated, "further processes", ""});
      return false;
    }
    Process process;
    const auto seen = reader.read(pid, directory, process);
    if (seen == ProcessReader::Seen::yes) found.push_back(std::move(process));
    if (seen == ProcessReader::Seen::hidden) ++hidden;
    return true;
  });
  if (!read) return Answer::unseen({Unseen::Why::failed, "/proc: " + error_text(errno), ""});
  if (hidden > 0 || processes_hidden()) {
    answer.missing.push_back({Unseen::Why::denied, "processes of other users", needs_root()});
  }
  std::sort(found.begin(), found.end(),
            [](const Process& a, const Process& b) { return a.pid < b.pid; });
  answer.text = encode_processes(found);
  return answer;
}

}  // namespace hopcheck::live
