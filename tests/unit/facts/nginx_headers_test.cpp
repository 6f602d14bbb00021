// Request headers as nginx sends them on.
#include "hopcheck/nginx_headers.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

namespace {

constexpr auto kProxy = Action::Kind::proxy_pass;

/// The block that begins with these words.
std::uint32_t block(const Config& config, const std::string& text) {
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    if (config.at(i).text() == text) return i;
  }
  FAIL("no " + text);
  return 0;
}

const std::string kParams =
    "proxy_set_header Host $host;\n"
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
    "proxy_set_header X-Forwarded-Proto $scheme;\n";

}  // namespace

TEST_CASE("a block with a header of its own inherits none") {
  const Config config = parse_files(
      {{"/etc/nginx/nginx.conf",
        "http { server { include proxy_params;\n location / { proxy_pass http://a; }\n"
        "location /live { proxy_set_header Upgrade $http_upgrade;\n proxy_pass http://a; } } }"},
       {"/etc/nginx/proxy_params", kParams}});
  const auto inherits = sent_headers(config, block(config, "location / {"), kProxy);
  CHECK(inherits.set.size() == 3);
  CHECK(inherits.dropped.empty());
  REQUIRE(inherits.find("x-forwarded-proto") != nullptr);
  CHECK(inherits.find("x-forwarded-proto")->value == "$scheme");
  CHECK(inherits.find("x-forwarded-proto")->from.source == "/etc/nginx/proxy_params");
  CHECK(inherits.find("x-forwarded-proto")->from.line == 3);
  CHECK(inherits.block == block(config, "server {"));
  const auto own = sent_headers(config, block(config, "location /live {"), kProxy);
  CHECK(own.set.size() == 1);
  CHECK(own.find("Host") == nullptr);
  REQUIRE(own.lost("host") != nullptr);
  CHECK(own.lost("Upgrade") == nullptr);
}

TEST_CASE("without any line nothing is set and the client's headers pass") {
  const Config config = parse_text("http { server { location / { proxy_pass http://a; } } }");
  const auto headers = sent_headers(config, block(config, "location / {"), kProxy);
  CHECK(headers.set.empty());
  CHECK(headers.passes_clients);
  const Received request{"http", "shop.example.com", {{"x-forwarded-proto", "https"}}};
  CHECK(arriving(config, headers, "X-Forwarded-Proto", request) == "https");
  CHECK(arriving(config, headers, "X-Forwarded-Host", request) == "");
  CHECK(forwarded_for(headers) == ForwardedFor::passed);
}

TEST_CASE("proxy_pass_request_headers off stops the client's") {
  const Config config = parse_text(
      "http { proxy_pass_request_headers off; server { location / { proxy_pass http://a; } } }");
  const auto headers = sent_headers(config, block(config, "location / {"), kProxy);
  const Received request{"http", "a", {{"x-forwarded-proto", "https"}}};
  CHECK(arriving(config, headers, "X-Forwarded-Proto", request) == "");
  CHECK(forwarded_for(headers) == ForwardedFor::removed);
}

TEST_CASE("what stands in a header") {
  const Config config = parse_text(
      "http { map $http_x_forwarded_proto $client_scheme { default $scheme; https https; }\n"
      "map $client_scheme $twice { default none; https yes; }\n"
      "map $http_x_forwarded_proto $by_pattern { default x; ~^h y; }\n"
      "map $loop_b $loop_a { default $loop_b; } map $loop_a $loop_b { default $loop_a; }\n"
      "server { listen 80; } }");
  const Received lb{"http", "Shop.example.com:8080", {{"x-forwarded-proto", "https"}}};
  const Received plain{"http", "shop.example.com", {}};
  CHECK(sent_value(config, "$scheme", lb) == "http");
  CHECK(sent_value(config, "$http_x_forwarded_proto", lb) == "https");
  CHECK(sent_value(config, "$http_x_forwarded_proto", plain) == "");
  CHECK(sent_value(config, "$host", lb) == "shop.example.com");
  CHECK(sent_value(config, "$http_host", lb) == "Shop.example.com:8080");
  CHECK(sent_value(config, "${scheme}s-x", lb) == "https-x");
  CHECK(sent_value(config, "$client_scheme", lb) == "https");
  CHECK(sent_value(config, "$client_scheme", plain) == "http");
  CHECK(sent_value(config, "$twice", lb) == "yes");
  CHECK(sent_value(config, "$twice", plain) == "none");
  CHECK(sent_value(config, "$by_pattern", lb) == "y");
  CHECK(sent_value(config, "$by_pattern", plain) == "x");
  CHECK_FALSE(sent_value(config, "$loop_a", lb).has_value());
  CHECK_FALSE(sent_value(config, "$remote_addr", lb).has_value());
}

TEST_CASE("what becomes of X-Forwarded-For") {
  const auto kind = [](const std::string& line) {
    const Config config =
        parse_text("http { server { location / { " + line + " proxy_pass http://a; } } }");
    return forwarded_for(sent_headers(config, block(config, "location / {"), kProxy));
  };
  CHECK(kind("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;") ==
        ForwardedFor::appended);
  CHECK(kind("proxy_set_header X-Forwarded-For '$http_x_forwarded_for, $remote_addr';") ==
        ForwardedFor::appended);
  CHECK(kind("proxy_set_header x-forwarded-for $remote_addr;") == ForwardedFor::replaced);
  CHECK(kind("proxy_set_header X-Forwarded-For '';") == ForwardedFor::removed);
  CHECK(kind("proxy_set_header X-Forwarded-For $geoip;") == ForwardedFor::other);
  CHECK(kind("proxy_set_header Host $host;") == ForwardedFor::passed);
}

TEST_CASE("uwsgi parameters are headers where their names say so") {
  const Config config = parse_text(
      "http { server { location / { uwsgi_param HTTPS on; uwsgi_param HTTP_X_FORWARDED_PROTO "
      "$scheme; proxy_set_header Host x; uwsgi_pass a; } } }");
  const auto headers =
      sent_headers(config, block(config, "location / {"), Action::Kind::uwsgi_pass);
  CHECK(headers.set.size() == 1);
  REQUIRE(headers.find("X-Forwarded-Proto") != nullptr);
  CHECK(headers.find("X-Forwarded-Proto")->value == "$scheme");
}

TEST_CASE("an include that was not read may set anything") {
  const Config config = parse_files(
      {{"/etc/nginx/nginx.conf",
        "http { include proxy_params;\n server { location / { proxy_pass http://a; }\n"
        "location /own { proxy_set_header Host a; proxy_pass http://a; } } }"},
       {"/etc/nginx/proxy_params", "DENIED"}});
  CHECK_THROWS_AS(sent_headers(config, block(config, "location / {"), kProxy), NotSeen);
  CHECK(sent_headers(config, block(config, "location /own {"), kProxy).set.size() == 1);
}

TEST_CASE("realip is inherited") {
  const Config config = parse_text(
      "http { set_real_ip_from 10.0.0.0/8; set_real_ip_from 192.0.2.1; real_ip_header "
      "X-Forwarded-For; server { real_ip_recursive on; location / { proxy_pass http://a; } } }");
  const RealIp real = real_ip(config, block(config, "location / {"));
  CHECK(real.trusted == std::vector<std::string>{"10.0.0.0/8", "192.0.2.1"});
  CHECK(real.header == "X-Forwarded-For");
  CHECK(real.recursive);
  const Config none = parse_text("http { server { location / { proxy_pass http://a; } } }");
  CHECK(real_ip(none, block(none, "location / {")).trusted.empty());
}

}  // namespace hopcheck::nginx::test
