// Listening sockets: which connections arrive at them.
#include <algorithm>

#include "facts/socket/ip.h"
#include "hopcheck/process.h"

namespace hopcheck {
namespace {

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
