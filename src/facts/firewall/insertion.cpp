// Finds the rules that would let somebody in, and tries them on a copy of the ruleset.
#include "facts/firewall/insertion.h"

#include <algorithm>

#include <fmt/format.h>

namespace hopcheck::firewall {
namespace {

constexpr int most_rules = 4;

Step match(Field field, const std::vector<std::string>& values) {
  Step step;
  step.match.fields = {field};
  for (const auto& value : values)
    step.match.elements.push_back({{parse_operand(field, value)}, {}});
  return step;
}

Step accept() {
  Step step;
  step.kind = Step::Kind::verdict;
  step.verdict.kind = Verdict::Kind::accept;
  return step;
}

/// `sources` empty: this host to itself, by lo.
std::string nft_text(const Fate& fate, const std::vector<std::string>& sources) {
  if (sources.empty()) return fate.answer ? "oif lo accept" : "iif lo accept";
  if (fate.later) return "ct state established,related accept";
  const std::string who =
      sources.size() == 1 ? sources[0] : fmt::format("{{ {} }}", fmt::join(sources, ", "));
  return fmt::format("{} saddr {} tcp dport {} accept", is_v4(fate.address) ? "ip" : "ip6", who,
                     fate.port);
}

std::string iptables_text(const Fate& fate, const std::vector<std::string>& sources) {
  if (sources.empty()) return fate.answer ? "-o lo -j ACCEPT" : "-i lo -j ACCEPT";
  if (fate.later) return "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
  return fmt::format("-s {} -p tcp -m tcp --dport {} -j ACCEPT", fmt::join(sources, ","),
                     fate.port);
}

Insertion insertion_at(const Fate& fate, const std::vector<std::string>& sources) {
  Insertion insertion;
  insertion.family = fate.by.table->family;
  insertion.table = fate.by.table->name;
  insertion.tool = fate.by.table->tool;
  insertion.chain = fate.by.chain->name;
  if (fate.by.rule != nullptr) {
    insertion.handle = fate.by.rule->handle;
    insertion.number = fate.by.rule->number;
    insertion.before = fate.by.rule->text;
  }
  insertion.text = insertion.tool == "nft" ? nft_text(fate, sources) : iptables_text(fate, sources);
  return insertion;
}

void apply(Ruleset& rules, const Fate& fate, const std::vector<std::string>& sources) {
  Rule rule;
  if (sources.empty()) {
    rule.steps = {match(fate.answer ? Field::oif : Field::iif, {"lo"}), accept()};
  } else if (fate.later) {
    rule.steps = {match(Field::ct_state, {"established", "related"}), accept()};
  } else {
    rule.steps = {match(Field::saddr, sources), match(Field::dport, {std::to_string(fate.port)}),
                  accept()};
  }
  const auto table = static_cast<std::size_t>(fate.by.table - rules.tables.data());
  auto& chains = rules.tables[table].chains;
  auto& chain = chains[static_cast<std::size_t>(fate.by.chain - chains.data())];
  const std::ptrdiff_t at = fate.by.rule == nullptr
                                ? static_cast<std::ptrdiff_t>(chain.rules.size())
                                : fate.by.rule - chain.rules.data();
  chain.rules.insert(chain.rules.begin() + at, std::move(rule));
}

/// A rule's words without what differs between a file and a listing.
std::string plain(const std::string& rule) {
  std::string words;
  for (const char c : rule) {
    if (c == '"' || c == ' ' || c == '\t' || c == '\n') continue;
    words += c;
  }
  const auto counter = words.find("counterpackets");
  if (counter != std::string::npos) {
    const auto end = words.find_first_not_of("0123456789", words.find("bytes", counter) + 5);
    words.erase(counter, std::min(end, words.size()) - counter);
  }
  return words;
}

std::string line_at(const std::string& text, int number) {
  std::size_t begin = 0;
  for (int line = 1; line < number; ++line) begin = text.find('\n', begin) + 1;
  return text.substr(begin, std::min(text.find('\n', begin), text.size()) - begin);
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t") == std::string::npos;
}

FilePlace at_spot(const std::string& text, const Spot& spot, const std::string& rule,
                  const std::string& deeper) {
  const std::string line = line_at(text, spot.line);
  const std::string head = line.substr(0, spot.column);
  if (is_blank(head)) return {spot.line, "", head + deeper + rule};
  const auto last = head.find_last_not_of(" \t");
  const bool divided = head[last] == ';' || head[last] == '{';
  return {
      spot.line, line,
      (divided ? head : head.substr(0, last + 1) + "; ") + rule + "; " + line.substr(spot.column)};
}

/// The rule in a file's chain that a listed one comes from; null: not found, or the end is meant.
const Rule* same_rule(const Chain& chain, const Insertion& insertion) {
  for (const auto& rule : chain.rules) {
    if (plain(rule.text) == plain(insertion.before)) return &rule;
  }
  // The file may write the same in other words.
  const auto index = static_cast<std::size_t>(insertion.number) - 1;
  return index < chain.rules.size() ? &chain.rules[index] : nullptr;
}

}  // namespace

std::vector<Insertion> insertions(Ruleset rules, const Connection& connection,
                                  const std::vector<std::string>& sources) {
  std::vector<Insertion> found;
  for (int tries = 0; tries <= most_rules; ++tries) {
    const auto fates = evaluate(rules, connection);
    const auto stopped = std::find_if(fates.begin(), fates.end(), [](const Fate& fate) {
      return fate.kind == Fate::Kind::drop || fate.kind == Fate::Kind::reject;
    });
    if (stopped == fates.end()) {
      const bool all = std::all_of(fates.begin(), fates.end(), [](const Fate& fate) {
        return fate.kind == Fate::Kind::accept;
      });
      return all ? found : std::vector<Insertion>{};
    }
    found.push_back(insertion_at(*stopped, sources));
    apply(rules, *stopped, sources);
  }
  return {};
}

FilePlace place_in_nft_file(const std::string& text, const Insertion& insertion) {
  const Ruleset file = parse_nft(text);
  for (const auto& table : file.tables) {
    if (table.family != insertion.family || table.name != insertion.table) continue;
    const Chain* chain = table.chain(insertion.chain);
    if (chain == nullptr || chain->end.line == 0) continue;
    const Rule* rule = insertion.number == 0 ? nullptr : same_rule(*chain, insertion);
    if (rule != nullptr) return at_spot(text, rule->spot, insertion.text, "");
    const std::string brace = line_at(text, chain->end.line).substr(0, chain->end.column);
    std::string deeper;
    if (is_blank(brace)) {
      const std::string last =
          chain->rules.empty() ? "" : line_at(text, chain->rules.back().spot.line);
      const auto indent = std::min(last.find_first_not_of(" \t"), last.size());
      deeper = indent > brace.size() ? last.substr(brace.size(), indent - brace.size())
               : brace.find('\t') != std::string::npos ? "\t"
                                                       : "    ";
    }
    return at_spot(text, chain->end, insertion.text, deeper);
  }
  return {};
}

FilePlace place_in_iptables_file(const std::string& text, const Insertion& insertion) {
  const std::string rule = "-A " + insertion.chain + " " + insertion.text;
  int line = 0;
  bool here = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string words = text.substr(begin, end - begin);
    begin = end + 1;
    ++line;
    if (words[0] == '*') here = words == "*" + insertion.table;
    if (!here) continue;
    if (insertion.number != 0 && words == insertion.before) return {line, "", rule};
    if (words == "COMMIT") return insertion.number == 0 ? FilePlace{line, "", rule} : FilePlace{};
  }
  return {};
}

}  // namespace hopcheck::firewall
