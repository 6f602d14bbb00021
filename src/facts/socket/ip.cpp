// IP addresses and networks.
#include "facts/socket/ip.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace hopcheck {
namespace {

std::string without_brackets(const std::string& text) {
  if (text.size() > 1 && text.front() == '[' && text.back() == ']') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

bool same_bits(const Ip& a, const Ip& b, int bits) {
  for (int bit = 0; bit < bits; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<unsigned>(0x80 >> (bit % 8));
    if ((a.bytes[byte] & mask) != (b.bytes[byte] & mask)) return false;
  }
  return true;
}

}  // namespace

std::optional<Ip> parse_ip(const std::string& text) {
  Ip ip;
  if (inet_pton(AF_INET, text.c_str(), ip.bytes.data() + 12) == 1) {
    ip.bytes[10] = ip.bytes[11] = 0xff;
    ip.v4 = true;
    return ip;
  }
  std::string bare = without_brackets(text);
  bare = bare.substr(0, bare.find('%'));  // the zone of a link-local address
  if (inet_pton(AF_INET6, bare.c_str(), ip.bytes.data()) != 1) return std::nullopt;
  static constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  ip.v4 = std::equal(mapped.begin(), mapped.end(), ip.bytes.begin());
  return ip;
}

std::optional<Network> parse_network(const std::string& text) {
  const auto slash = text.find('/');
  const auto base = parse_ip(text.substr(0, slash));
  if (!base) return std::nullopt;
  Network network{*base, 128};
  if (slash == std::string::npos) return network;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data() + slash + 1, end, network.bits);
  const int most = base->v4 ? 32 : 128;
  if (error != std::errc() || stopped != end || network.bits < 0 || network.bits > most)
    return std::nullopt;
  network.bits += 128 - most;
  return network;
}

Overlap overlap(const Network& inner, const Network& outer) {
  if (!same_bits(inner.base, outer.base, std::min(inner.bits, outer.bits))) return Overlap::none;
  return inner.bits >= outer.bits ? Overlap::whole : Overlap::partial;
}

}  // namespace hopcheck
