// Evidence made from what was seen.
#include "hopcheck/cite.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace hopcheck {

Evidence cite(const Listener& listener) {
  std::string holders;
  for (const int pid : listener.pids.seen_items()) {
    holders += fmt::format("{}{}", holders.empty() ? " (pid " : ", ", pid);
  }
  if (!holders.empty()) holders += ")";
  return {EvidenceKind::kernel, "listening sockets", 0, listener.text() + holders, false};
}

Evidence cite_no_listener(const std::string& where) {
  return {EvidenceKind::kernel, "listening sockets", 0, "nobody listens on " + where, false};
}

Evidence cite(const PathStep& step) {
  return {EvidenceKind::kernel, "stat " + step.path, 0, describe(step), false};
}

Evidence cite(const Request& request, const Exchange& exchange) {
  return {EvidenceKind::probe, request.method + " " + request.url(), 0, describe(exchange),
          exchange.answered()};
}

Evidence cite(const Unit& unit, const UnitState& state) {
  std::string text = state.active + " (" + state.sub + ")";
  if (!state.result.empty() && state.result != "success") text += ", result " + state.result;
  if (state.exit_code != 0 && state.is_failing()) text += ", " + exit_words(state);
  if (state.restarts == 1) text += ", restarted once";
  if (state.restarts > 1) text += fmt::format(", restarted {} times", state.restarts);
  return {EvidenceKind::command, "systemctl show " + unit.name, 0, text, false};
}

Evidence cite_log(const std::string& source, const std::string& line) {
  return {EvidenceKind::log, source, 0, line, true};
}

std::size_t exception_line(const std::vector<std::string>& lines) {
  for (std::size_t i = lines.size(); i-- > 0;) {
    const std::string& line = lines[i];
    const auto colon = line.find(": ");
    if (colon == std::string::npos || line[0] == ' ' || line.find(' ') < colon) continue;
    const std::string name = line.substr(0, colon);
    if (name.ends_with("Error") || name.ends_with("Exception")) return i;
  }
  return lines.size();
}

std::size_t telling_line(const std::vector<std::string>& lines) {
  const std::size_t exception = exception_line(lines);
  if (exception < lines.size()) return exception;
  for (std::size_t i = lines.size(); i-- > 0;) {
    for (const char* word : {"[ERROR]", "rror:", "Failed to", "failed:"}) {
      const bool says = lines[i].find(word) != std::string::npos;
      // What systemd says at every failure names no reason.
      const bool always = lines[i].find("Failed with result") != std::string::npos ||
                          lines[i].rfind("Failed to start ", 0) == 0;
      if (says && !always) return i;
    }
  }
  return lines.size();
}

Evidence cite_setting(const std::string& name, const std::string& value, From from,
                      const std::string& source) {
  Evidence evidence{EvidenceKind::config, source, 0, name + " = " + value, false};
  if (from == From::default_) {
    evidence.kind =
        source.rfind("profile", 0) == 0 ? EvidenceKind::profile : EvidenceKind::default_;
  }
  if (from != From::config) return evidence;
  const auto colon = source.rfind(':');
  if (colon == std::string::npos) return evidence;
  int line = 0;
  const char* end = source.data() + source.size();
  if (std::from_chars(source.data() + colon + 1, end, line).ptr != end) return evidence;
  evidence.source = source.substr(0, colon);
  evidence.line = line;
  return evidence;
}

std::string describe(const Exchange& exchange) {
  const auto ms = std::lround(exchange.total_ms);
  switch (exchange.outcome) {
    case Exchange::Outcome::answered:
      return exchange.status == 0 ? fmt::format("connected in {} ms", ms)
                                  : fmt::format("{} in {} ms", exchange.status, ms);
    case Exchange::Outcome::timed_out:
      return fmt::format("no answer in {}", duration_text(ms));
    default:
      return exchange.error.empty() ? "no answer" : exchange.error;
  }
}

}  // namespace hopcheck
