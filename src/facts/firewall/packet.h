// A packet whose peer is not one address but many, and how a match divides it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "facts/firewall/evaluate.h"

namespace hopcheck::firewall {

constexpr std::uint64_t kSyn = 0x02;
constexpr std::uint64_t kSynAck = 0x12;
constexpr std::uint64_t kRstAck = 0x14;
constexpr std::uint64_t kAck = 0x10;

/// A packet of a connection, coming in or going out. What is not known is nothing, or "".
struct Packet {
  const Connection* connection{nullptr};
  Ranges peers{};
  bool answer{false};  ///< from this host to the peer
  bool icmp{false};    ///< an ICMP message about the connection
  std::uint64_t tcp_flags{kSyn};
  Bits local{};  ///< this host's address, after any redirection
  std::optional<int> local_port{};
  std::string iif{};  ///< "-": there is none
  std::string oif{};
  std::string ct_state{"new"};
  bool translated{false};
  bool elsewhere{false};  ///< sent on to another host
  std::optional<std::uint64_t> mark{0};
  std::optional<std::uint64_t> ct_mark{0};
};

/// The packet divided: those peers for which a match holds, may hold, does not hold.
struct Division {
  Ranges yes{};
  Ranges perhaps{};
  Ranges no{};
};

Division divide(const Packet& packet, const Match& match);
/// Likewise by one tuple alone, whatever `negated` says.
Division divide(const Packet& packet, const Match& match, const Element& element);

}  // namespace hopcheck::firewall
