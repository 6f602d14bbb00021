// The reducers of logs and of the time zone.
#include <cstring>

#include "host/log_lines.h"
#include "host/reducers.h"
#include "random_text.h"
#include "test.h"

using namespace hopcheck;

namespace {

std::string reduce(const std::string& name, const std::string& text,
                   const std::string& format = {}) {
  ByteSource source;
  source.size = text.size();
  source.read = [&](std::uint64_t offset, char* buffer, std::size_t n) {
    const std::size_t got = std::min(n, text.size() - offset);
    std::memcpy(buffer, text.data() + offset, got);
    return got;
  };
  return find_reducer(name)(source, format);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kTail =
    ", client: 10.0.0.1, server: shop.example.com, request: \"GET /a?token=x HTTP/1.1\", "
    "upstream: \"http://unix:/run/shop.sock:/a?token=x\", host: \"shop.example.com\", referrer: "
    "\"http://x/?s\"";

std::string error_line(const std::string& message, const std::string& tail = kTail) {
  return "2026/11/21 09:30:01 [error] 12#12: *7 " + message + tail + "\n";
}

std::string meaning(const std::string& message) {
  const std::string text = reduce("nginx-error-log-1", error_line(message));
  const auto at = text.find("said what=");
  if (at == std::string::npos) return "";
  return text.substr(at + 10, text.find(' ', at + 10) - at - 10);
}

const std::string kCombined =
    "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
    "\"$http_referer\" \"$http_user_agent\"";

// One zone: an hour east of Greenwich from 2025-06-01 on, none before, then the rule.
std::string zone_file(const std::string& rule) {
  const auto number = [](long long value, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i)
      text[bytes - 1 - i] = static_cast<char>(static_cast<unsigned long long>(value) >> (8 * i));
    return text;
  };
  const std::string head = "TZif2" + std::string(15, '\0');
  const std::string v1 = head + number(0, 4) + number(0, 4) + number(0, 4) + number(0, 4) +
                         number(0, 4) + number(0, 4);
  const std::string v2 = head + number(0, 4) + number(0, 4) + number(0, 4) + number(1, 4) +
                         number(2, 4) + number(4, 4) + number(1'748'736'000, 8) + "\x01" +
                         number(0, 4) + number(0, 2) + number(3600, 4) + number(0, 2) +
                         std::string(4, 'X');
  return v1 + v2 + "\n" + rule + "\n";
}

}  // namespace

TEST_CASE("what the error log's lines mean") {
  const std::string to = " while connecting to upstream";
  const std::string from = " while reading response header from upstream";
  CHECK(meaning("connect() to unix:/run/x failed (2: No such file or directory)" + to) ==
        "connect-absent");
  CHECK(meaning("connect() to unix:/run/x failed (13: Permission denied)" + to) ==
        "connect-denied");
  CHECK(meaning("connect() to unix:/run/x failed (111: Connection refused)" + to) ==
        "connect-refused");
  CHECK(meaning("connect() failed (111: Connection refused)" + to) == "connect-refused");
  CHECK(meaning("connect() to unix:/run/x failed (11: Resource temporarily unavailable)" + to) ==
        "connect-queue-full");
  CHECK(meaning("connect() failed (113: No route to host)" + to) == "connect-unreachable");
  CHECK(meaning("connect() to 10.0.0.9:80 failed (99: Cannot assign requested address)" + to) ==
        "connect-no-port");
  CHECK(meaning("upstream timed out (110: Connection timed out)" + to) == "connect-timed-out");
  CHECK(meaning("upstream timed out (110: Connection timed out)" + from) == "read-timed-out");
  CHECK(meaning("upstream timed out (110: Connection timed out) while reading upstream") ==
        "body-timed-out");
  CHECK(meaning("upstream prematurely closed connection" + from) == "closed-early");
  CHECK(meaning("upstream prematurely closed connection while reading upstream") ==
        "closed-in-body");
  CHECK(meaning("recv() failed (104: Connection reset by peer)" + from) == "reset-early");
  CHECK(meaning("readv() failed (104: Connection reset by peer) while reading upstream") ==
        "reset-in-body");
  CHECK(meaning("no live upstreams" + to) == "no-live-upstreams");
  CHECK(meaning("upstream server temporarily disabled" + to) == "member-ejected");
  CHECK(meaning("upstream sent too big header" + from) == "header-too-big");
  CHECK(meaning("upstream sent invalid header: \"Bad\\x20...\"" + from) == "header-invalid");
  CHECK(meaning("upstream sent no valid HTTP/1.0 header" + from) == "not-http");
  CHECK(meaning("no resolver defined to resolve app.internal") == "no-resolver");
  CHECK(meaning("app.internal could not be resolved (3: Host not found)") == "name-unresolved");
  CHECK(meaning("client intended to send too large body: 3145728 bytes") == "body-too-large");
  CHECK(meaning("access forbidden by rule") == "access-forbidden");
  CHECK(meaning("directory index of \"/srv/www/\" is forbidden") == "index-forbidden");
  CHECK(meaning("limiting requests, excess: 1.0 by zone \"one\"") == "limited");
  CHECK(meaning("rewrite or internal redirection cycle while processing \"/\"") ==
        "redirect-cycle");
  CHECK(meaning("768 worker_connections are not enough" + to) == "connections-exhausted");
  CHECK(meaning("socket() failed (24: Too many open files)" + to) == "too-many-files");
  CHECK(meaning("pwrite() \"/var/lib/nginx/body/1\" failed (28: No space left on device)") ==
        "no-space");
  CHECK(meaning("open() \"/srv/x\" failed (13: Permission denied)") == "file-denied");
  CHECK(meaning("open() \"/srv/x\" failed (2: No such file or directory)") == "file-absent");
  CHECK(meaning("client prematurely closed connection, so upstream connection is closed too") ==
        "client-left");
  CHECK(meaning("worker process 12 exited on signal 9") == "worker-died");
  CHECK(meaning("signal process started") == "");
}

TEST_CASE("like lines of the error log are counted, without what is secret in them") {
  std::string text;
  for (int i = 0; i < 40; ++i)
    text += error_line(
        "connect() to unix:/run/shop.sock failed (13: Permission denied) while "
        "connecting to upstream");
  const std::string out = reduce("nginx-error-log-1", text);
  CHECK(has(out, "log lines=40 whole=yes first=2026-11-21T09:30:01 last=2026-11-21T09:30:01"));
  CHECK(has(out,
            "said what=connect-denied server=shop.example.com upstream=/run/shop.sock "
            "method=GET path=/a count=40"));
  CHECK(has(out, "client=10.0.0.1"));
  CHECK_FALSE(has(out, "token"));
  CHECK_FALSE(has(out, "referrer"));
}

TEST_CASE("a client's words in the error log are not taken for nginx's") {
  const std::string tail =
      ", client: 10.0.0.1, server: a, request: \"GET /x\", upstream: \"http://10.6.6.6:80/ "
      "HTTP/1.1\", upstream: \"http://127.0.0.1:8000/\", host: \"b\"";
  const std::string out = reduce(
      "nginx-error-log-1",
      error_line("connect() failed (111: Connection refused) while connecting to upstream", tail));
  CHECK(has(out, "what=connect-refused server=a upstream= method=GET"));
  CHECK_FALSE(has(out, "10.6.6.6\""));
  CHECK(reduce("nginx-error-log-1", "no log at all\n2026/11/21\n[error]\n") ==
        "log lines=0 whole=yes\n");
}

TEST_CASE("only the end of a large log is read, and many paths stay few groups") {
  std::string text;
  while (text.size() <= kMostLogBytes)
    text += error_line("upstream sent too big header",
                       ", client: 10.0.0.1, server: a, request: "
                       "\"GET /" +
                           std::to_string(text.size()) + " HTTP/1.1\"");
  const std::string out = reduce("nginx-error-log-1", text);
  CHECK(has(out, "whole=no"));
  CHECK(has(out, "path=*"));
  CHECK(out.size() < 200'000);
}

TEST_CASE("an access log in nginx's own format") {
  std::string text;
  for (int i = 0; i < 6; ++i)
    text += "10.0.0.7 - - [21/Nov/2026:10:30:0" + std::to_string(i) +
            " +0100] \"GET /health?x=1 HTTP/1.1\" 20" + std::to_string(i % 2) +
            " 2 \"-\" \"ELB-HealthChecker/2.0\"\n";
  text += "203.0.113.9 - - [21/Nov/2026:10:31:00 +0100] \"GET / HTTP/1.1\" 499 0 \"-\" \"x\"\n";
  text += "nonsense\n";
  const std::string out = reduce("access-log-1", text, kCombined);
  CHECK(has(out, "log lines=7 odd=1 whole=yes first=2026-11-21T09:30:00 last=2026-11-21T09:31:00"));
  CHECK(has(out,
            "prober agent=ELB-HealthChecker/2.0 source=10.0.0.7 host= method=GET "
            "path=/health status=200 count=3"));
  CHECK(has(out, "path=/health status=201 count=3"));
  CHECK(has(out, "failed status=499 prober=no least=-1"));
  CHECK_FALSE(has(reduce("probers-1", text, kCombined), "failed"));
}

TEST_CASE("access logs in formats of one's own") {
  const std::string json =
      "{\"t\":\"$time_iso8601\",\"r\":\"$request\",\"s\":$status,\"d\":$request_time,"
      "\"h\":\"$host\",\"ua\":\"${http_user_agent}\"}";
  const std::string line =
      "{\"t\":\"2026-11-21T09:30:00+00:00\",\"r\":\"GET /\\\"x HTTP/1.1\",\"s\":504,\"d\":60.004,"
      "\"h\":\"shop\",\"ua\":\"kube-probe/1.31\"}\n";
  const std::string out = reduce("access-log-1", line, json);
  CHECK(has(out, "host=shop method=GET"));
  CHECK(has(out, "status=504 prober=yes least=60004 most=60004"));
  CHECK(has(reduce("access-log-1", "1763717400.123 200\n", "$msec $status"), "lines=1 odd=0"));
  CHECK(has(reduce("access-log-1", line, "$status$request_time"), "lines=0 odd=1"));
  CHECK(has(reduce("access-log-1", line, ""), "lines=0 odd=1"));
}

TEST_CASE("whatever the log holds, the reducers answer") {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    const std::string text = "2026/11/21 09:30:01 [" + test::random_text(random, 200);
    CHECK(has(reduce("nginx-error-log-1", text), "log lines="));
    CHECK(has(reduce("access-log-1", text, test::random_text(random, 40)), "log lines="));
    CHECK_FALSE(reduce("time-zone-1", "TZif2" + text).empty());
  }
}

TEST_CASE("the offsets of a time zone, by its table and by its rule") {
  CHECK(reduce("time-zone-1", zone_file("XXX-1")) ==
        "offset 0 from=2024-01-01T00:00:00Z\noffset 3600 from=2025-06-01T00:00:00Z\n");
  const std::string summer = reduce("time-zone-1", zone_file("CET-1CEST,M3.5.0,M10.5.0/3"));
  CHECK(has(summer, "offset 3600 from=2026-10-25T01:00:00Z\n"));
  CHECK(has(summer, "offset 7200 from=2027-03-28T01:00:00Z\n"));
  const std::string west = reduce("time-zone-1", zone_file("EST5EDT,M3.2.0,M11.1.0"));
  CHECK(has(west, "offset -14400 from=2026-03-08T07:00:00Z\n"));
  CHECK(has(west, "offset -18000 from=2026-11-01T06:00:00Z\n"));
  CHECK(reduce("time-zone-1", "") == "no time zone file\n");
}
