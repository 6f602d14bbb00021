// nft's language as tokens, each with its place.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "facts/firewall/ruleset.h"

namespace hopcheck::firewall {

struct Token {
  enum class Kind { word, string, open, close, comma, end, handle };  ///< end: a line's, or ";"
  Kind kind{Kind::word};
  std::string text{};  ///< without quotes; of a handle its number
  Spot spot{};
  std::size_t offset{0};  ///< in the whole text
  std::size_t length{0};

  bool is(const char* word) const { return kind == Kind::word && text == word; }
};

/// Ends with an `end` token.
std::vector<Token> nft_tokens(const std::string& text);

using Tokens = std::vector<Token>;

/// The named sets and maps of a table, as they are listed.
struct NamedSet {
  /// Words of each element, and of a map what it leads to.
  struct Entry {
    std::vector<std::string> words{};
    std::vector<std::string> verdict{};
    bool limited{false};  ///< "limit rate" in the element: it may match
  };
  std::vector<Entry> entries{};
};

/// The entries between braces; `at` stands behind the opening one and is moved behind the closing.
NamedSet parse_set(const Tokens& tokens, std::size_t& at);

/// The rule in tokens [begin, end).
std::vector<Step> parse_rule(const Tokens& tokens, std::size_t begin, std::size_t end,
                             const std::map<std::string, NamedSet>& sets);

/// "10.0.0.1:90", ":8080": false where it is neither.
bool take_nat_target(const std::string& target, Step& step);

/// "accept", "jump web": nothing for other words.
Verdict parse_verdict(const std::vector<std::string>& words);

}  // namespace hopcheck::firewall
