// What the kernel's rules do with a new connection, without sending one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "facts/firewall/ruleset.h"

namespace hopcheck::firewall {

/// A new TCP connection, seen from this host.
struct Connection {
  Ranges peers{};        ///< who connects (IPv4 and IPv6 never mixed)
  bool any_peer{false};  ///< `peers` stands for addresses of which nothing is known
  Bits address{};        ///< where to
  int port{0};
  std::string interface {};    ///< by which its packets come; "" : not known
  bool loopback{false};        ///< this host to itself: its packets leave by lo, and come by lo
  bool peer_reachable{false};  ///< answers surely go out by the interface that they came by
  std::vector<Bits> own_addresses{};
};

/// A rule, or where `rule` is null the policy of a base chain.
struct Place {
  const Table* table{nullptr};
  const Chain* chain{nullptr};
  const Rule* rule{nullptr};
};

/// What becomes of some of the peers.
struct Fate {
  enum class Kind { accept, drop, reject, unknown };
  Kind kind{Kind::accept};
  Ranges peers{};
  Place by{};           ///< drop, reject: what decides; unknown: what could not be judged
  std::string how{};    ///< reject: what the sender is told
  bool answer{false};   ///< it meets the packets that this host answers with
  bool later{false};    ///< it meets packets behind the first one, which passes
  bool by_peer{false};  ///< the rule names the peer's address
  bool either{false};   ///< dropped or rejected: a rule before it could not be judged
  std::string zone{};   ///< the zone of firewalld that it came through
  Place let_in{};       ///< accept: what admits the first packet to this host, as far as one does
  Bits address{};       ///< what the packet's destination is there, after any redirection
  int port{0};
};

/// Every peer has exactly one fate.
std::vector<Fate> evaluate(const Ruleset& rules, const Connection& connection);

}  // namespace hopcheck::firewall
