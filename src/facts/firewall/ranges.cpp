// Arithmetic on ranges of addresses.
#include "facts/firewall/ranges.h"

#include <algorithm>

#include <arpa/inet.h>

namespace hopcheck::firewall {
namespace {

constexpr std::size_t most_networks = 4;  // of one range; beyond, its two ends say more

Bits after(Bits value) {
  for (std::size_t i = value.size(); i-- > 0;) {
    if (++value[i] != 0) break;
  }
  return value;
}

Bits before(Bits value) {
  for (std::size_t i = value.size(); i-- > 0;) {
    if (value[i]-- != 0) break;
  }
  return value;
}

/// The largest network that begins at `low` and ends at or before `high`.
Network largest(const Bits& low, const Bits& high) {
  Network network{{low, is_v4(low)}, 128};
  while (network.bits > 0) {
    const Network wider{network.base, network.bits - 1};
    const Range range = range_of(wider);
    if (range.low != low || range.high > high) break;
    network = wider;
  }
  return network;
}

std::string network_text(const Network& network) {
  const int bits = network.base.v4 ? network.bits - 96 : network.bits;
  const std::string address = address_text(network.base.bytes);
  return bits == (network.base.v4 ? 32 : 128) ? address : address + "/" + std::to_string(bits);
}

}  // namespace

Bits bits_of(std::uint64_t number) {
  Bits bits{};
  for (std::size_t i = 0; i < 8; ++i) {
    bits[15 - i] = static_cast<unsigned char>((number >> (8 * i)) & 0xff);
  }
  return bits;
}

bool is_v4(const Bits& bits) {
  static constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(mapped.begin(), mapped.end(), bits.begin());
}

Range range_of(const Network& network) {
  Range range{network.base.bytes, network.base.bytes};
  for (int bit = network.bits; bit < 128; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<unsigned char>(0x80 >> (bit % 8));
    range.low[byte] = static_cast<unsigned char>(range.low[byte] & ~mask);
    range.high[byte] = static_cast<unsigned char>(range.high[byte] | mask);
  }
  return range;
}

std::optional<Range> parse_address_range(const std::string& text) {
  const auto dash = text.find('-');
  if (dash == std::string::npos) {
    const auto network = parse_network(text);
    return network ? std::optional(range_of(*network)) : std::nullopt;
  }
  const auto low = parse_ip(text.substr(0, dash));
  const auto high = parse_ip(text.substr(dash + 1));
  if (!low || !high || high->bytes < low->bytes) return std::nullopt;
  return Range{low->bytes, high->bytes};
}

Ranges united(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.low < b.low; });
  Ranges merged;
  for (const Range& range : ranges) {
    const bool touches = !merged.empty() && (range.low <= merged.back().high ||
                                             range.low == after(merged.back().high));
    if (touches) {
      merged.back().high = std::max(merged.back().high, range.high);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

Ranges intersection(const Ranges& some, const Range& range) {
  Ranges common;
  auto at = std::lower_bound(some.begin(), some.end(), range.low,
                             [](const Range& each, const Bits& low) { return each.high < low; });
  for (; at != some.end() && at->low <= range.high; ++at)
    common.push_back({std::max(at->low, range.low), std::min(at->high, range.high)});
  return common;
}

Ranges difference(const Ranges& some, const Range& range) {
  Ranges rest;
  for (const Range& each : some) {
    if (each.high < range.low || range.high < each.low) {
      rest.push_back(each);
      continue;
    }
    if (each.low < range.low) rest.push_back({each.low, before(range.low)});
    if (range.high < each.high) rest.push_back({after(range.high), each.high});
  }
  return rest;
}

Ranges difference(Ranges some, const Ranges& others) {
  for (const Range& other : others) some = difference(some, other);
  return some;
}

std::string address_text(const Bits& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4(address)) {
    inet_ntop(AF_INET, address.data() + 12, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, address.data(), text.data(), text.size());
  }
  return text.data();
}

std::vector<std::string> texts_of(const Ranges& ranges) {
  std::vector<std::string> texts;
  for (const Range& range : ranges) {
    std::vector<std::string> networks;
    Bits low = range.low;
    while (networks.size() <= most_networks) {
      const Network network = largest(low, range.high);
      networks.push_back(network_text(network));
      const Bits end = range_of(network).high;
      if (end == range.high) break;
      low = after(end);
    }
    if (networks.size() > most_networks)
      networks = {address_text(range.low) + "-" + address_text(range.high)};
    texts.insert(texts.end(), networks.begin(), networks.end());
  }
  return texts;
}

}  // namespace hopcheck::firewall
