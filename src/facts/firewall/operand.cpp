// The values that rules compare with.
#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "facts/firewall/ruleset.h"

namespace hopcheck::firewall {
namespace {

using Named = std::pair<std::string_view, std::uint64_t>;

constexpr std::array<Named, 14> protocols{{{"tcp", 6},
                                           {"udp", 17},
                                           {"icmp", 1},
                                           {"igmp", 2},
                                           {"ipv6-icmp", 58},
                                           {"icmpv6", 58},
                                           {"sctp", 132},
                                           {"dccp", 33},
                                           {"udplite", 136},
                                           {"gre", 47},
                                           {"esp", 50},
                                           {"ah", 51},
                                           {"ipencap", 4},
                                           {"comp", 108}}};
// Names that files use; the kernel lists numbers.
constexpr std::array<Named, 16> services{{{"ssh", 22},
                                          {"smtp", 25},
                                          {"domain", 53},
                                          {"http", 80},
                                          {"www", 80},
                                          {"pop3", 110},
                                          {"ntp", 123},
                                          {"imap2", 143},
                                          {"snmp", 161},
                                          {"https", 443},
                                          {"submission", 587},
                                          {"imaps", 993},
                                          {"pop3s", 995},
                                          {"mysql", 3306},
                                          {"postgresql", 5432},
                                          {"http-alt", 8080}}};
constexpr std::array<Named, 4> families{{{"ipv4", 4}, {"ip", 4}, {"ipv6", 6}, {"ip6", 6}}};
constexpr std::array<Named, 6> tcp_flag_bits{
    {{"fin", 1}, {"syn", 2}, {"rst", 4}, {"psh", 8}, {"ack", 16}, {"urg", 32}}};

template <std::size_t N>
std::optional<std::uint64_t> named(const std::array<Named, N>& names, std::string_view text) {
  const auto* const found = std::find_if(names.begin(), names.end(),
                                         [&](const Named& each) { return each.first == text; });
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::uint64_t> number(std::string_view text) {
  const bool hex = text.substr(0, 2) == "0x";
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> number_of(Field field, std::string_view text) {
  if (const auto value = number(text)) return value;
  if (field == Field::l4proto) return named(protocols, text);
  if (field == Field::tcp_flags) return named(tcp_flag_bits, text);
  if (field == Field::nfproto) {
    // "meta protocol" has the same under other names; what else there is is neither.
    return named(families, text).value_or(0);
  }
  return named(services, text);
}

Operand of_range(const std::optional<Range>& range) {
  Operand operand;
  operand.range = range;
  operand.understood = range.has_value();
  return operand;
}

Operand numbers(Field field, const std::string& text) {
  if (const auto value = number_of(field, text))
    return of_range(Range{bits_of(*value), bits_of(*value)});
  const auto divider = text.find_first_of("-:", 1);
  if (divider == std::string::npos) return {};
  const auto low = number_of(field, std::string_view(text).substr(0, divider));
  const auto high = number_of(field, std::string_view(text).substr(divider + 1));
  if (!low || !high || *high < *low) return {};
  return of_range(Range{bits_of(*low), bits_of(*high)});
}

bool is_word(std::string_view text) {
  return !text.empty() && text.find_first_of("$@({") == std::string_view::npos;
}

}  // namespace

Operand parse_operand(Field field, const std::string& text) {
  if (text == "*") {
    Operand all;
    all.any = true;
    all.understood = true;
    return all;
  }
  switch (field) {
    case Field::saddr:
    case Field::daddr:
      return of_range(parse_address_range(text));
    case Field::sport:
    case Field::dport:
    case Field::l4proto:
    case Field::nfproto:
    case Field::mark:
    case Field::ct_mark:
    case Field::tcp_flags:
      return numbers(field, text);
    case Field::never:
    case Field::unknown:
      return {};
    default:
      break;
  }
  Operand operand;
  operand.name = text;
  operand.understood = is_word(text);
  return operand;
}

std::optional<int> priority_of(const std::string& name) {
  if (name == "raw") return -300;
  if (name == "mangle") return -150;
  if (name == "dstnat") return -100;
  if (name == "filter") return 0;
  if (name == "security") return 50;
  if (name == "srcnat") return 100;
  int value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return value;
}

const Chain* Table::chain(const std::string& called) const {
  for (const auto& each : chains) {
    if (each.name == called) return &each;
  }
  return nullptr;
}

}  // namespace hopcheck::firewall
