// Sets of addresses and numbers as sorted ranges of 128 bits, so that a network can be split by the
// rules that it meets.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "facts/socket/ip.h"

namespace hopcheck::firewall {

/// Big endian; IPv4 addresses stand as ::ffff:a.b.c.d.
using Bits = std::array<unsigned char, 16>;

Bits bits_of(std::uint64_t number);
bool is_v4(const Bits& address);

/// All values from `low` to `high`, both included.
struct Range {
  Bits low{};
  Bits high{};

  bool holds(const Bits& value) const { return low <= value && value <= high; }
};

Range range_of(const Network& network);
/// "10.0.0.0/8", "10.0.0.1", "10.0.0.1-10.0.0.9" and the same of IPv6.
std::optional<Range> parse_address_range(const std::string& text);

/// Sorted and disjoint.
using Ranges = std::vector<Range>;

Ranges united(Ranges ranges);
Ranges intersection(const Ranges& some, const Range& range);
Ranges difference(const Ranges& some, const Range& range);
Ranges difference(Ranges some, const Ranges& others);

/// Networks where they fit, else "10.0.0.1-10.0.0.9".
std::vector<std::string> texts_of(const Ranges& ranges);
std::string address_text(const Bits& address);

}  // namespace hopcheck::firewall
