// `systemctl show`, read.
#include "facts/systemd/show.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "facts/text/words.h"

namespace hopcheck {
namespace {

int to_int(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void append(std::vector<std::string>& names, std::string_view value) {
  for (auto& name : blank_separated(value)) names.push_back(std::move(name));
}

/// "infinity" is -1; what is no number 0.
long long limit(std::string_view text) {
  if (text == "infinity") return -1;
  unsigned long long value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr auto most = static_cast<unsigned long long>(std::numeric_limits<long long>::max());
  return value > most ? -1 : static_cast<long long>(value);
}

/// "1min 30s" in milliseconds; -1 for "infinity", 0 for what is no time span.
long long span_ms(std::string_view text) {
  if (text == "infinity") return -1;
  static constexpr std::pair<std::string_view, double> units[] = {
      {"us", 0.001},          {"ms", 1},         {"s", 1000},        {"min", 60'000},
      {"h", 3'600'000},       {"d", 86'400'000}, {"w", 604'800'000}, {"month", 2'629'800'000.0},
      {"y", 31'557'600'000.0}};
  double total = 0;
  for (const std::string& word : blank_separated(text)) {
    double count = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), count);
    if (error != std::errc{}) return 0;
    const std::string_view unit(end, static_cast<std::size_t>(word.data() + word.size() - end));
    const auto known = std::find_if(std::begin(units), std::end(units),
                                    [unit](const auto& one) { return one.first == unit; });
    if (known == std::end(units)) return 0;
    total += count * known->second;
  }
  return static_cast<long long>(total);
}

bool set_text(ShownUnit& unit, std::string_view name, std::string_view value) {
  std::string* const place = name == "Id"              ? &unit.id
                             : name == "FragmentPath"  ? &unit.fragment
                             : name == "LoadState"     ? &unit.state.load
                             : name == "ActiveState"   ? &unit.state.active
                             : name == "SubState"      ? &unit.state.sub
                             : name == "Result"        ? &unit.state.result
                             : name == "UnitFileState" ? &unit.state.enabled
                             : name == "Restart"       ? &unit.state.restart
                             : name == "KillMode"      ? &unit.state.kill_mode
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
  if (name == "TimeoutStopUSec") unit.state.stop_timeout_ms = span_ms(value);
  if (name == "LimitNOFILE") unit.state.open_files = limit(value);
  if (name == "WantedBy" || name == "RequiredBy") append(unit.state.wanted_by, value);
  if (name == "TriggeredBy") append(unit.state.triggered_by, value);
  if (name == "NeedDaemonReload") unit.state.needs_daemon_reload = value == "yes";
}

}  // namespace

std::vector<std::string> show_command(const std::vector<std::string>& units) {
  std::vector<std::string> argv{
      "systemctl", "show", "--no-pager",
      "--property=Id,Names,FragmentPath,DropInPaths,LoadState,"
      "ActiveState,SubState,Result,UnitFileState,"
      "MainPID,ExecMainCode,ExecMainStatus,NRestarts,NeedDaemonReload,Restart,"
      "KillMode,TimeoutStopUSec,LimitNOFILE,WantedBy,RequiredBy,TriggeredBy",
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
