// What the host's packet filter does with the load balancer's connections.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// A rule as the kernel holds it, or the policy of a chain.
struct FirewallRule {
  std::string tool{};   ///< what lists it: nft, iptables-nft, ip6tables-legacy …
  std::string table{};  ///< "inet filter", "filter"
  std::string chain{};
  int handle{0};  ///< nft's; 0: none
  int number{0};  ///< of iptables, counted from 1; 0: the policy
  std::string text{};

  /// "inet filter input", "iptables INPUT"
  std::string chain_text() const;
};

/// "nft -a list chain inet filter input | tcp dport 80 drop # handle 7"
Evidence cite(const FirewallRule& rule);

/// What becomes of the connections from some of the load balancer's addresses.
struct FirewallPart {
  enum class Action { accept, drop, reject, unknown };
  Action action{Action::accept};
  std::vector<std::string> sources{};  ///< networks; empty: any address from outside
  FirewallRule rule{};   ///< what decides, or could not be judged; no table: nothing speaks of it
  std::string how{};     ///< of a reject: what is sent back
  bool outgoing{false};  ///< what this host answers is stopped
  bool later{false};     ///< the first packet passes, those behind it do not
  bool names_source{false};  ///< the rule speaks of the sender's address
};

struct FirewallVerdict {
  std::string front_end{};  ///< nftables, iptables, ufw, firewalld; "" : there are no rules
  bool sources_known{false};
  std::vector<std::string> sources{};  ///< the load balancer's, of the probe's address family
  std::string address{};
  int port{0};
  std::vector<FirewallPart> parts{};
  std::vector<Fix> fixes{};  ///< where a part is stopped

  /// What all parts have in common; unknown where some are let in and others are not.
  FirewallPart::Action action() const;
};

/// Of the load balancer's probe, as it comes from outside.
Fact<FirewallVerdict> firewall_verdict(const Deployment& host, const Route& route);

/// Of this host's own connections to an address of its own, such as nginx's to the application.
Fact<FirewallVerdict> firewall_inside(const Deployment& host, const std::string& address, int port);

}  // namespace hopcheck
