// Whether a packet matches.
#include "facts/firewall/packet.h"

#include <algorithm>

namespace hopcheck::firewall {
namespace {

enum class Answer { no, perhaps, yes };

Answer both(Answer a, Answer b) {
  return std::min(a, b);
}

Answer of(bool value) {
  return value ? Answer::yes : Answer::no;
}

constexpr std::uint64_t tcp = 6;
constexpr std::uint64_t icmp = 1;
constexpr std::uint64_t icmp6 = 58;
// Ports that balancers connect from.
constexpr std::uint64_t lowest_peer_port = 1024;
constexpr std::uint64_t highest_port = 65535;

bool is_peer(const Packet& packet, Field field) {
  return field == (packet.answer ? Field::daddr : Field::saddr);
}
bool is_peer_port(const Packet& packet, Field field) {
  return field == (packet.answer ? Field::dport : Field::sport);
}

bool name_matches(const std::string& pattern, const std::string& name) {
  if (!pattern.empty() && pattern.back() == '*')
    return name.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
  return pattern == name;
}

/// The number that a field has; nothing: not known.
std::optional<std::uint64_t> number_of(const Packet& packet, Field field) {
  switch (field) {
    case Field::l4proto:
      return !packet.icmp ? tcp : is_v4(packet.local) ? icmp : icmp6;
    case Field::nfproto:
      return is_v4(packet.local) ? 4 : 6;
    case Field::tcp_flags:
      return packet.tcp_flags;
    case Field::mark:
      return packet.mark;
    case Field::ct_mark:
      return packet.ct_mark;
    case Field::sport:
    case Field::dport:
      return packet.local_port ? std::optional<std::uint64_t>(*packet.local_port) : std::nullopt;
    default:
      return std::nullopt;
  }
}

/// The name that a field has; "" : not known.
std::string name_of(const Packet& packet, Field field) {
  switch (field) {
    case Field::iif:
      return packet.iif;
    case Field::oif:
      return packet.oif;
    case Field::ct_state:
      return packet.ct_state;
    case Field::ct_status:
      return packet.translated ? "dnat" : "-";
    case Field::ct_direction:
      return packet.answer ? "reply" : "original";
    case Field::packet_type:
      return packet.connection->loopback ? "" : "unicast";
    case Field::saddr_type:
    case Field::daddr_type: {
      const bool ours = (field == Field::saddr_type) == packet.answer;
      if (packet.connection->loopback) return "local";
      return !ours ? "unicast" : packet.elsewhere ? "" : "local";
    }
    case Field::reverse_path:
      return packet.connection->peer_reachable ? "exists" : "";
    default:
      return "";
  }
}

Answer number_matches(const Packet& packet, const Match& match, Field field,
                      const Operand& operand) {
  if (!operand.range) return Answer::perhaps;
  if (is_peer_port(packet, field)) {
    const Range ports{bits_of(lowest_peer_port), bits_of(highest_port)};
    if (operand.range->holds(ports.low) && operand.range->holds(ports.high)) return Answer::yes;
    const bool apart = operand.range->high < ports.low || ports.high < operand.range->low;
    return apart ? Answer::no : Answer::perhaps;
  }
  auto value = number_of(packet, field);
  if (!value) return Answer::perhaps;
  if (match.any_bit) {
    std::uint64_t bits = 0;
    for (std::size_t i = 8; i < 16; ++i) bits = bits << 8 | operand.range->low[i];
    return of((*value & bits) != 0);
  }
  if (match.mask) value = *value & *match.mask;
  return of(operand.range->holds(bits_of(*value)));
}

/// All of them, some, or none.
Answer one_field(const Packet& packet, const Match& match, Field field, const Operand& operand,
                 Ranges& peers) {
  if (operand.any) return Answer::yes;
  if (packet.icmp && (field == Field::sport || field == Field::dport || field == Field::tcp_flags))
    return Answer::no;
  if (field == Field::never) return packet.icmp ? Answer::perhaps : Answer::no;
  if (!operand.understood) return Answer::perhaps;
  if (is_peer(packet, field)) {
    if (!operand.range) return Answer::perhaps;
    Ranges inside = intersection(peers, *operand.range);
    if (inside.empty()) return Answer::no;
    const bool whole = difference(peers, *operand.range).empty();
    if (packet.connection->any_peer) return whole ? Answer::yes : Answer::perhaps;
    peers = std::move(inside);
    return Answer::yes;
  }
  if (field == Field::saddr || field == Field::daddr)
    return operand.range ? of(operand.range->holds(packet.local)) : Answer::perhaps;
  if (operand.range) return number_matches(packet, match, field, operand);
  const std::string name = name_of(packet, field);
  if (name.empty()) {
    // By whatever interface a stranger's packet comes, it is not loopback.
    const bool interface = field == Field::iif || field == Field::oif;
    const bool other = interface && operand.name == "lo" && !packet.connection->loopback;
    return other ? Answer::no : Answer::perhaps;
  }
  return of(name_matches(operand.name, name));
}

}  // namespace

Division divide(const Packet& packet, const Match& match, const Element& element) {
  Ranges peers = packet.peers;
  Answer answer = Answer::yes;
  for (std::size_t i = 0; i < match.fields.size() && answer != Answer::no; ++i) {
    static const Operand none{};
    const Operand& operand = i < element.operands.size() ? element.operands[i] : none;
    answer = both(answer, one_field(packet, match, match.fields[i], operand, peers));
  }
  if (answer == Answer::no) return {{}, {}, packet.peers};
  Ranges others = difference(packet.peers, peers);
  if (answer == Answer::yes) return {std::move(peers), {}, std::move(others)};
  return {{}, std::move(peers), std::move(others)};
}

Division divide(const Packet& packet, const Match& match) {
  // Another protocol's field: no "!=" makes it match.
  if (match.fields.size() == 1 && match.fields[0] == Field::never && !packet.icmp)
    return {{}, {}, packet.peers};
  if (match.fields.size() == 1 && match.fields[0] == Field::never) return {{}, packet.peers, {}};
  if (match.fields.size() == 1 && match.fields[0] == Field::unknown) return {{}, packet.peers, {}};
  Division whole{{}, {}, packet.peers};
  Packet rest = packet;
  for (const auto& element : match.elements) {
    if (whole.no.empty()) break;
    rest.peers = whole.no;
    Division part = divide(rest, match, element);
    whole.yes.insert(whole.yes.end(), part.yes.begin(), part.yes.end());
    whole.perhaps.insert(whole.perhaps.end(), part.perhaps.begin(), part.perhaps.end());
    // Where one tuple may hold, another may do so for sure.
    whole.no = std::move(part.no);
    whole.no.insert(whole.no.end(), part.perhaps.begin(), part.perhaps.end());
    whole.no = united(std::move(whole.no));
  }
  whole.yes = united(std::move(whole.yes));
  whole.perhaps = difference(united(std::move(whole.perhaps)), whole.yes);
  whole.no = difference(std::move(whole.no), whole.perhaps);
  if (match.negated) std::swap(whole.yes, whole.no);
  return whole;
}

}  // namespace hopcheck::firewall
