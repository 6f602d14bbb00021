// Rules to be added so that somebody is let in.
#pragma once

#include <string>
#include <vector>

#include "facts/firewall/evaluate.h"

namespace hopcheck::firewall {

/// A rule that accepts, before the one that stops a packet or at the end of its chain.
struct Insertion {
  std::string family{};  ///< of the table
  std::string table{};
  std::string tool{};
  std::string chain{};
  int handle{0};         ///< nft: before this rule; 0: at the end
  int number{0};         ///< before this rule, counted from 1; 0: at the end
  std::string text{};    ///< as nft or iptables writes it
  std::string before{};  ///< the text of that rule
};

/// The fewest rules that let all peers of the connection in; empty where that cannot be done.
/// `sources` are the peers as they are to be written; none: this host itself, by lo.
std::vector<Insertion> insertions(Ruleset rules, const Connection& connection,
                                  const std::vector<std::string>& sources);

/// The place in a file that nft loads where a rule must be inserted. `line` 0: not found.
struct FilePlace {
  int line{0};
  std::string old_line{};  ///< empty: a line of its own before `line`
  std::string new_line{};
};
FilePlace place_in_nft_file(const std::string& text, const Insertion& insertion);
/// Likewise in what iptables-restore loads.
FilePlace place_in_iptables_file(const std::string& text, const Insertion& insertion);

}  // namespace hopcheck::firewall
