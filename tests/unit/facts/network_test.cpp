// Addresses and networks, and nginx's access rules over them.
#include "facts/socket/ip.h"
#include "hopcheck/nginx.h"
#include "test.h"

using namespace hopcheck;

namespace {

Overlap share(const char* inner, const char* outer) {
  return overlap(*parse_network(inner), *parse_network(outer));
}

std::vector<nginx::AccessRule> rules(std::initializer_list<std::pair<bool, const char*>> lines) {
  std::vector<nginx::AccessRule> made;
  for (const auto& [allows, source] : lines) made.push_back({allows, source, {}});
  return made;
}

}  // namespace

TEST_CASE("networks overlap wholly, partly or not at all") {
  CHECK(share("10.0.0.1", "10.0.0.0/24") == Overlap::whole);
  CHECK(share("10.0.0.0/24", "10.0.0.0/24") == Overlap::whole);
  CHECK(share("10.0.0.0/16", "10.0.0.0/24") == Overlap::partial);
  CHECK(share("10.0.1.0/24", "10.0.0.0/24") == Overlap::none);
  CHECK(share("10.0.0.127", "10.0.0.0/25") == Overlap::whole);
  CHECK(share("10.0.0.128", "10.0.0.0/25") == Overlap::none);
  CHECK(share("2001:db8::1", "2001:db8::/32") == Overlap::whole);
  CHECK(share("10.0.0.1", "0.0.0.0/0") == Overlap::whole);
  CHECK(share("2001:db8::1", "0.0.0.0/0") == Overlap::none);
}

TEST_CASE("what is no network is told apart") {
  for (const char* text : {"", "all", "unix:", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/",
                           "10.0.0/8", "::/129", "10.0.0.0/8x"}) {
    INFO(text);
    CHECK_FALSE(parse_network(text));
  }
}

TEST_CASE("the first access rule that holds decides") {
  const auto list =
      rules({{false, "10.0.0.9"}, {true, "10.0.0.0/24"}, {true, "unix:"}, {false, "all"}});
  CHECK_FALSE(nginx::deciding_rule(list, "10.0.0.9")->allows);
  CHECK(nginx::deciding_rule(list, "10.0.0.8")->allows);
  CHECK(nginx::deciding_rule(list, "192.0.2.1")->source == "all");
  CHECK(nginx::deciding_rule(rules({{false, "10.0.0.9"}}), "10.0.0.8") == nullptr);
  CHECK_THROWS_AS(nginx::deciding_rule(list, "10.0.0.0/16"), NotSeen);
  CHECK_THROWS_AS(nginx::deciding_rule(list, "10.0.0.0/24"), NotSeen);
}
