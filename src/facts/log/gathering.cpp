// Durations at which failures gather: a time limit somewhere makes them, people do not.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hopcheck/logs.h"

namespace hopcheck {
namespace {

constexpr std::uint64_t kFewest = 4;
constexpr long kShortest_ms = 900;  // below, what fails fails at once
constexpr long kNear_ms = 300;

/// Two durations that one timer may have made: nginx rounds, and so do event loops.
long tolerance(long ms) {
  return std::max(kNear_ms, ms / 50);
}

void join(const Failed& failed, Gathering& into) {
  const bool newer = failed.seen.last >= into.last;
  into.least_ms = into.count == 0 ? failed.least_ms : std::min(into.least_ms, failed.least_ms);
  into.most_ms = std::max(into.most_ms, failed.most_ms);
  into.count += failed.seen.count;
  into.last = std::max(into.last, failed.seen.last);
  if (!newer) return;
  into.method = failed.method;
  into.path = failed.path;
  into.file = failed.file;
}

}  // namespace

std::optional<Gathering> gathering(const AccessLog& log, int status, bool prober) {
  std::vector<const Failed*> some;
  std::uint64_t all = 0;
  for (const Failed& failed : log.failed) {
    if (failed.status != status || failed.prober != prober) continue;
    all += failed.seen.count;
    if (failed.least_ms >= kShortest_ms) some.push_back(&failed);
  }
  std::sort(some.begin(), some.end(),
            [](const Failed* a, const Failed* b) { return a->least_ms < b->least_ms; });
  Gathering best;
  for (std::size_t i = 0; i < some.size(); ++i) {
    Gathering here;
    for (std::size_t j = i; j < some.size(); ++j) {
      if (some[j]->most_ms - some[i]->least_ms > tolerance(some[i]->least_ms)) break;
      join(*some[j], here);
    }
    if (here.count > best.count) best = here;
  }
  if (best.count < kFewest || 2 * best.count < all) return std::nullopt;
  best.of = all;
  return best;
}

bool lies_at(const Gathering& gathering, long long limit_ms) {
  const long near = tolerance(static_cast<long>(limit_ms));
  return gathering.least_ms >= limit_ms - near && gathering.least_ms <= limit_ms + near;
}

std::string Gathering::text() const {
  return fmt::format("at {:.1f} s", static_cast<double>(least_ms) / 1000);
}

Evidence Gathering::evidence(int status) const {
  const std::string at = least_ms == most_ms ? fmt::format("{} ms", least_ms)
                                             : fmt::format("{} to {} ms", least_ms, most_ms);
  return {EvidenceKind::log, file, 0,
          fmt::format("{} of {} requests that ended in {} did so after {}, the last {} {}", count,
                      of, status, at, method, path),
          true};
}

}  // namespace hopcheck
