// Reads one rule of nft: what it does with a packet that it matches.
#include "facts/firewall/nft_rule.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace hopcheck::firewall {
namespace {

using Kind = Token::Kind;

// What begins a statement, from which a rule can be read on.
constexpr std::array<std::string_view, 25> statements{
    "accept",   "drop",    "continue", "return",   "jump",    "goto",       "reject",
    "queue",    "dnat",    "snat",     "redirect", "notrack", "masquerade", "tproxy",
    "synproxy", "counter", "log",      "limit",    "quota",   "comment",    "add",
    "update",   "delete",  "meter",    "flow"};
// Of these a TCP packet has none.
constexpr std::array<std::string_view, 11> other_protocols{
    "udp", "udplite", "icmp", "icmpv6", "igmp", "sctp", "dccp", "esp", "ah", "comp", "arp"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, const Token& token) {
  return token.kind == Kind::word &&
         std::find(words.begin(), words.end(), token.text) != words.end();
}

class RuleParser {
 public:
  RuleParser(RuleTokens tokens, const NamedSets& sets) : tokens_(tokens), sets_(sets) {}

  std::vector<Step> parse() {
    while (!tokens_.over()) {
      if (among(other_protocols, tokens_.look())) {
        Step& step = add(Step::Kind::match);
        step.match.fields = {Field::never};
        break;
      }
      if (!statement() && !read_match(tokens_, sets_, steps_)) unknown();
    }
    return std::move(steps_);
  }

 private:
  Step& add(Step::Kind kind) {
    steps_.emplace_back().kind = kind;
    return steps_.back();
  }

  /// What is not understood may match, whatever follows it up to the next statement.
  void unknown() {
    add(Step::Kind::maybe);
    do {
      tokens_.skip_one();
    } while (!tokens_.over() && !tokens_.at_statement());
  }

  void verdict(Verdict verdict) { add(Step::Kind::verdict).verdict = std::move(verdict); }

  bool statement() {
    const std::string word = tokens_.look().text;
    if (!tokens_.at_statement()) return false;
    if (word == "jump" || word == "goto") {
      verdict(parse_verdict({word, tokens_.look(1).text}));
      tokens_.go(2);
    } else if (word == "reject") {
      reject();
    } else if (word == "counter" || word == "log" || word == "comment" || word == "flow") {
      pass_over();
    } else if (word == "limit" || word == "quota" || word == "meter" || word == "add" ||
               word == "update" || word == "delete") {
      add(Step::Kind::maybe);
      pass_over();
    } else if (word == "dnat" || word == "redirect") {
      nat(word == "redirect");
    } else if (word == "notrack") {
      add(Step::Kind::notrack);
      tokens_.go();
    } else if (word == "snat" || word == "masquerade") {
      verdict({Verdict::Kind::accept, {}});
      tokens_.skip_all();
    } else if (word == "queue" || word == "tproxy" || word == "synproxy") {
      verdict({Verdict::Kind::unknown, {}});
      tokens_.skip_all();
    } else {
      verdict(parse_verdict({word}));
      tokens_.go();
    }
    return true;
  }

  /// A statement that changes nothing for us: its options end where a match or a statement begins.
  void pass_over() {
    do {
      tokens_.skip_one();
    } while (!tokens_.over() && !tokens_.at_statement() && !at_match(tokens_));
  }

  void reject() {
    tokens_.go();
    std::string how = "icmpx port-unreachable";
    if (tokens_.take("with")) {
      how.clear();
      for (; tokens_.look().kind == Kind::word && !tokens_.look().is("comment"); tokens_.go()) {
        if (!tokens_.look().is("type")) how += (how.empty() ? "" : " ") + tokens_.look().text;
      }
    }
    // In a table for both families nft does not list the one that the message belongs to.
    if (how.rfind("icmp ", 0) == 0 || how.rfind("icmpv6 ", 0) == 0) {
      Match& family = add(Step::Kind::match).match;
      family.fields = {Field::nfproto};
      family.elements = {{{parse_operand(Field::nfproto, how[4] == ' ' ? "ipv4" : "ipv6")}, {}}};
    }
    verdict({Verdict::Kind::reject, how});
  }

  /// "dnat to 10.0.0.1:90", "redirect to :8080"
  void nat(bool redirect) {
    Step& step = add(Step::Kind::nat);
    tokens_.go();
    if (tokens_.look().is("ip") || tokens_.look().is("ip6")) tokens_.go();
    if (!tokens_.take("to")) {
      step.nat_known = redirect;
    } else {
      const std::string target = tokens_.look().text;
      const Token& next = tokens_.look(1);
      const bool one_word = next.kind != Kind::word || next.is("comment");
      step.nat_known =
          tokens_.look().kind == Kind::word && one_word && take_nat_target(target, step);
    }
    tokens_.skip_all();
  }

  RuleTokens tokens_;
  const NamedSets& sets_;
  std::vector<Step> steps_{};
};

}  // namespace

bool take_nat_target(const std::string& target, Step& step) {
  std::string address = target;
  const auto colon = target.rfind(':');
  const bool port = colon != std::string::npos &&
                    (target.find(':') == colon || target.find("]:") != std::string::npos);
  if (port) {
    const auto value = number_in(target.substr(colon + 1));
    if (!value || *value > 65535) return false;
    step.nat_port = static_cast<int>(*value);
    address = target.substr(0, colon);
  }
  if (address.empty()) return port;
  const auto ip = parse_ip(address);
  if (ip) step.nat_address = ip->bytes;
  return ip.has_value();
}

const Token& RuleTokens::look(std::size_t ahead) const {
  static const Token none{Kind::end, "", {}, 0, 0};
  return at_ + ahead < end_ ? (*tokens_)[at_ + ahead] : none;
}

bool RuleTokens::take(const char* word) {
  if (!look().is(word)) return false;
  ++at_;
  return true;
}

void RuleTokens::skip_one() {
  int depth = 0;
  do {
    if (look().kind == Kind::open) ++depth;
    if (look().kind == Kind::close) --depth;
    ++at_;
  } while (depth > 0 && !over());
}

bool RuleTokens::at_statement() const {
  return among(statements, look());
}

NamedSet RuleTokens::group() {
  ++at_;
  return parse_set(*tokens_, at_);
}

Verdict parse_verdict(const std::vector<std::string>& words) {
  using V = Verdict::Kind;
  if (words.empty()) return {};
  const std::string& word = words[0];
  if (word == "accept") return {V::accept, {}};
  if (word == "drop") return {V::drop, {}};
  if (word == "return") return {V::return_, {}};
  if (word == "continue") return {V::none, {}};
  if (words.size() > 1 && word == "jump") return {V::jump, words[1]};
  if (words.size() > 1 && word == "goto") return {V::goto_, words[1]};
  return {V::unknown, {}};
}

std::vector<Step> parse_rule(const Tokens& tokens, std::size_t begin, std::size_t end,
                             const NamedSets& sets) {
  return RuleParser(RuleTokens(tokens, begin, end), sets).parse();
}

}  // namespace hopcheck::firewall
