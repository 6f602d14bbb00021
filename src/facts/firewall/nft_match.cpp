// Reads what a rule of nft compares.
#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "facts/firewall/nft_rule.h"

namespace hopcheck::firewall {
namespace {

using Kind = Token::Kind;

/// "ip saddr" and the like. `family`: the address family that it implies, 0 for either.
struct Selector {
  std::string_view first;
  std::string_view second;  ///< "" : one word
  Field field;
  int family{0};
};
constexpr std::array<Selector, 30> selectors{{{"ip", "saddr", Field::saddr, 4},
                                              {"ip", "daddr", Field::daddr, 4},
                                              {"ip", "protocol", Field::l4proto, 4},
                                              {"ip6", "saddr", Field::saddr, 6},
                                              {"ip6", "daddr", Field::daddr, 6},
                                              {"ip6", "nexthdr", Field::l4proto, 6},
                                              {"tcp", "dport", Field::dport},
                                              {"tcp", "sport", Field::sport},
                                              {"tcp", "flags", Field::tcp_flags},
                                              {"th", "dport", Field::dport},
                                              {"th", "sport", Field::sport},
                                              {"meta", "l4proto", Field::l4proto},
                                              {"meta", "nfproto", Field::nfproto},
                                              {"meta", "protocol", Field::nfproto},
                                              {"meta", "iif", Field::iif},
                                              {"meta", "iifname", Field::iif},
                                              {"meta", "oif", Field::oif},
                                              {"meta", "oifname", Field::oif},
                                              {"meta", "mark", Field::mark},
                                              {"meta", "pkttype", Field::packet_type},
                                              {"iif", "", Field::iif},
                                              {"iifname", "", Field::iif},
                                              {"oif", "", Field::oif},
                                              {"oifname", "", Field::oif},
                                              {"mark", "", Field::mark},
                                              {"pkttype", "", Field::packet_type},
                                              {"ct", "state", Field::ct_state},
                                              {"ct", "status", Field::ct_status},
                                              {"ct", "direction", Field::ct_direction},
                                              {"ct", "mark", Field::ct_mark}}};

const Selector* selector_at(const RuleTokens& tokens) {
  const auto is = [&](std::size_t ahead, std::string_view word) {
    const Token& token = tokens.look(ahead);
    return token.kind == Kind::word && token.text == word;
  };
  const auto* const found =
      std::find_if(selectors.begin(), selectors.end(), [&](const Selector& selector) {
        return is(0, selector.first) && (selector.second.empty() || is(1, selector.second));
      });
  return found == selectors.end() ? nullptr : found;
}

Match equals(Field field, const std::string& value) {
  Match match;
  match.fields = {field};
  match.elements.push_back({{parse_operand(field, value)}, {}});
  return match;
}

class MatchParser {
 public:
  MatchParser(RuleTokens& tokens, const NamedSets& sets, std::vector<Step>& steps)
      : tokens_(tokens), sets_(sets), steps_(steps) {}

  bool parse() { return tokens_.look().is("fib") ? fib() : selected(); }

 private:
  bool selected() {
    for (;;) {
      const Selector* selector = selector_at(tokens_);
      if (selector == nullptr) return sets_something_else();
      match_.fields.push_back(selector->field);
      if (selector->family != 0) family_ = selector->family;
      tokens_.go(selector->second.empty() ? 1 : 2);
      if (!tokens_.take(".")) break;
    }
    return tokens_.take("set") ? set_field() : compare();
  }

  /// "meta nftrace set 1": nothing that a verdict could depend on.
  bool sets_something_else() {
    if (!match_.fields.empty() || !tokens_.look(2).is("set")) return false;
    tokens_.go(3);
    tokens_.skip_one();
    return true;
  }

  bool set_field() {
    Step step;
    const Field field = match_.fields.front();
    if (field == Field::mark || field == Field::ct_mark) {
      step.kind = field == Field::mark ? Step::Kind::set_mark : Step::Kind::set_ct_mark;
      const auto value = number_in(tokens_.look().text);
      const Token& next = tokens_.look(1);
      const bool alone = !next.is("|") && !next.is("&") && !next.is("^") && !next.is("and") &&
                         !next.is("or") && !next.is("xor");
      if (value && alone) step.number = value;
      tokens_.go();
      while (!step.number && !tokens_.over() && !tokens_.at_statement()) tokens_.skip_one();
    } else {
      step.kind = Step::Kind::nat;  // an address or a port is overwritten
      step.nat_known = false;
      tokens_.skip_all();
    }
    steps_.push_back(std::move(step));
    return true;
  }

  /// "fib daddr type local", "fib saddr . iif oif missing"
  bool fib() {
    tokens_.go();
    const bool source = tokens_.look().is("saddr");
    while (!tokens_.over() && !tokens_.look().is("type") && !tokens_.look().is("oif") &&
           !tokens_.look().is("oifname")) {
      tokens_.go();
    }
    const bool type = tokens_.look().is("type");
    if (!type && !source) return false;
    match_.fields = {type ? (source ? Field::saddr_type : Field::daddr_type) : Field::reverse_path};
    tokens_.go();
    return compare();
  }

  bool compare() {
    if (tokens_.take("vmap")) return verdict_map();
    if (tokens_.look().is("map") || tokens_.look().is("!")) return false;
    if (tokens_.take("&") && !mask()) return false;
    if (tokens_.take("!=")) {
      match_.negated = true;
    } else if (!tokens_.take("==") && less_or_more()) {
      return true;
    }
    if (!right_side()) return false;
    finish(Step::Kind::match);
    return true;
  }

  /// A single address family where the match names one; then the match itself.
  void finish(Step::Kind kind) {
    if (family_ != 0) {
      Step family;
      family.match = equals(Field::nfproto, family_ == 4 ? "ipv4" : "ipv6");
      steps_.push_back(std::move(family));
    }
    Step step;
    step.kind = kind;
    step.match = std::move(match_);
    steps_.push_back(std::move(step));
  }

  bool verdict_map() {
    if (!elements()) return false;
    finish(Step::Kind::map);
    return true;
  }

  /// "& 0xff == 1", "& (fin | syn) == syn"
  bool mask() {
    std::uint64_t bits = 0;
    const bool group = tokens_.take("(");
    do {
      const auto value = flag_bits(tokens_.look().text);
      if (!value) return false;
      bits |= *value;
      tokens_.go();
    } while (group && tokens_.take("|"));
    if (group && !tokens_.take(")")) return false;
    match_.mask = bits;
    return tokens_.look().is("==") || tokens_.look().is("!=");
  }

  std::optional<std::uint64_t> flag_bits(const std::string& word) const {
    const Operand operand = parse_operand(match_.fields.front(), word);
    if (!operand.range || operand.range->low != operand.range->high) return std::nullopt;
    std::uint64_t bits = 0;
    for (std::size_t i = 8; i < 16; ++i) bits = bits << 8 | operand.range->low[i];
    return bits;
  }

  bool less_or_more() {
    const std::string sign = tokens_.look().text;
    if (sign != "<" && sign != ">" && sign != "<=" && sign != ">=") return false;
    const auto value = number_in(tokens_.look(1).text);
    tokens_.go(2);
    Operand operand;
    operand.understood = value.has_value();
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (value && sign[0] == '<') {
      const bool none = sign == "<" && *value == 0;
      operand.understood = !none;
      operand.range = Range{bits_of(0), bits_of(sign == "<" ? *value - 1 : *value)};
    } else if (value) {
      operand.range = Range{bits_of(sign == ">" ? *value + 1 : *value), bits_of(most)};
    }
    match_.elements.push_back({{operand}, {}});
    finish(Step::Kind::match);
    return true;
  }

  bool right_side() {
    if (tokens_.look().kind == Kind::open || tokens_.look().text.substr(0, 1) == "@")
      return elements();
    const bool tuple = match_.fields.size() > 1;
    Element element;
    for (;;) {
      const Token& value = tokens_.look();
      if (value.kind != Kind::word && value.kind != Kind::string) return false;
      const std::size_t index = std::min(element.operands.size(), match_.fields.size() - 1);
      element.operands.push_back(parse_operand(match_.fields[tuple ? index : 0], value.text));
      tokens_.go();
      if (tuple && tokens_.take(".")) continue;
      match_.elements.push_back(std::move(element));
      element = {};
      if (tuple || tokens_.look().kind != Kind::comma) break;
      tokens_.go();
    }
    return match_.fields.front() != Field::tcp_flags || match_.mask || flags();
  }

  /// "tcp flags syn / fin,syn,rst,ack"; without a mask any of the flags will do.
  bool flags() {
    std::uint64_t value = 0;
    for (const auto& element : match_.elements) {
      for (std::size_t i = 8; i < 16 && element.operands[0].range; ++i)
        value |= std::uint64_t{element.operands[0].range->low[i]} << (8 * (15 - i));
    }
    match_.elements.resize(1);
    match_.elements[0] = {{parse_operand(Field::tcp_flags, std::to_string(value))}, {}};
    match_.any_bit = !tokens_.look().is("/");
    if (!tokens_.take("/")) return true;
    std::uint64_t bits = 0;
    for (;;) {
      const auto bit = flag_bits(tokens_.look().text);
      if (!bit) return false;
      bits |= *bit;
      tokens_.go();
      if (tokens_.look().kind != Kind::comma) break;
      tokens_.go();
    }
    match_.mask = bits;
    return true;
  }

  bool elements() {
    if (tokens_.look().kind == Kind::open) return take_entries(tokens_.group());
    const std::string name = tokens_.look().text;
    if (name.size() < 2 || name[0] != '@') return false;
    const auto found = sets_.find(name.substr(1));
    if (found == sets_.end()) return false;
    tokens_.go();
    return take_entries(found->second);
  }

  bool take_entries(const NamedSet& set) {
    for (const auto& entry : set.entries) {
      Element element;
      for (std::size_t i = 0; i < match_.fields.size(); ++i) {
        Operand operand;
        if (i < entry.words.size() && entry.words.size() == match_.fields.size())
          operand = parse_operand(match_.fields[i], entry.words[i]);
        if (entry.limited) operand.understood = false;
        element.operands.push_back(std::move(operand));
      }
      element.verdict = parse_verdict(entry.verdict);
      match_.elements.push_back(std::move(element));
    }
    return true;
  }

  RuleTokens& tokens_;
  const NamedSets& sets_;
  std::vector<Step>& steps_;
  Match match_{};
  int family_{0};
};

}  // namespace

bool at_match(const RuleTokens& tokens) {
  return tokens.look().is("fib") || selector_at(tokens) != nullptr;
}

bool read_match(RuleTokens& tokens, const NamedSets& sets, std::vector<Step>& steps) {
  RuleTokens trial = tokens;
  const std::size_t before = steps.size();
  if (MatchParser(trial, sets, steps).parse()) {
    tokens = trial;
    return true;
  }
  steps.resize(before);
  return false;
}

std::optional<std::uint64_t> number_in(const std::string& word) {
  const Operand operand = parse_operand(Field::mark, word);
  if (!operand.range || operand.range->low != operand.range->high) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 8; i < 16; ++i) value = value << 8 | operand.range->low[i];
  return value;
}

}  // namespace hopcheck::firewall
