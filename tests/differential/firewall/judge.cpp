// Answers for the differential test: reads `nft -a list ruleset` from a file, then a connection a
// line ("SOURCE ADDRESS PORT"), and prints what the evaluator says of each.
#include <fstream>
#include <iostream>
#include <sstream>

#include "facts/firewall/evaluate.h"

using namespace hopcheck;
using namespace hopcheck::firewall;

namespace {

const char* word_of(Fate::Kind kind) {
  switch (kind) {
    case Fate::Kind::accept:
      return "accept";
    case Fate::Kind::drop:
      return "drop";
    case Fate::Kind::reject:
      return "reject";
    case Fate::Kind::unknown:
      break;
  }
  return "unknown";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::ifstream file(argv[1]);
  std::ostringstream text;
  text << file.rdbuf();
  const Ruleset rules = parse_nft(text.str());
  std::string source;
  std::string address;
  for (int port = 0; std::cin >> source >> address >> port;) {
    Connection connection;
    connection.peers = {*parse_address_range(source)};
    connection.address = parse_ip(address)->bytes;
    connection.port = port;
    connection.interface = "eth0";
    connection.peer_reachable = true;
    connection.own_addresses = {connection.address};
    std::string words;
    for (const auto& fate : evaluate(rules, connection)) {
      const bool fails = fate.kind == Fate::Kind::drop || fate.kind == Fate::Kind::reject;
      // TCP takes a refusal for a hint once it is connected.
      words += (words.empty() ? "" : ",") +
               std::string(fails && (fate.later || fate.either) ? "cut" : word_of(fate.kind));
      if (fate.by.rule != nullptr) words += " by " + fate.by.rule->text;
    }
    std::cout << words << std::endl;
  }
}
