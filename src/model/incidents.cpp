// Incidents in the journal of a unit: journalctl itself picks the lines, whatever else there is.
#include "hopcheck/incidents.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "facts/systemd/journal.h"
#include "model/state.h"

namespace hopcheck {
namespace {

/// Lines of gunicorn, uWSGI and systemd, as journalctl's --grep takes them.
constexpr const char* kPattern =
    "WORKER TIMEOUT|was sent SIG|terminated due to signal|HARAKIRI|timed out. Killing|"
    "remains running after unit stopped|left-over process|...brutally killing workers|"
    "binary reloading uWSGI";

Fact<double> now_of(Host& host) {
  const auto clock = decoded<Clock>(host.ask(ask::now()), "the time", decode_clock);
  if (!clock.seen()) return clock.unseen();
  return static_cast<double>(clock->now);
}

}  // namespace

Fact<std::vector<Incident>> incidents(const Deployment& host, const std::string& unit) {
  Deployment::State& state = host.state();
  const auto lines = decoded<CommandResult>(
      state.host.ask(ask::run({"journalctl", "--no-pager", "-o", "short-unix", "-n", "400",
                               "--since=-3600s", std::string("--grep=") + kPattern, "-u", unit})),
      "the journal of " + unit, decode_command);
  if (!lines.seen()) return lines.unseen();
  if (lines->err.find("insufficient permissions") != std::string::npos ||
      lines->err.find("not seeing messages") != std::string::npos)
    return Unseen{Unseen::Why::denied, "the journal of " + unit, "root"};
  // 1: no line of that kind; but also what this journalctl cannot do.
  if (lines->exit_code > 1 || lines->err.find("pattern matching") != std::string::npos)
    return Unseen{Unseen::Why::failed, "the journal of " + unit, {}};
  const Fact<double> now = now_of(state.host);
  if (!now.seen()) return now.unseen();
  std::vector<Incident> found;
  for (auto& line : parse_journal(lines->out))
    found.push_back({std::max(0.0, *now - line.time), std::move(line.text)});
  // With --grep and -n journalctl prints the newest first.
  std::stable_sort(found.begin(), found.end(),
                   [](const Incident& a, const Incident& b) { return a.age_s > b.age_s; });
  return found;
}

std::vector<Incident> with_words(const std::vector<Incident>& all,
                                 const std::vector<std::string>& words) {
  std::vector<Incident> some;
  std::copy_if(all.begin(), all.end(), std::back_inserter(some), [&](const Incident& one) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return one.text.find(word) != std::string::npos;
    });
  });
  return some;
}

Fact<double> age_of(const Deployment& host, int pid) {
  const Fact<double> now = now_of(host.state().host);
  if (!now.seen()) return now.unseen();
  if (!host.processes().seen()) return host.processes().unseen();
  for (const Process& process : host.processes()->seen_items()) {
    if (process.pid == pid && process.started > 0)
      return std::max(0.0, *now - static_cast<double>(process.started));
  }
  return Unseen{Unseen::Why::failed, fmt::format("when process {} started", pid), {}};
}

std::string span(double seconds) {
  if (seconds < 120) return fmt::format("{} s", std::lround(seconds));
  return fmt::format("{} min", std::lround(seconds / 60));
}

std::string ago(double seconds) {
  return span(seconds) + " ago";
}

}  // namespace hopcheck
