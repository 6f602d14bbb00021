// The two halves of reading a rule: what it compares, and what it does.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "facts/firewall/nft_tokens.h"

namespace hopcheck::firewall {

/// The tokens of one rule, read from left to right.
class RuleTokens {
 public:
  RuleTokens(const Tokens& tokens, std::size_t begin, std::size_t end)
      : tokens_(&tokens), at_(begin), end_(end) {}

  bool over() const { return at_ >= end_; }
  const Token& look(std::size_t ahead = 0) const;
  void go(std::size_t count = 1) { at_ += count; }
  /// Goes past the next token if it is this word.
  bool take(const char* word);
  /// Past one word, or a whole group in braces.
  void skip_one();
  void skip_all() { at_ = end_; }
  /// A word that begins a statement (accept, counter, log …) is next.
  bool at_statement() const;
  /// The entries of a group in braces, whose opening one is next.
  NamedSet group();

 private:
  const Tokens* tokens_;
  std::size_t at_;
  std::size_t end_;
};

using NamedSets = std::map<std::string, NamedSet>;

/// A match is next.
bool at_match(const RuleTokens& tokens);
/// Reads a match ("ip saddr @lb", "tcp dport vmap { … }") or a change of a field ("meta mark set
/// 1"); false, with `tokens` where they were, where neither is next or it cannot be understood.
bool read_match(RuleTokens& tokens, const NamedSets& sets, std::vector<Step>& steps);

/// The number that a word stands for.
std::optional<std::uint64_t> number_in(const std::string& word);

}  // namespace hopcheck::firewall
