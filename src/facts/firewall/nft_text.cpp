// Reads what nft lists, and the files that it loads: tables, chains, sets.
#include <algorithm>

#include "facts/firewall/nft_tokens.h"

namespace hopcheck::firewall {
namespace {

class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text), tokens_(nft_tokens(text)) {}

  Ruleset read() {
    while (at_ < tokens_.size()) {
      if (now().is("table")) {
        read_table();
      } else {
        skip_statement();
      }
    }
    return std::move(ruleset_);
  }

 private:
  using Kind = Token::Kind;
  const Token& now() const { return tokens_[std::min(at_, tokens_.size() - 1)]; }
  bool over() const { return at_ >= tokens_.size(); }

  /// To the end of the line, or behind the block that begins on it.
  void skip_statement() {
    int depth = 0;
    for (; !over(); ++at_) {
      if (now().kind == Kind::open) ++depth;
      if (now().kind == Kind::close) {
        if (depth == 0) return;
        --depth;
      }
      if (now().kind == Kind::end && depth == 0) {
        ++at_;
        return;
      }
    }
  }

  void skip_ends() {
    while (!over() && (now().kind == Kind::end || now().kind == Kind::handle)) ++at_;
  }

  void read_table() {
    std::vector<std::string> words;
    for (++at_; !over() && now().kind == Kind::word; ++at_) words.push_back(now().text);
    // "table inet filter" without a block only makes one.
    if (over() || now().kind != Kind::open || words.empty()) return skip_statement();
    Table table;
    table.family = words.size() > 1 ? words[0] : "ip";
    table.name = words.back();
    // A file may speak of one table in several blocks.
    const auto known = std::find_if(
        ruleset_.tables.begin(), ruleset_.tables.end(),
        [&](const Table& each) { return each.family == table.family && each.name == table.name; });
    Table& into =
        known != ruleset_.tables.end() ? *known : ruleset_.tables.emplace_back(std::move(table));
    const std::size_t body = ++at_;
    collect_sets(body, sets_[into.family + " " + into.name]);
    at_ = body;
    read_body(into);
  }

  /// Sets may stand behind the rules that use them.
  void collect_sets(std::size_t from, std::map<std::string, NamedSet>& sets) {
    int depth = 1;
    for (at_ = from; !over() && depth > 0;) {
      if (depth == 1 && (now().is("set") || now().is("map")) && at_ + 1 < tokens_.size()) {
        const std::string name = tokens_[at_ + 1].text;
        while (!over() && now().kind != Kind::open && now().kind != Kind::end) ++at_;
        if (over() || now().kind != Kind::open) continue;
        ++at_;
        read_set(sets[name]);
        continue;
      }
      if (now().kind == Kind::open) ++depth;
      if (now().kind == Kind::close) --depth;
      ++at_;
    }
  }

  void read_set(NamedSet& into) {
    for (int depth = 1; !over() && depth > 0;) {
      if (depth == 1 && now().is("elements")) {
        while (!over() && now().kind != Kind::open && now().kind != Kind::end) ++at_;
        if (over() || now().kind != Kind::open) continue;
        ++at_;
        into = parse_set(tokens_, at_);
        continue;
      }
      if (now().kind == Kind::open) ++depth;
      if (now().kind == Kind::close) --depth;
      ++at_;
    }
  }

  void read_body(Table& table) {
    while (!over()) {
      skip_ends();
      if (over()) return;
      if (now().kind == Kind::close) {
        ++at_;
        return;
      }
      if (now().is("chain")) {
        read_chain(table);
      } else {
        if (now().is("flags") && at_ + 1 < tokens_.size() && tokens_[at_ + 1].is("dormant"))
          table.dormant = true;
        skip_statement();
      }
    }
  }

  void read_chain(Table& table) {
    const std::string name = at_ + 1 < tokens_.size() ? tokens_[at_ + 1].text : "";
    while (!over() && now().kind != Kind::open && now().kind != Kind::end) ++at_;
    if (over() || now().kind != Kind::open) return;
    const auto known = std::find_if(table.chains.begin(), table.chains.end(),
                                    [&](const Chain& each) { return each.name == name; });
    Chain& chain = known != table.chains.end() ? *known : table.chains.emplace_back();
    chain.name = name;
    chain.begin = now().spot;
    ++at_;
    while (!over()) {
      skip_ends();
      if (over()) return;
      if (now().kind == Kind::close) {
        chain.end = now().spot;
        ++at_;
        return;
      }
      read_line(table, chain);
    }
  }

  void read_line(const Table& table, Chain& chain) {
    const std::size_t begin = at_;
    int depth = 0;
    for (; !over(); ++at_) {
      if (now().kind == Kind::open) ++depth;
      if (now().kind == Kind::close && depth-- == 0) break;
      if (depth == 0 && (now().kind == Kind::end || now().kind == Kind::handle)) break;
    }
    const Token& first = tokens_[begin];
    if (first.is("type")) {
      read_base(begin, at_, chain);
    } else if (first.is("policy")) {
      if (chain.base && begin + 1 < at_) chain.base->drops = tokens_[begin + 1].is("drop");
    } else if (!first.is("comment") && !first.is("flags")) {
      add_rule(table, chain, begin, at_);
    }
    if (!over() && now().kind == Kind::handle) ++at_;
  }

  void add_rule(const Table& table, Chain& chain, std::size_t begin, std::size_t end) {
    Rule rule;
    rule.number = static_cast<int>(chain.rules.size()) + 1;
    rule.spot = tokens_[begin].spot;
    const Token& last = tokens_[end - 1];
    rule.text =
        text_.substr(tokens_[begin].offset, last.offset + last.length - tokens_[begin].offset);
    if (end < tokens_.size() && tokens_[end].kind == Kind::handle)
      rule.handle = static_cast<int>(std::strtol(tokens_[end].text.c_str(), nullptr, 10));
    rule.steps = parse_rule(tokens_, begin, end, sets_[table.family + " " + table.name]);
    if (rule.handle != 0 && hides_something(begin, end)) hide(rule);
    chain.rules.push_back(std::move(rule));
  }

  /// What nft cannot show of a rule that iptables made it leaves out: two blanks are left.
  bool hides_something(std::size_t begin, std::size_t end) const {
    const Token& first = tokens_[begin];
    std::size_t at = first.offset - first.spot.column;
    while (text_[at] == '\t') ++at;
    bool quoted = false;
    bool blank = true;
    for (; at < tokens_[end].offset; ++at) {
      const char c = text_[at];
      if (c == '"') quoted = !quoted;
      if (c == '\n') {
        at = text_.find_first_not_of(" \t", at + 1) - 1;
      } else if (c == ' ' && blank && !quoted) {
        return true;
      } else {
        blank = c == ' ' || c == '\t';
      }
    }
    return false;
  }

  static void hide(Rule& rule) {
    Step maybe;
    maybe.kind = Step::Kind::maybe;
    rule.steps.insert(rule.steps.begin(), maybe);
    const bool ends = rule.steps.back().kind == Step::Kind::verdict;
    if (ends) return;
    Step unknown;
    unknown.kind = Step::Kind::verdict;
    unknown.verdict.kind = Verdict::Kind::unknown;
    rule.steps.push_back(std::move(unknown));
  }

  /// "type filter hook input priority filter + 10"
  void read_base(std::size_t begin, std::size_t end, Chain& chain) {
    Base base;
    int sign = 1;
    enum class Of { nothing, type, hook, device, priority } of = Of::nothing;
    for (std::size_t i = begin; i < end; ++i) {
      const std::string& word = tokens_[i].text;
      if (word == "type") {
        of = Of::type;
      } else if (word == "hook") {
        of = Of::hook;
      } else if (word == "device" || word == "devices") {
        of = Of::device;
      } else if (word == "priority") {
        of = Of::priority;
      } else if (of == Of::type) {
        base.type = word;
      } else if (of == Of::hook) {
        base.hook = word;
      } else if (of == Of::device && (tokens_[i].kind == Kind::string ||
                                      (tokens_[i].kind == Kind::word && word != "="))) {
        base.devices.push_back(word);
      } else if (of == Of::priority) {
        if (word == "-") sign = -1;
        if (const auto value = priority_of(word)) base.priority += sign * *value;
      }
    }
    chain.base = std::move(base);
  }

  const std::string& text_;
  Tokens tokens_;
  std::size_t at_{0};
  Ruleset ruleset_{};
  std::map<std::string, std::map<std::string, NamedSet>> sets_{};
};

}  // namespace

Ruleset parse_nft(const std::string& text) {
  return Reader(text).read();
}

}  // namespace hopcheck::firewall
