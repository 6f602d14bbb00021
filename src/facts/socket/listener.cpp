// Listening sockets: which connections arrive at them.
#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>

#include "hopcheck/process.h"

namespace hopcheck {
namespace {

// An address as the sockets layer compares it: IPv4 stands as ::ffff:a.b.c.d.
struct Ip {
  std::array<unsigned char, 16> bytes{};
  bool v4{false};
};

std::string without_brackets(const std::string& text) {
  if (text.size() > 1 && text.front() == '[' && text.back() == ']') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

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

template <class Iterator>
bool all_zero(Iterator begin, Iterator end) {
  return std::all_of(begin, end, [](unsigned char byte) { return byte == 0; });
}

bool is_wildcard(const Ip& ip) {
  return all_zero(ip.bytes.begin() + (ip.v4 ? 12 : 0), ip.bytes.end());
}

}  // namespace

bool is_loopback(const std::string& address) {
  const auto ip = parse_ip(address);
  if (!ip) return false;
  if (ip->v4) return ip->bytes[12] == 127;
  return ip->bytes[15] == 1 && all_zero(ip->bytes.begin(), ip->bytes.end() - 1);
}

std::string address_text(const std::string& address, int port) {
  const bool v6 = address.find(':') != std::string::npos && address.front() != '[';
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool Listener::is_loopback() const {
  return kind == Kind::tcp && hopcheck::is_loopback(address);
}

bool Listener::serves(const std::string& wanted, int wanted_port) const {
  if (kind != Kind::tcp || port != wanted_port) return false;
  const auto own = parse_ip(address);
  const auto other = parse_ip(wanted);
  if (!own || !other) return false;
  if (!is_wildcard(*own)) return own->bytes == other->bytes;
  if (own->v4) return other->v4;
  return !other->v4 || !only_v6;
}

std::string Listener::text() const {
  return kind == Kind::unix_stream ? path : address_text(address, port);
}

}  // namespace hopcheck
