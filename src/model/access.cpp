// Whom nginx's allow and deny lines let in.
#include <algorithm>

#include "model/state.h"

namespace hopcheck {

bool known_sources(const LbSettings& lb) {
  return !lb.sources.value.empty() && (!lb.sources.assumed() || !lb.profile.assumed());
}

namespace {

const nginx::AccessRule* denies(const std::vector<nginx::AccessRule>& rules,
                                const std::string& client) {
  const auto* rule = nginx::deciding_rule(rules, client);
  return rule == nullptr || rule->allows ? nullptr : rule;
}

}  // namespace

Fact<const nginx::AccessRule*> Deployment::turns_lb_away(const Route& route) const {
  const nginx::AccessRule* none = nullptr;
  if (route.access.empty()) return none;
  const LbSettings& lb = route.target->lb;
  if (!known_sources(lb)) {
    return Unseen{Unseen::Why::undecidable,
                  "nginx admits by address, and the load balancer's is not known (--lb-source)",
                  {}};
  }
  try {
    // A line for this host alone says nothing of the load balancer, though the address may lie in
    // the load balancer's network.
    const auto own = *addresses();
    std::vector<nginx::AccessRule> rules;
    std::copy_if(route.access.begin(), route.access.end(), std::back_inserter(rules),
                 [&](const auto& rule) {
                   return std::find(own.begin(), own.end(), rule.source) == own.end();
                 });
    for (const auto& source : lb.sources.value) {
      const auto* rule = denies(rules, source);
      if (rule == nullptr) continue;
      const auto same = std::find_if(route.access.begin(), route.access.end(),
                                     [&](const auto& each) { return each.from == rule->from; });
      return &*same;
    }
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
  return none;
}

Fact<const nginx::AccessRule*> Deployment::turns_us_away(const Route& route) const {
  try {
    // Who connects to an address of its own comes from that address.
    return denies(route.access, route.request.address);
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

}  // namespace hopcheck
