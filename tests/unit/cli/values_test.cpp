// Values as users type them, and the words that answer a wrong one.
#include "cli/values.h"

#include "support/usage_error.h"
#include "test.h"

namespace hopcheck::cli {
namespace {

template <class Call>
std::string refusal(Call&& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("durations") {
  CHECK(parse_duration("x", "5s") == 5000);
  CHECK(parse_duration("x", "500ms") == 500);
  CHECK(parse_duration("x", "2m") == 120000);
  CHECK(parse_duration("x", "1h") == 3600000);
  CHECK(parse_duration("x", "20") == 20000);
  CHECK(parse_duration("x", "1.5s") == 1500);
  for (const char* wrong : {"", "s", "5 s", "5x", "-1s", "1e3s", "five", "0", "0.1ms", "99999999h",
                            "1..5s", "5S", "nan", "inf"}) {
    CHECK(refusal([&] {
            parse_duration("--timeout", wrong);
          }).rfind("--timeout: expected a duration", 0) == 0);
  }
  CHECK(refusal([] { parse_duration("--timeout", "5x"); }) ==
        "--timeout: expected a duration such as 500ms, 5s, 2m or 1h, not '5x'");
}

TEST_CASE("ports") {
  CHECK(parse_port("x", "1") == 1);
  CHECK(parse_port("x", "65535") == 65535);
  for (const char* wrong : {"0", "65536", "-1", "", "80a", "http", "99999999999999999999"}) {
    CHECK(refusal([&] { parse_port("p", wrong); }) ==
          "p: expected a port from 1 to 65535, not '" + std::string(wrong) + "'");
  }
}

TEST_CASE("networks") {
  CHECK(parse_network("x", "10.0.0.0/8") == "10.0.0.0/8");
  CHECK(parse_network("x", "10.0.0.1") == "10.0.0.1/32");
  CHECK(parse_network("x", "::1") == "::1/128");
  CHECK(parse_network("x", "2400:cb00::/32") == "2400:cb00::/32");
  for (const char* wrong :
       {"10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "::/129", "host", "", "/8"}) {
    CHECK(refusal([&] { parse_network("n", wrong); }).rfind("n: expected ", 0) == 0);
  }
}

TEST_CASE("status codes") {
  CHECK(parse_status_codes("x", "200").ranges == std::vector<std::pair<int, int>>{{200, 200}});
  CHECK(parse_status_codes("x", "200-399,404").ranges ==
        std::vector<std::pair<int, int>>{{200, 399}, {404, 404}});
  for (const char* wrong :
       {"", "2xx", "200-", "-399", "399-200", "99", "600", "200,,301", "200 301"}) {
    CHECK(refusal([&] { parse_status_codes("c", wrong); }).rfind("c: expected status codes", 0) ==
          0);
  }
}

TEST_CASE("paths, hosts and URLs") {
  CHECK(parse_url_path("x", "/health?a=b") == "/health?a=b");
  CHECK(refusal([] { parse_url_path("x", "health"); }) ==
        "x: expected a path that begins with / and holds no blank, not 'health'");
  CHECK(refusal([] { parse_url_path("x", "/a\r\nHost: b"); }) != "accepted");
  CHECK(parse_host("x", "") == "");
  CHECK(parse_host("x", "shop.example.com:8080") == "shop.example.com:8080");
  CHECK(refusal([] { parse_host("x", "a\nb"); }) != "accepted");
  CHECK(parse_url("x", "https://shop.example.com/") == "https://shop.example.com/");
  for (const char* wrong :
       {"shop.example.com", "ftp://x/", "http://", "http:///path", "http://a b/"}) {
    CHECK(refusal([&] { parse_url("x", wrong); }) != "accepted");
  }
}

TEST_CASE("the nearest word") {
  const std::vector<std::string> words = {"health_check", "profile", "proxies", "sources"};
  CHECK(nearest("helth_check", words) == "health_check");
  CHECK(nearest("porfile", words) == "profile");
  CHECK(nearest("sorces", words) == "sources");
  CHECK(did_you_mean("sorces", words) == "; did you mean sources?");
  CHECK(did_you_mean("sorces", {}).empty());
  CHECK(nearest(std::string(1 << 20, 'x'), words).size() > 0);
}

}  // namespace hopcheck::cli
