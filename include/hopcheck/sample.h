// Several identical requests: how long each took, and what it was answered.
#pragma once

#include <vector>

#include "hopcheck/fact.h"
#include "hopcheck/http.h"
#include "hopcheck/process.h"

namespace hopcheck {

class Deployment;
struct Route;

/// One of several identical exchanges.
struct Measurement {
  Exchange::Outcome outcome{Exchange::Outcome::failed};
  int status{0};
  double total_ms{0};

  bool answered() const { return outcome == Exchange::Outcome::answered; }
};

/// The route's own request sent again, a few times, one after another: often where it is answered
/// at once, once or twice where it came near the load balancer's time limit or above it, and never
/// in between or where it got no answer (each would take a worker). The first exchange leads.
Fact<std::vector<Measurement>> measured(const Deployment& host, const Route& route);

/// The sockets as they stood after the load balancer's request was waited for in vain and before
/// the next one was sent: what is queued in them now was not accepted in all that time.
Fact<Partial<Listener>> listeners_after_probe(const Deployment& host);

/// The middle one of the times, and the longest, in milliseconds.
struct Spread {
  double median_ms{0};
  double worst_ms{0};
};
Spread spread(const std::vector<Measurement>& measurements);

}  // namespace hopcheck
