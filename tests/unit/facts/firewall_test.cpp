// Firewall rules as text, what they do, and where an exception goes.
#include "facts/firewall/evaluate.h"
#include "facts/firewall/insertion.h"
#include "test.h"

using namespace hopcheck;
using namespace hopcheck::firewall;

namespace {

Connection from(const std::string& source, int port = 80) {
  Connection connection;
  connection.peers = {*parse_address_range(source)};
  connection.address = parse_ip("10.99.0.2")->bytes;
  connection.port = port;
  connection.interface = "eth0";
  connection.peer_reachable = true;
  connection.own_addresses = {connection.address};
  return connection;
}

/// "drop 10.0.0.128/25; accept 10.0.0.0/25"
std::string fates(const Ruleset& rules, const Connection& connection) {
  std::string text;
  for (const Fate& fate : evaluate(rules, connection)) {
    static const char* const kinds[] = {"accept", "drop", "reject", "unknown"};
    text += (text.empty() ? "" : "; ") + std::string(kinds[static_cast<int>(fate.kind)]);
    for (const auto& network : texts_of(fate.peers)) text += " " + network;
  }
  return text;
}

/// A chain of the input hook with these lines.
Ruleset input(const std::string& rules, const std::string& policy = "drop") {
  return parse_nft(
      "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority "
      "filter; policy " +
      policy + ";\n" + rules + "\n\t}\n}\n");
}

}  // namespace

TEST_CASE("ranges are divided and told as networks") {
  const Ranges whole{*parse_address_range("10.0.0.0/24")};
  CHECK(texts_of(difference(whole, *parse_address_range("10.0.0.0/25"))) ==
        std::vector<std::string>{"10.0.0.128/25"});
  CHECK(texts_of(intersection(whole, *parse_address_range("10.0.0.9-10.0.0.9"))) ==
        std::vector<std::string>{"10.0.0.9"});
  CHECK(texts_of(difference(whole, *parse_address_range("10.0.0.100"))) ==
        std::vector<std::string>{"10.0.0.0/26", "10.0.0.64/27", "10.0.0.96/30",
                                 "10.0.0.101-10.0.0.255"});
  CHECK(texts_of({*parse_address_range("fd00::/8")}) == std::vector<std::string>{"fd00::/8"});
  CHECK_FALSE(parse_address_range("10.0.0.9-10.0.0.1"));
  CHECK_FALSE(parse_address_range("elsewhere"));
}

TEST_CASE("a rule divides the load balancer's network") {
  const auto rules =
      input("ct state established,related accept\nip saddr 10.99.0.0/25 tcp dport 80 accept");
  CHECK(fates(rules, from("10.99.0.0/24")) == "drop 10.99.0.128/25; accept 10.99.0.0/25");
  CHECK(fates(rules, from("10.99.0.0/24", 81)) == "drop 10.99.0.0/24");
}

TEST_CASE("what cannot be judged is unknown, unless both ways end alike") {
  const std::string first = "ct state established accept\n";
  CHECK(fates(input(first + "tcp dport 80 limit rate 5/second accept"), from("10.0.0.1")) ==
        "unknown 10.0.0.1");
  CHECK(fates(input(first + "tcp dport 80 limit rate 5/second drop"), from("10.0.0.1")) ==
        "drop 10.0.0.1");
  CHECK(fates(input(first + "tcp dport 22 limit rate 5/second drop\ntcp dport 80 accept"),
              from("10.0.0.1")) == "accept 10.0.0.1");
  CHECK(fates(input("osf name \"Linux\" drop", "accept"), from("10.0.0.1")) == "unknown 10.0.0.1");
  CHECK(fates(input("ip saddr @gone drop", "accept"), from("10.0.0.1")) == "unknown 10.0.0.1");
}

TEST_CASE("a match that nft cannot show may fail") {
  // Two blanks are what is left of a match of iptables.
  CHECK(fates(input("\t\tmeta l4proto tcp ip saddr 10.0.0.0/8   counter packets 0 bytes 0 accept # "
                    "handle 5"),
              from("10.0.0.1")) == "unknown 10.0.0.1");
  CHECK(fates(input("\t\t counter packets 0 bytes 0 accept # handle 3"), from("10.0.0.1")) ==
        "unknown 10.0.0.1");
}

TEST_CASE("a port is redirected before the input hook sees it") {
  auto rules = parse_nft(
      "table ip nat {\nchain pre {\ntype nat hook prerouting priority dstnat; policy accept;\n"
      "tcp dport 80 redirect to :8080\n}\n}\ntable inet filter {\nchain input {\n"
      "type filter hook input priority filter; policy drop;\nct state established accept\n"
      "tcp dport 8080 accept\n}\n}\n");
  CHECK(fates(rules, from("10.0.0.1", 80)) == "accept 10.0.0.1");
  CHECK(fates(rules, from("10.0.0.1", 81)) == "drop 10.0.0.1");
}

TEST_CASE("answers and what follows must pass, too") {
  const auto rules = parse_nft(
      "table inet f {\nchain i {\ntype filter hook input priority 0; policy drop;\n"
      "ct state new tcp dport 80 accept\n}\n}\n");
  const auto ends = evaluate(rules, from("10.0.0.1"));
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].kind == Fate::Kind::drop);
  CHECK(ends[0].later);
}

TEST_CASE("iptables-save is read as the kernel takes it") {
  const auto rules = parse_iptables(
      "*filter\n:INPUT DROP [0:0]\n:web - [0:0]\n-A INPUT -i lo -j ACCEPT\n"
      "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
      "-A INPUT -p tcp -m multiport --dports 80,8000:8080 -j web\n"
      "-A INPUT -m set --match-set lb src -p tcp -m tcp --dport 9000 -j ACCEPT\n"
      "-A web ! -s 10.0.0.0/8 -m comment --comment \"not ours\" -j REJECT --reject-with tcp-reset\n"
      "-A web -j ACCEPT\nCOMMIT\n",
      "iptables-nft");
  CHECK(fates(rules, from("10.1.2.3", 8001)) == "accept 10.1.2.3");
  CHECK(fates(rules, from("192.0.2.1")) == "reject 192.0.2.1");
  CHECK(fates(rules, from("10.1.2.3", 443)) == "drop 10.1.2.3");
  CHECK(fates(rules, from("10.1.2.3", 9000)) == "unknown 10.1.2.3");
}

TEST_CASE("the exception stands before the rule that stops, in the kernel and in the file") {
  const auto rules =
      input("\t\tct state established,related accept # handle 4\n\t\ttcp dport 80 drop # handle 7",
            "accept");
  const auto found = insertions(rules, from("10.99.0.0/24"), {"10.99.0.0/24"});
  REQUIRE(found.size() == 1);
  CHECK(found[0].handle == 7);
  CHECK(found[0].text == "ip saddr 10.99.0.0/24 tcp dport 80 accept");
  const auto own_line = place_in_nft_file(
      "table inet filter {\n  chain input {\n    type filter hook input priority 0\n"
      "    ct state established,related accept\n    tcp dport 80 drop\n  }\n}\n",
      found[0]);
  CHECK(own_line.line == 5);
  CHECK(own_line.old_line.empty());
  CHECK(own_line.new_line == "    ip saddr 10.99.0.0/24 tcp dport 80 accept");
  const auto one_line = place_in_nft_file(
      "table inet filter {\n  chain input { type filter hook input priority 0; "
      "ct state established,related accept; tcp dport http drop; }\n}\n",
      found[0]);
  CHECK(one_line.line == 2);
  CHECK(
      one_line.new_line.find("accept; ip saddr 10.99.0.0/24 tcp dport 80 accept; tcp dport http") !=
      std::string::npos);
  CHECK(place_in_nft_file("table ip other { chain input { } }", found[0]).line == 0);
}
