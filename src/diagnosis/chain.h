// The chain of hops that a report shows for a route, and the route's own verdict.
#pragma once

#include <string>
#include <vector>

#include "diagnosis/pages.h"
#include "report/report.h"

namespace hopcheck {

/// What the chain needs of a finding.
struct JudgedFinding {
  const Finding* finding{nullptr};
  const CodePage* page{nullptr};
  bool root{false};
  bool counts{true};  ///< not ignored, and not the effect of ignored causes alone
};

/// The hops of a requested route, from the load balancer inwards, each with what is known of it.
std::vector<ChainHop> chain_of(const Deployment& host, const Route& route,
                               const std::vector<JudgedFinding>& findings);

/// Whether the route was judged: asked for and answered or failed, or followed to its end in
/// the files where nothing is to be sent.
bool judged(const Deployment& host, const Route& route);

}  // namespace hopcheck
