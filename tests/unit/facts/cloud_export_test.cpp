// Exports of cloud firewalls.
#include "facts/cloud/cloud_export.h"

#include "test.h"

using namespace hopcheck;
using namespace hopcheck::cloud;

namespace {

std::string error_of(const std::string& json) {
  try {
    parse_export("f", json);
  } catch (const ExportError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a security group's inbound rules of TCP are kept, with what is no address") {
  const auto groups = parse_export("sg.json", R"({"SecurityGroups":[{"GroupId":"sg-1",
    "GroupName":"web","IpPermissions":[
      {"IpProtocol":"tcp","FromPort":80,"ToPort":81,"IpRanges":[{"CidrIp":"10.0.0.0/8"}],
       "Ipv6Ranges":[{"CidrIpv6":"fd00::/8"}],"UserIdGroupPairs":[{"GroupId":"sg-2"}],
       "PrefixListIds":[{"PrefixListId":"pl-3"}]},
      {"IpProtocol":"udp","FromPort":53,"ToPort":53,"IpRanges":[]},
      {"IpProtocol":"-1","IpRanges":[{"CidrIp":"192.0.2.1/32"}]}]}]})");
  const std::string text = encode(groups);
  CHECK(text ==
        "aws sg.json sg-1 web\n"
        "allow - 0 80-81 10.0.0.0/8,fd00::/8 sg-2,pl-3 -\n"
        "allow - 0 - 192.0.2.1/32 - -\n");
  CHECK(encode(decode(text)) == text);
}

TEST_CASE(
    "rules of a network keep priority, action and targets, and that they are off; what is outgoing "
    "is left out") {
  const auto networks = parse_export("r.json", R"([
    {"name":"in","network":"https://x/networks/default","direction":"INGRESS","priority":900,
     "sourceRanges":["10.0.0.0/8"],"targetTags":["web"],
     "allowed":[{"IPProtocol":"tcp","ports":["80","8000-8080"]},{"IPProtocol":"icmp"}]},
    {"name":"off","network":"default","direction":"INGRESS","disabled":true,
     "denied":[{"IPProtocol":"all"}]},
    {"name":"out","network":"default","direction":"EGRESS","denied":[{"IPProtocol":"all"}]},
    {"name":"no","network":"default","direction":"INGRESS","denied":[{"IPProtocol":"all"}]}])");
  CHECK(encode(networks) ==
        "gcp r.json default \"\"\n"
        "allow in 900 80-80,8000-8080 10.0.0.0/8 - web\n"
        "disabled-deny off 1000 - 0.0.0.0/0 - -\n"
        "deny no 1000 - 0.0.0.0/0 - -\n");
}

TEST_CASE("what is no export says what was expected, and where") {
  CHECK(error_of("{\"a\":\n  nope}") == "line 2, column 4: JSON is expected");
  CHECK(error_of("{}").find("aws ec2 describe-security-groups") != std::string::npos);
  CHECK(error_of("[{\"network\":\"d\",\"direction\":\"INGRESS\",\"allowed\":[{\"IPProtocol\":"
                 "\"tcp\",\"ports\":[\"x\"]}],\"name\":\"n\"}]") ==
        "[0].allowed[0].ports[0]: a port or a range such as 8000-8080 is expected");
  CHECK(
      error_of("{\"SecurityGroups\":[{\"GroupId\":\"g\",\"IpPermissions\":[{\"IpProtocol\":\"tcp\","
               "\"FromPort\":80,\"ToPort\":80,\"IpRanges\":[{\"CidrIp\":\"all\"}]}]}]}") ==
      "SecurityGroups[0].IpPermissions[0].IpRanges[0].CidrIp: a network such as 10.0.0.0/8 is "
      "expected");
}
