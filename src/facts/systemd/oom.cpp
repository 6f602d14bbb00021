// The kernel's lines about processes that it killed for want of memory.
#include "hopcheck/oom.h"

#include <charconv>

#include "facts/systemd/journal.h"

namespace hopcheck {
namespace {

/// What stands behind `label` up to one of `ends`.
std::string behind(std::string_view line, std::string_view label, std::string_view ends) {
  const auto at = line.find(label);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + label.size());
  return std::string(line.substr(0, line.find_first_of(ends)));
}

/// "shop.service" of "/system.slice/shop.service/worker".
std::string unit_of(const std::string& group) {
  const auto service = group.find(".service");
  if (service == std::string::npos) return {};
  const auto slash = group.rfind('/', service);
  return group.substr(slash + 1, service + 8 - slash - 1);
}

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

std::vector<OomKill> oom_kills_in(std::string_view journal) {
  std::vector<OomKill> kills;
  std::string group;  // of the line before, which tells more
  int group_pid = 0;
  for (const JournalLine& entry : parse_journal(journal)) {
    const std::string& line = entry.text;
    if (line.find("oom-kill:constraint=") != std::string::npos) {
      group = behind(line, "task_memcg=", ",");
      group_pid = number(behind(line, ",pid=", ","));
      continue;
    }
    const bool in_group = line.find("emory cgroup out of memory: Kill") != std::string::npos;
    if (!in_group && line.find("Out of memory: Kill") == std::string::npos) continue;
    OomKill kill;
    kill.time = entry.time;
    kill.pid = number(behind(line, "rocess ", " "));
    kill.process = behind(line, " (", ")");
    kill.group_limit = in_group;
    if (kill.pid == group_pid) kill.unit = unit_of(group);
    kill.line = line;
    if (kill.pid > 0) kills.push_back(std::move(kill));
  }
  return kills;
}

}  // namespace hopcheck
