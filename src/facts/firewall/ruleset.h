// The kernel's packet filter as data: what nft and iptables list, in one form.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "facts/firewall/ranges.h"

namespace hopcheck::firewall {

/// What a rule can look at. `never` is what no TCP packet has; `unknown` what we cannot know of it.
enum class Field {
  saddr,
  daddr,
  sport,
  dport,
  iif,
  oif,
  l4proto,
  nfproto,
  ct_state,
  ct_status,
  ct_direction,
  mark,
  ct_mark,
  saddr_type,
  daddr_type,
  packet_type,
  reverse_path,  ///< "exists" or "missing": a route back to the source by the same interface
  tcp_flags,
  never,
  unknown
};

/// One value of one field: a range, or a name ("eth0", "eth*", "established", "local").
struct Operand {
  std::optional<Range> range{};
  std::string name{};
  bool any{false};         ///< "*" in a map
  bool understood{false};  ///< false: it may match
};

struct Verdict {
  enum class Kind { none, accept, drop, reject, return_, jump, goto_, unknown };
  Kind kind{Kind::none};
  std::string target{};  ///< a chain; or how a reject is told
};

/// A tuple of values, one a field, and in a verdict map what follows from it.
struct Element {
  std::vector<Operand> operands{};
  Verdict verdict{};
};

/// Fields compared with a set of tuples.
struct Match {
  std::vector<Field> fields{};
  std::vector<Element> elements{};
  bool negated{false};
  std::optional<std::uint64_t> mask{};  ///< of one number
  bool any_bit{false};                  ///< some bit of the first operand is set
};

/// One thing that a rule does, in order; the first match that fails ends the rule.
struct Step {
  enum class Kind { match, maybe, map, set_mark, set_ct_mark, notrack, nat, verdict };
  Kind kind{Kind::match};
  Match match{};                          ///< match, map
  Verdict verdict{};                      ///< verdict
  std::optional<std::uint64_t> number{};  ///< a new mark; nothing: not known
  std::optional<Bits> nat_address{};      ///< nothing: this host's own
  std::optional<int> nat_port{};          ///< nothing: as it was
  bool nat_known{true};
};

/// Where in a file something stands; line 0: nowhere.
struct Spot {
  int line{0};
  std::size_t column{0};  ///< bytes before it
};

struct Rule {
  int handle{0};  ///< nft's
  int number{0};  ///< counted from 1 in its chain
  std::string text{};
  std::vector<Step> steps{};
  Spot spot{};
};

struct Base {
  std::string type{};  ///< filter, nat, route
  std::string hook{};  ///< prerouting, input, forward, output, postrouting, ingress
  std::vector<std::string> devices{};
  int priority{0};
  bool drops{false};  ///< policy
};

struct Chain {
  std::string name{};
  std::optional<Base> base{};
  std::vector<Rule> rules{};
  Spot begin{};  ///< after the opening brace's line in a file
  Spot end{};    ///< of the closing brace
};

struct Table {
  std::string family{};  ///< ip, ip6, inet, netdev
  std::string name{};
  std::string tool{"nft"};  ///< what lists and changes it: nft, iptables-nft, ip6tables-legacy …
  bool dormant{false};
  std::vector<Chain> chains{};

  const Chain* chain(const std::string& called) const;
  /// "inet filter"; "filter" of iptables
  std::string text() const { return tool == "nft" ? family + " " + name : name; }
};

struct Ruleset {
  std::vector<Table> tables{};
};

/// `nft -a list ruleset`, or a file that nft loads. What cannot be understood becomes a step that
/// may match.
Ruleset parse_nft(const std::string& text);

/// `iptables-save` and its kin; `tool` is "iptables-nft", "ip6tables-legacy" and so on.
Ruleset parse_iptables(const std::string& text, const std::string& tool);

/// The value of a field as nft and iptables write it.
Operand parse_operand(Field field, const std::string& text);

/// -150 of "mangle"; nothing for other words.
std::optional<int> priority_of(const std::string& name);

}  // namespace hopcheck::firewall
