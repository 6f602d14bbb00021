// What the log reducers' answers say.
#include <stdexcept>

#include "facts/log/log_files.h"
#include "facts/log/records.h"
#include "nginx_support.h"
#include "test.h"

using namespace hopcheck;
using nginx::test::parse_text;

namespace {

std::vector<std::string> paths(const log::LogFiles& files) {
  std::vector<std::string> all;
  for (const auto& file : files.files) all.push_back(file.path);
  return all;
}

Failed failed(int status, long ms, std::uint64_t count) {
  Failed one;
  one.status = status;
  one.least_ms = one.most_ms = ms;
  one.path = "/report";
  one.seen.count = count;
  return one;
}

}  // namespace

TEST_CASE("local times become moments by the zone that held then") {
  const auto zone = log::parse_zone(
      "offset 3600 from=2024-01-01T00:00:00Z\noffset 7200 from=2026-03-29T01:00:00Z\n"
      "offset 3600 from=2026-10-25T01:00:00Z\n");
  CHECK(zone.utc(log::time_of("2026-02-01T12:00:00")) == log::time_of("2026-02-01T11:00:00"));
  CHECK(zone.utc(log::time_of("2026-07-01T12:00:00")) == log::time_of("2026-07-01T10:00:00"));
  CHECK(zone.utc(log::time_of("2026-11-21T12:00:00")) == log::time_of("2026-11-21T11:00:00"));
  CHECK(zone.local(log::time_of("2026-07-01T10:00:00")) == log::time_of("2026-07-01T12:00:00"));
  CHECK(zone.utc(log::time_of("2020-01-01T01:00:00")) == log::time_of("2020-01-01T00:00:00"));
  CHECK(log::Zone().utc(5) == 5);
  CHECK_THROWS_AS(log::parse_zone("no time zone file\n"), std::invalid_argument);
}

TEST_CASE("only what is younger counts") {
  Occurrences seen{30, false, 100, 300, {200, 250, 300}};
  CHECK(seen.since(50).count == 30);
  CHECK(seen.since(220).count == 2);
  CHECK(seen.since(220).first == 250);
  CHECK_FALSE(seen.since(220).at_least);
  CHECK(seen.since(150).at_least);
  CHECK(seen.since(150).count == 3);
  CHECK(seen.since(301).count == 0);
  CHECK(seen.since(150).text() == "at least 3 times, from 00:03:20 to 00:05:00 UTC");
  CHECK(Occurrences{1, false, 60, 60, {60}}.text() == "once, at 00:01:00 UTC");
  CHECK(Occurrences{2, false, 60, 60, {60, 60}}.text() == "2 times, all at 00:01:00 UTC");
}

TEST_CASE("an error log's groups and newest lines") {
  const auto log = log::parse_error_log(
      "/var/log/nginx/error.log",
      "log lines=3 whole=yes first=2026-11-21T09:00:00 last=2026-11-21T09:30:00\n"
      "said what=connect-denied server=a upstream=/run/x.sock method=GET path=/ count=2 "
      "first=2026-11-21T09:00:00 last=2026-11-21T09:30:00 "
      "times=2026-11-21T09:00:00,2026-11-21T09:30:00 "
      "text=\"2026/11/21 09:30:00 [crit] connect() failed, client: 10.0.0.1\"\n"
      "line what=connect-denied server=a upstream=/run/x.sock method=GET path=/ "
      "at=2026-11-21T09:30:00 client=10.0.0.1 host=a text=x\n",
      {});
  REQUIRE(log.groups.size() == 1);
  CHECK(log.groups[0].message() == "connect() failed");
  CHECK(log.groups[0].evidence().text ==
        "2 times, from 09:00:00 to 09:30:00 UTC: connect() failed");
  CHECK(log.groups[0].evidence().untrusted);
  REQUIRE(log.lines.size() == 1);
  CHECK(log.lines[0].client == "10.0.0.1");
  CHECK(log.lines[0].time == log::time_of("2026-11-21T09:30:00"));
  CHECK_THROWS_AS(log::parse_error_log("x", "said what=x count=many\n", {}), std::invalid_argument);
  CHECK_THROWS_AS(log::parse_error_log("x", "said nothing\n", {}), std::invalid_argument);
}

TEST_CASE("an access log's probers") {
  const auto one = log::parse_access_log(
      "x",
      "log lines=9 odd=1 whole=yes first=2026-11-21T09:00:00 last=2026-11-21T09:02:00\n"
      "prober agent=GoogleHC/1.0 source=35.191.0.1 host=a method=GET path=/h status=200 count=4 "
      "first=2026-11-21T09:00:00 last=2026-11-21T09:02:00 "
      "times=2026-11-21T09:00:00,2026-11-21T09:00:30,2026-11-21T09:01:30,2026-11-21T09:02:00 "
      "slowest=12\n"
      "prober agent=GoogleHC/1.0 source=35.191.0.1 host=a method=GET path=/h status=503 count=2 "
      "first=2026-11-20T09:00:00 last=2026-11-21T09:01:00 "
      "times=2026-11-20T09:00:00,2026-11-21T09:01:00 slowest=13\n");
  REQUIRE(one.log.probers.size() == 2);
  std::vector<Prober> probers;
  for (const auto& prober : one.log.probers)
    log::add_prober(prober, log::time_of("2026-11-21T08:30:00"), probers);
  REQUIRE(probers.size() == 1);
  CHECK(probers[0].interval_s() == 30);
  CHECK(probers[0].slowest_ms == 13);
  CHECK(probers[0].text() ==
        "GoogleHC/1.0 from 35.191.0.1 asked for GET /h 5 times, from 09:00:00 to 09:02:00 UTC, "
        "every 30 s; answers: 200 (4), 503 (1)");
}

TEST_CASE("failures gather where a timer makes them") {
  AccessLog log;
  log.failed = {failed(499, 9990, 3), failed(499, 10'004, 2), failed(499, 2500, 1),
                failed(502, 10'000, 9)};
  const auto at = gathering(log, 499, false);
  REQUIRE(at);
  CHECK(at->count == 5);
  CHECK(at->of == 6);
  CHECK(at->text() == "at 10.0 s");
  CHECK(lies_at(*at, 10'000));
  CHECK_FALSE(lies_at(*at, 12'000));
  log.failed = {failed(499, 9990, 3)};
  CHECK_FALSE(gathering(log, 499, false));
  log.failed = {failed(499, 3, 50)};
  CHECK_FALSE(gathering(log, 499, false));
  log.failed = {failed(499, 9990, 4), failed(499, 2000, 3), failed(499, 5000, 3)};
  CHECK_FALSE(gathering(log, 499, false));
}

TEST_CASE("the access logs that a configuration names, with their formats") {
  const auto config = parse_text(
      "http {\n"
      "  log_format timed escape=json '$remote_addr' ' $status';\n"
      "  access_log /var/log/a.log;\n"
      "  server { access_log /var/log/b.log timed buffer=4k;\n"
      "    location / { access_log /var/log/c-$host.log; }\n"
      "    location = /favicon.ico { access_log off; }\n"
      "    location = /up { access_log off; } }\n"
      "  server { access_log syslog:server=10.0.0.1; }\n"
      "  server { access_log logs/d.log unknown; }\n"
      "}\n");
  const auto files = log::access_log_files(config, "");
  CHECK(paths(files) == std::vector<std::string>{"/var/log/a.log", "/var/log/b.log"});
  CHECK(files.files[0].format.find("$http_user_agent") != std::string::npos);
  CHECK(files.files[1].format == "$remote_addr $status");
  CHECK(files.missing.size() == 5);
  const auto bare = log::access_log_files(parse_text("http { server { listen 80; } }\n"), "");
  CHECK(paths(bare) == std::vector<std::string>{"/var/log/nginx/access.log"});
}

TEST_CASE("the error logs that a configuration names") {
  const auto config = parse_text(
      "http { error_log /var/log/a.log;\n"
      "  server { error_log logs/b.log crit; } server { error_log stderr; } }\n");
  const auto files = log::error_log_files(config, "/opt/nginx", "/var/log/nginx/error.log");
  CHECK(paths(files) == std::vector<std::string>{"/var/log/a.log", "/opt/nginx/logs/b.log"});
  CHECK(files.missing.size() == 2);
  const auto bare = log::error_log_files(parse_text("http { }\n"), "", "/var/log/nginx/error.log");
  CHECK(paths(bare) == std::vector<std::string>{"/var/log/nginx/error.log"});
}
