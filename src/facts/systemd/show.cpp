// `systemctl show`, read.
#include "facts/systemd/show.h"

#include <algorithm>
#include <charconv>
#include <sstream>

#include "facts/text/words.h"

namespace hopcheck {
namespace {

int to_int(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string> blank_separated(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

bool set_text(ShownUnit& unit, std::string_view name, std::string_view value) {
  std::string* const place = name == "Id"              ? &unit.id
                             : name == "FragmentPath"  ? &unit.fragment
                             : name == "LoadState"     ? &unit.state.load
                             : name == "ActiveState"   ? &unit.state.active
                             : name == "SubState"      ? &unit.state.sub
                             : name == "Result"        ? &unit.state.result
                             : name == "UnitFileState" ? &unit.state.enabled
                                                       : nullptr;
  if (place != nullptr) *place = value;
  return place != nullptr;
}

void set(ShownUnit& unit, std::string_view name, std::string_view value) {
  if (set_text(unit, name, value)) return;
  if (name == "Names") unit.names = blank_separated(value);
  if (name == "DropInPaths") unit.drop_ins = blank_separated(value);
  if (name == "MainPID") unit.state.main_pid = to_int(value);
  if (name == "ExecMainCode") unit.state.exit_code = to_int(value);
  if (name == "ExecMainStatus") unit.state.exit_status = to_int(value);
  if (name == "NRestarts") unit.state.restarts = to_int(value);
  if (name == "NeedDaemonReload") unit.state.needs_daemon_reload = value == "yes";
}

}  // namespace

std::vector<std::string> show_command(const std::vector<std::string>& units) {
  std::vector<std::string> argv{"systemctl", "show", "--no-pager",
                                "--property=Id,Names,FragmentPath,DropInPaths,LoadState,"
                                "ActiveState,SubState,Result,UnitFileState,"
                                "MainPID,ExecMainCode,ExecMainStatus,NRestarts,NeedDaemonReload",
                                "--"};
  argv.insert(argv.end(), units.begin(), units.end());
  return argv;
}

std::vector<ShownUnit> parse_show(std::string_view text) {
  std::vector<ShownUnit> units;
  ShownUnit unit;
  const auto finish = [&] {
    if (!unit.id.empty()) units.push_back(std::move(unit));
    unit = {};
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto equals = line.find('=');
    if (trimmed(line).empty()) {
      finish();
    } else if (equals != std::string_view::npos) {
      set(unit, line.substr(0, equals), line.substr(equals + 1));
    }
  }
  finish();
  return units;
}

}  // namespace hopcheck
