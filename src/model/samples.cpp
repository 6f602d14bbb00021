// Requests that are sent more than once, to tell what is always slow from what was slow once.
#include <algorithm>

#include "hopcheck/sample.h"
#include "model/state.h"

namespace hopcheck {
namespace {

// So quick an answer costs nobody anything.
constexpr double kQuickMs = 250;
// One as slow as this is not asked for twice more.
constexpr double kTediousMs = 3000;

/// How often a request is repeated that took `first_ms` where `limit_ms` are allowed.
int repetitions(double first_ms, double limit_ms) {
  if (first_ms <= kQuickMs) return 4;
  if (first_ms < limit_ms / 2) return 0;
  return first_ms <= kTediousMs ? 2 : 1;
}

}  // namespace

Fact<std::vector<Measurement>> measured(const Deployment& host, const Route& route) {
  const Fact<Exchange> first = host.probe(route);
  if (!first.seen()) return first.unseen();
  std::vector<Measurement> all{{first->outcome, first->status, first->total_ms}};
  if (!first->answered() || route.request.scheme == "tcp") return all;
  const int count = repetitions(first->total_ms, route.target->lb.timeout_ms.value);
  if (count == 0) return all;
  const auto more = decoded<std::vector<Measurement>>(
      host.state().host.ask(ask::sample(request_of(host, route), count)), route.request.url(),
      decode_sample);
  if (!more.seen()) return more.unseen();
  all.insert(all.end(), more->begin(), more->end());
  return all;
}

Fact<Partial<Listener>> listeners_after_probe(const Deployment& host) {
  const Answer answer = host.state().host.ask(ask::listeners_again(2));
  return decoded<Partial<Listener>>(answer, "the listening sockets", [&](const std::string& text) {
    return Partial<Listener>(absolute(decode_listeners(text), host.processes().if_seen()));
  });
}

Spread spread(const std::vector<Measurement>& measurements) {
  std::vector<double> times;
  for (const auto& one : measurements) times.push_back(one.total_ms);
  if (times.empty()) return {};
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times.back()};
}

}  // namespace hopcheck
