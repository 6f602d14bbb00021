// The request that the words of `hopcheck trace` ask for, and the words that answer a wrong one.
#include "cli/traced.h"

#include "support/usage_error.h"
#include "test.h"

namespace hopcheck::cli {
namespace {

Options asking(const std::string& url, const std::vector<std::string>& headers = {}) {
  Options options;
  options.operand = url;
  options.headers = headers;
  return options;
}

std::string refusal(const Options& options) {
  try {
    traced_question(options);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("traced URLs") {
  const TraceQuestion plain = traced_question(asking("http://Shop.example.com/a%20b/../c?x=1#top"));
  CHECK(plain.url.host == "Shop.example.com");
  CHECK(plain.url.path == "/a%20b/../c?x=1");
  CHECK(plain.url.port == 80);
  CHECK(!plain.url.port_given);
  CHECK(!plain.host);
  CHECK(traced_question(asking("shop.example.com/x")).url.scheme == "http");
  CHECK(traced_question(asking("shop.example.com")).url.path == "/");
  CHECK(traced_question(asking("HTTPS://shop.example.com")).url.port == 443);
  CHECK(traced_question(asking("localhost:8080/x")).url.port == 8080);
  CHECK(traced_question(asking("http://a/?u=ftp://b")).url.path == "/?u=ftp://b");
  const TraceQuestion v6 = traced_question(asking("http://[2001:db8::1]:81/"));
  CHECK(v6.url.host == "2001:db8::1");
  CHECK(v6.url.port == 81);
  CHECK(v6.url.port_given);
}

TEST_CASE("URLs that cannot be traced") {
  for (const char* wrong :
       {"http://", "http://:80/", "http://a:0/", "http://a:port/", "http://a b/", "http://[::1/",
        "http://[nobody]/", "http://a\"b/", "gopher://a/", "http://a\tb/", "http:///x"}) {
    INFO(wrong);
    CHECK(refusal(asking(wrong)).rfind("trace: ", 0) == 0);
  }
  CHECK(refusal(asking("")) == "trace: name a URL: hopcheck trace http://HOST/PATH");
  CHECK(refusal(asking("/health")) == "trace: '/health' names no host: http://HOST/health");
  CHECK(refusal(asking("http://a/" + std::string(200, ' '))).size() < 160);
}

TEST_CASE("traced headers are as in curl") {
  const TraceQuestion question = traced_question(
      asking("http://a/", {"X-One: 1", "X-Two:2", "Empty;", "Gone:", "host: other.example.com"}));
  using Headers = std::vector<std::pair<std::string, std::string>>;
  CHECK(question.headers == Headers{{"X-One", "1"}, {"X-Two", "2"}, {"Empty", ""}});
  CHECK(question.host == "other.example.com");
  CHECK(traced_question(asking("http://a/", {"Host;"})).host == "");
  CHECK(traced_question(asking("http://a/", {"Host:"})).host == "");
  for (const char* wrong : {"", ":", "no colon", "A B: c", ": x", "A;b", "A: b\nC: d", "A: \x7f"}) {
    INFO(wrong);
    CHECK(refusal(asking("http://a/", {wrong})).rfind("--header: expected 'Name: value'", 0) == 0);
  }
  CHECK(refusal(asking("http://a/", {"Host: a", "Host: b"})) == "--header: Host is given twice");
}

TEST_CASE("traced addresses and methods") {
  Options options = asking("http://a/");
  options.source = "2001:DB8::0:1";
  CHECK(traced_question(options).source == "2001:db8::1");
  options.address = "10.0.0.1";
  CHECK(refusal(options) == "--source: is of another address family than --address");
  options.source = "10.0.0.0/8";
  CHECK(refusal(options) == "--source: expected an IP address, not '10.0.0.0/8'");
  options.source.reset();
  options.method = "GET /";
  CHECK(refusal(options) == "--method: 'GET /' is no method");
  options.method = "PURGE";
  CHECK(traced_question(options).method == "PURGE");
  CHECK(traced_question(options).send);
  options.no_probe = true;
  CHECK(!traced_question(options).send);
}

}  // namespace hopcheck::cli
