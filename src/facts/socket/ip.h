// IP addresses and networks as the sockets layer compares them.
#pragma once

#include <array>
#include <optional>
#include <string>

namespace hopcheck {

/// IPv4 stands as ::ffff:a.b.c.d.
struct Ip {
  std::array<unsigned char, 16> bytes{};
  bool v4{false};
};

/// "10.0.0.1", "::1", "[::1]", "fe80::1%eth0"; nothing for other texts.
std::optional<Ip> parse_ip(const std::string& text);

/// An address and how many of its 128 leading bits count.
struct Network {
  Ip base{};
  int bits{128};
};

/// "10.0.0.0/24", or a single address.
std::optional<Network> parse_network(const std::string& text);

enum class Overlap { none, whole, partial };
/// How much of `inner` lies in `outer`.
Overlap overlap(const Network& inner, const Network& outer);

}  // namespace hopcheck
