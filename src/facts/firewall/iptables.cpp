// Reads what iptables-save and ip6tables-save list.
#include <algorithm>
#include <array>
#include <string_view>

#include "facts/firewall/nft_rule.h"
#include "facts/text/words.h"

namespace hopcheck::firewall {
namespace {

struct Hook {
  std::string_view table;
  std::string_view chain;
  std::string_view hook;
  int priority;
};
// The kernel's NF_IP_PRI_*.
constexpr std::array<Hook, 17> hooks{{{"raw", "PREROUTING", "prerouting", -300},
                                      {"raw", "OUTPUT", "output", -300},
                                      {"mangle", "PREROUTING", "prerouting", -150},
                                      {"mangle", "INPUT", "input", -150},
                                      {"mangle", "FORWARD", "forward", -150},
                                      {"mangle", "OUTPUT", "output", -150},
                                      {"mangle", "POSTROUTING", "postrouting", -150},
                                      {"nat", "PREROUTING", "prerouting", -100},
                                      {"nat", "INPUT", "input", 100},
                                      {"nat", "OUTPUT", "output", -100},
                                      {"nat", "POSTROUTING", "postrouting", 100},
                                      {"filter", "INPUT", "input", 0},
                                      {"filter", "FORWARD", "forward", 0},
                                      {"filter", "OUTPUT", "output", 0},
                                      {"security", "INPUT", "input", 50},
                                      {"security", "FORWARD", "forward", 50},
                                      {"security", "OUTPUT", "output", 50}}};

std::optional<Base> base_of(const std::string& table, const std::string& chain, bool drops) {
  for (const Hook& hook : hooks) {
    if (hook.table != table || hook.chain != chain) continue;
    Base base;
    base.type = table == "nat" ? "nat" : "filter";
    base.hook = hook.hook;
    base.priority = hook.priority;
    base.drops = drops;
    return base;
  }
  return std::nullopt;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// "a,b" as one match of several values.
Match match_of(Field field, const std::string& list, bool negated) {
  Match match;
  match.fields = {field};
  match.negated = negated;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t comma = std::min(list.find(',', begin), list.size());
    match.elements.push_back({{parse_operand(field, list.substr(begin, comma - begin))}, {}});
    begin = comma + 1;
  }
  return match;
}

class RuleReader {
 public:
  explicit RuleReader(std::vector<std::string> words) : words_(std::move(words)) {}

  std::vector<Step> read() {
    while (at_ < words_.size()) {
      if (words_[at_] == "!") {
        negated_ = true;
        ++at_;
        continue;
      }
      const std::string option = words_[at_++];
      if (option == "-j" || option == "-g") {
        target(next(), option == "-g");
        break;
      }
      match(option);
      negated_ = false;
    }
    return std::move(steps_);
  }

 private:
  std::string next() { return at_ < words_.size() ? words_[at_++] : ""; }

  Step& add(Step::Kind kind) {
    steps_.emplace_back().kind = kind;
    return steps_.back();
  }
  void compare(Field field, const std::string& list) {
    add(Step::Kind::match).match = match_of(field, list, negated_);
  }

  void match(const std::string& option) {
    if (option == "-s") return compare(Field::saddr, next());
    if (option == "-d") return compare(Field::daddr, next());
    if (option == "-i") return compare(Field::iif, wildcard(next()));
    if (option == "-o") return compare(Field::oif, wildcard(next()));
    if (option == "-p") return protocol(next());
    if (option == "-m") {
      module_ = next();
      return plain_module() ? void() : void(add(Step::Kind::maybe));
    }
    if (option == "--dport" || option == "--dports") return compare(Field::dport, ports(next()));
    if (option == "--sport" || option == "--sports") return compare(Field::sport, ports(next()));
    if (option == "--ctstate" || option == "--state")
      return compare(Field::ct_state, lower(next()));
    if (option == "--dst-type") return compare(Field::daddr_type, lower(next()));
    if (option == "--src-type") return compare(Field::saddr_type, lower(next()));
    if (option == "--src-range") return compare(Field::saddr, next());
    if (option == "--dst-range") return compare(Field::daddr, next());
    if (option == "--pkt-type") return compare(Field::packet_type, lower(next()));
    if (option == "--mark") return mark(next());
    if (option == "--tcp-flags") return tcp_flags();
    if (option == "--syn") return flags("FIN,SYN,RST,ACK", "SYN");
    // An option of a module that was not understood, or one that says nothing of the packet.
    if (option != "--comment") add(Step::Kind::maybe);
    while (at_ < words_.size() && words_[at_][0] != '-' && words_[at_] != "!") ++at_;
  }

  bool plain_module() const {
    static constexpr std::array<std::string_view, 11> plain{
        "tcp",      "udp",     "multiport", "conntrack", "state",   "comment",
        "addrtype", "iprange", "pkttype",   "mark",      "connmark"};
    return std::find(plain.begin(), plain.end(), module_) != plain.end();
  }

  void protocol(const std::string& name) {
    if (name != "all" && name != "0") compare(Field::l4proto, name);
  }

  static std::string wildcard(std::string name) {
    if (!name.empty() && name.back() == '+') name.back() = '*';
    return name;
  }

  /// "80,8000:8080"
  static std::string ports(std::string list) {
    std::replace(list.begin(), list.end(), ':', '-');
    return list;
  }

  void mark(const std::string& value) {
    const auto slash = value.find('/');
    Match match = match_of(module_ == "connmark" ? Field::ct_mark : Field::mark,
                           value.substr(0, slash), negated_);
    if (slash != std::string::npos) match.mask = number_in(value.substr(slash + 1));
    if (slash != std::string::npos && !match.mask) match.fields = {Field::unknown};
    add(Step::Kind::match).match = std::move(match);
  }

  void tcp_flags() {
    const std::string mask = next();
    flags(mask, next());
  }

  static std::uint64_t flag_bits(const std::string& list) {
    if (list == "ALL") return 0x3f;
    std::uint64_t bits = 0;
    for (const auto& element : match_of(Field::tcp_flags, lower(list), false).elements) {
      if (const auto& range = element.operands[0].range) bits |= range->low[15];
    }
    return bits;  // NONE is none of them
  }

  void flags(const std::string& mask, const std::string& wanted) {
    Match match = match_of(Field::tcp_flags, std::to_string(flag_bits(wanted)), negated_);
    match.mask = flag_bits(mask);
    add(Step::Kind::match).match = std::move(match);
  }

  void verdict(Verdict::Kind kind, std::string how = "") {
    add(Step::Kind::verdict).verdict = {kind, std::move(how)};
  }

  void target(const std::string& name, bool goes) {
    static constexpr std::array<std::string_view, 12> silent{
        "LOG",    "NFLOG",    "ULOG", "TRACE", "AUDIT",    "SECMARK",
        "TCPMSS", "CLASSIFY", "DSCP", "TOS",   "CHECKSUM", "CONNSECMARK"};
    using V = Verdict::Kind;
    if (name == "ACCEPT") return verdict(V::accept);
    if (name == "DROP") return verdict(V::drop);
    if (name == "RETURN") return verdict(V::return_);
    if (name == "REJECT") return reject();
    if (name == "MARK" || name == "CONNMARK") return set_mark(name == "MARK");
    if (name == "DNAT" || name == "REDIRECT") return nat(name == "REDIRECT");
    if (name == "MASQUERADE" || name == "SNAT") return verdict(V::accept);
    if (name == "CT" || name == "NOTRACK") {
      if (name == "NOTRACK" || next() == "--notrack") add(Step::Kind::notrack);
      return;
    }
    if (std::find(silent.begin(), silent.end(), name) != silent.end()) return;
    static constexpr std::array<std::string_view, 6> opaque{"QUEUE",    "NFQUEUE", "TPROXY",
                                                            "SYNPROXY", "TARPIT",  "NETMAP"};
    if (std::find(opaque.begin(), opaque.end(), name) != opaque.end()) return verdict(V::unknown);
    if (name == "SET") return;
    verdict(goes ? V::goto_ : V::jump, name);
  }

  void reject() {
    std::string how = "icmp port-unreachable";
    if (next() == "--reject-with") {
      how = next();
      if (how == "tcp-reset") how = "tcp reset";
      for (const char* prefix : {"icmp6-", "icmp-"}) {
        if (how.rfind(prefix, 0) != 0) continue;
        how = "icmp " + how.substr(std::string_view(prefix).size());
      }
    }
    verdict(Verdict::Kind::reject, how);
  }

  void set_mark(bool packet) {
    Step& step = add(packet ? Step::Kind::set_mark : Step::Kind::set_ct_mark);
    const std::string how = next();
    const std::string value = next();
    const auto slash = value.find('/');
    const bool whole = slash == std::string::npos || value.substr(slash) == "/0xffffffff";
    if ((how == "--set-xmark" || how == "--set-mark") && whole)
      step.number = number_in(value.substr(0, slash));
  }

  void nat(bool redirect) {
    Step& step = add(Step::Kind::nat);
    const std::string how = next();
    const std::string to = next();
    if (redirect) {
      step.nat_known = how.empty() || (how == "--to-ports" && take_nat_target(":" + to, step));
    } else {
      step.nat_known = how == "--to-destination" && take_nat_target(to, step);
    }
  }

  std::vector<std::string> words_;
  std::size_t at_{0};
  std::string module_{};
  bool negated_{false};
  std::vector<Step> steps_{};
};

void add_rule(Table& table, const std::string& line) {
  // Counters before the rule: "[12:720] -A INPUT …"
  const std::string text =
      line[0] == '[' ? line.substr(std::min(line.find(' ') + 1, line.size())) : line;
  auto words = shell_split(text);
  if (!words || words->size() < 2) return;
  const std::string name = (*words)[1];
  const auto chain = std::find_if(table.chains.begin(), table.chains.end(),
                                  [&](const Chain& each) { return each.name == name; });
  if (chain == table.chains.end()) return;
  Rule rule;
  rule.number = static_cast<int>(chain->rules.size()) + 1;
  rule.text = text;
  rule.steps = RuleReader({words->begin() + 2, words->end()}).read();
  chain->rules.push_back(std::move(rule));
}

void add_chain(Table& table, const std::string& line) {
  const auto words = shell_split(line.substr(1));
  if (!words || words->size() < 2) return;
  Chain chain;
  chain.name = (*words)[0];
  chain.base = base_of(table.name, chain.name, (*words)[1] == "DROP");
  table.chains.push_back(std::move(chain));
}

}  // namespace

Ruleset parse_iptables(const std::string& text, const std::string& tool) {
  Ruleset ruleset;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line(trimmed(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '*') {
      Table& table = ruleset.tables.emplace_back();
      table.family = tool.rfind("ip6", 0) == 0 ? "ip6" : "ip";
      table.name = line.substr(1);
      table.tool = tool;
    } else if (!ruleset.tables.empty() && line[0] == ':') {
      add_chain(ruleset.tables.back(), line);
    } else if (!ruleset.tables.empty() && line.find("-A ") != std::string::npos) {
      add_rule(ruleset.tables.back(), line);
    }
  }
  return ruleset;
}

}  // namespace hopcheck::firewall
