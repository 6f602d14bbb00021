// The kernel's rules as they were seen, and who manages them.
#pragma once

#include <string>
#include <vector>

#include "facts/firewall/evaluate.h"
#include "facts/firewall/insertion.h"
#include "hopcheck/firewall.h"
#include "model/state.h"

namespace hopcheck {

struct FirewallRules {
  firewall::Ruleset rules{};
  std::vector<Unseen> missing{};  ///< what may hold further rules
};

const Fact<std::shared_ptr<const FirewallRules>>& firewall_rules(const Deployment& host);

/// "ufw", "firewalld", "nftables", "iptables", "" where there are no rules.
std::string front_end_of(const firewall::Ruleset& rules);

/// A connection as the rules see it, and the peers as they are to be written.
struct Caller {
  firewall::Connection connection{};
  std::vector<std::string> sources{};
  bool known{false};
};
/// Peers as a person would write them: this host's own address, which nobody else has, is no gap.
std::vector<std::string> told(firewall::Ranges peers, const Caller& caller);
/// Throws NotSeen.
Caller caller_of(const Deployment& host, const Route& route);

/// How to let the caller in, in the words of the front end in use.
std::vector<Fix> firewall_fixes(const Deployment& host, const firewall::Ruleset& rules,
                                const Caller& caller, const std::vector<firewall::Fate>& fates);

/// The verdict of rules on a caller, without fixes.
FirewallVerdict verdict_of(const firewall::Ruleset& rules, const Caller& caller,
                           const std::vector<firewall::Fate>& fates);

}  // namespace hopcheck
