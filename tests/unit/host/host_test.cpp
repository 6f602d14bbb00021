// Questions, their keys, and words on a line.
#include "host/host.h"

#include <stdexcept>

#include "random_text.h"
#include "test.h"

using namespace hopcheck;

TEST_CASE("words survive a line, whatever their bytes") {
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::vector<std::string> words(random() % 5);
    for (std::string& word : words) word = test::random_text(random, 6);
    const std::string line = join_words(words);
    REQUIRE(line.find('\n') == std::string::npos);
    REQUIRE(line.find('\x1b') == std::string::npos);
    REQUIRE(split_words(line) == words);
  }
}

TEST_CASE("words are quoted only where they must be") {
  CHECK(join_words({"read", "/etc/nginx/nginx.conf"}) == "read /etc/nginx/nginx.conf");
  CHECK(join_words({"a b", "", "q\"\\\n\x01"}) == R"("a b" "" "q\"\\\n\x01")");
  CHECK(join_words({"env.PORT=80 00", "müller"}) == "env.PORT=\"80 00\" müller");
  CHECK(split_words("  a\t\"b c\"d ") == std::vector<std::string>{"a", "b cd"});
  CHECK_THROWS_AS(split_words("a \"b"), std::invalid_argument);
  CHECK_THROWS_AS(split_words("\"\\q\""), std::invalid_argument);
  CHECK_THROWS_AS(split_words("\"\\x1"), std::invalid_argument);
}

TEST_CASE("a key stands for its question") {
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    Question question{static_cast<Verb>(random() % 13), std::vector<std::string>(2 + random() % 3)};
    for (std::string& word : question.words) word = test::random_text(random, 6);
    const Question again = parse_question(question.key());
    REQUIRE(again.verb == question.verb);
    REQUIRE(again.words == question.words);
  }
}

TEST_CASE("keys read as a person would ask") {
  CHECK(ask::read("/etc/hosts").key() == "read /etc/hosts");
  CHECK(ask::read("/etc/my hosts", 10).key() == "read \"/etc/my hosts\" cap=10");
  CHECK(ask::read("/etc/hosts", 10).option("cap") == "10");
  CHECK(ask::reduce("/var/log/x", "last-lines-160").key() == "reduce /var/log/x last-lines-160");
  CHECK(ask::run({"systemctl", "show", "limit=9"}).key() == "run systemctl show limit=9");
  CHECK(ask::run({"systemctl", "show", "limit=9"}).option("limit").empty());
  CHECK(ask::run({"nginx", "-t"}, 9000).key() == "run limit=9000 nginx -t");
  CHECK(ask::run({"nginx", "-t"}, 9000).option("limit") == "9000");
  CHECK(ask::listeners().key() == "listeners");
  CHECK(ask::listeners_again(2).key() == "listeners look=2");
  CHECK_THROWS_AS(request_of(parse_question("request GET http://10.0.0.5:80/ count=3")),
                  std::invalid_argument);
  CHECK_THROWS_AS(count_of(parse_question("sample GET http://10.0.0.5:80/ count=999")),
                  std::invalid_argument);
  CHECK_THROWS_AS(parse_question(""), std::invalid_argument);
  CHECK_THROWS_AS(parse_question("erase /"), std::invalid_argument);
  CHECK_THROWS_AS(parse_question("read"), std::invalid_argument);
}

TEST_CASE("the request of a request's question is that request") {
  std::mt19937 random(3);
  const auto same = [](const Request& a, const Request& b) {
    return a.method == b.method && a.scheme == b.scheme && a.address == b.address &&
           a.port == b.port && a.socket == b.socket && a.host == b.host && a.path == b.path &&
           a.headers == b.headers && a.timeout_ms == b.timeout_ms && a.sent_as == b.sent_as;
  };
  for (int round = 0; round < 3000; ++round) {
    Request request;
    request.method = random() % 2 == 0 ? "GET" : test::random_text(random, 3);
    request.scheme = random() % 2 == 0 ? "http" : "https";
    if (random() % 2 == 0) {
      request.socket = "/run/" + test::random_text(random, 6);
    } else {
      request.address = random() % 2 == 0 ? "10.0.0.5" : "fe80::1%eth0";
      request.port = static_cast<int>(random() % 65536);
    }
    request.host = test::random_text(random, 3);
    request.path = "/" + test::random_text(random, 6);
    if (random() % 2 == 0) request.headers = {{"X-A", test::random_text(random, 4)}, {"X-B", ""}};
    request.timeout_ms = static_cast<int>(random() % 10000);
    request.sent_as = test::random_text(random, 2);
    const Request again = request_of(parse_question(ask::request(request).key()));
    REQUIRE(same(again, request));
    const Question sample = parse_question(ask::sample(request, 3).key());
    REQUIRE(same(request_of(sample), request));
    REQUIRE(count_of(sample) == 3);
  }
}

TEST_CASE("requests read as a person would write them") {
  Request request;
  request.address = "10.0.0.5";
  request.port = 80;
  request.path = "/health";
  request.headers = {{"User-Agent", "ELB-HealthChecker/2.0"}};
  request.sent_as = "aws-alb";
  CHECK(
      ask::request(request).key() ==
      "request GET http://10.0.0.5:80/health no-host header=\"User-Agent: ELB-HealthChecker/2.0\" "
      "timeout=5000 as=aws-alb");
  request.headers.clear();
  request.socket = "/run/a:b.sock";
  request.host = "shop";
  CHECK(ask::request(request).key() ==
        "request GET unix:/run/a%3ab.sock:/health host=shop timeout=5000 as=aws-alb");
  Request connect;
  connect.scheme = "tcp";
  connect.address = "::1";
  connect.port = 22;
  CHECK(ask::request(connect).key() == "request GET tcp://[::1]:22 timeout=5000");
  CHECK(request_of(ask::request(connect)).path == "/");
  CHECK_THROWS_AS(request_of(parse_question("request GET nowhere")), std::invalid_argument);
  CHECK_THROWS_AS(request_of(parse_question("request GET http://a")), std::invalid_argument);
  CHECK_THROWS_AS(request_of(parse_question("request GET http://a:99999/")), std::invalid_argument);
  CHECK_THROWS_AS(request_of(parse_question("request GET http://a:9/ x")), std::invalid_argument);
}

TEST_CASE("reasons have names") {
  for (int i = 0; i < 10; ++i) {
    const auto why = static_cast<Unseen::Why>(i);
    CHECK(parse_why(why_name(why)) == why);
  }
  CHECK_THROWS_AS(parse_why("because"), std::invalid_argument);
}
