// What nginx's modules refuse, in nginx's words, and what is left to them.
#include <string>
#include <utility>
#include <vector>

#include "facts/nginx/refusal/url.h"
#include "facts/nginx/refusal/values.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

namespace {

std::string refused(const std::string& text) {
  return first_problem(parse_text(text));
}

std::string in_http(const std::string& text) {
  return refused("events {}\nhttp {\n" + text + "\n}\n");
}

std::string in_server(const std::string& text) {
  return in_http("server {\n" + text + "\n}");
}

/// The message where line `line` is to be blamed for it.
std::string at_line(int line, const std::string& message) {
  return message + " in /etc/nginx/nginx.conf:" + std::to_string(line);
}

}  // namespace

TEST_CASE("a mistake in a server block is named at its line") {
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"listen 99999;", "invalid port in \"99999\" of the \"listen\" directive"},
      {"listen [::;", "invalid host in \"[::\" of the \"listen\" directive"},
      {"listen unix:;",
       "no path in the unix domain socket in \"unix:\" of the \"listen\" directive"},
      {"listen 80 defualt_server;", "invalid parameter \"defualt_server\""},
      {"listen 80 backlog=x;", "invalid backlog \"backlog=x\""},
      {"listen 80; listen 80;", "a duplicate listen 0.0.0.0:80"},
      {"server_name *;", "server name \"*\" is invalid"},
      {"root /a; root /b;", "\"root\" directive is duplicate"},
      {"gzip yes;", "invalid value \"yes\" in \"gzip\" directive, it must be \"on\" or \"off\""},
      {"client_max_body_size 10mb;", "\"client_max_body_size\" directive invalid value"},
      {"proxy_read_timeout 30x;", "\"proxy_read_timeout\" directive invalid value"},
      {"keepalive_timeout 1h 1z;", "\"keepalive_timeout\" directive invalid value"},
      {"return 3o1 /;", "invalid return code \"3o1\""},
      {"return 200 $;", "invalid variable name"},
      {"return 200 \"${host\";", "the closing bracket in \"host\" variable is missing"},
      {"rewrite ^/a /b permanant;", "invalid parameter \"permanant\""},
      {"set app x;", "invalid variable name \"app\""},
      {"if ($host == a) { }", "unexpected \"==\" in condition"},
      {"if () { }", "invalid condition \")\""},
      {"if (-q /x) { }", "invalid condition \"-q\""},
      {"error_page 40 /x;", "value \"40\" must be between 300 and 599"},
      {"error_log /x warning;", "invalid log level \"warning\""},
      {"access_log /x lnog;", "unknown log format \"lnog\""},
      {"location ^ /a { }", "invalid location modifier \"^\""},
      {"location ~ ( { }", "pcre2_compile() failed: missing closing parenthesis in \"(\""},
      {"location / { } location / { }", "duplicate location \"/\""},
      {"location /a { location /b { } }", "location \"/b\" is outside location \"/a\""},
      {"location = /a { location /a { } }",
       "location \"/a\" cannot be inside the exact location \"/a\""},
      {"location /a { location @b { } }", "named location \"@b\" can be on the server level only"},
      {"location / { proxy_pass htp://a; }", "invalid URL prefix"},
      {"location / { proxy_pass http://a:b; }", "invalid port in upstream \"a:b\""},
      {"location / { uwsgi_pass 127.0.0.1; }", "no port in upstream \"127.0.0.1\""},
      {"lisen 80;", "unknown directive \"lisen\""},
      {"listen 443 ssl;",
       "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive"}};
  for (const auto& [text, message] : mistakes) {
    CAPTURE(text);
    // What is found at the end is told of the server block itself.
    const int line = message.starts_with("no \"ssl") ? 3 : 4;
    CHECK(in_server(text) == at_line(line, message));
  }
}

TEST_CASE("a URI behind proxy_pass is refused where nginx cannot tell what it replaces") {
  const std::string pass = "proxy_pass http://127.0.0.1:1/x; }";
  for (const std::string where : {"location ~ a { ", "location @a { ", "location / { if ($host) { ",
                                  "location / { limit_except GET { "}) {
    CAPTURE(where);
    const std::string close = where.find(" / ") == std::string::npos ? "" : " }";
    CHECK(in_server(where + pass + close)
              .starts_with("\"proxy_pass\" cannot have URI part in location given by regular"));
  }
  CHECK(in_server("location /a { " + pass).empty());
}

TEST_CASE("upstreams are known by their names and their members") {
  CHECK(in_http("upstream a { server 127.0.0.1:1 maxfails=3; }") ==
        at_line(3, "invalid parameter \"maxfails=3\""));
  CHECK(in_http("upstream a { ip_hash; server 127.0.0.1:1 backup; }") ==
        at_line(3, "balancing method does not support parameter \"backup\""));
  CHECK(in_http("upstream a {\n}") == at_line(4, "no servers are inside upstream"));
  CHECK(in_http("upstream a { server unix:/a; }\nupstream A { server unix:/b; }") ==
        at_line(4, "duplicate upstream \"A\""));
  CHECK(in_http(
            "upstream a { server unix:/a; }\nserver { location / {\nproxy_pass http://a:81; } }") ==
        at_line(5, "upstream \"a\" may not have port 81"));
  CHECK(in_http("upstream a { server unix:/a; server 127.0.0.1:1 weight=2 down; keepalive 4; }")
            .empty());
}

TEST_CASE("two default servers at one address, and options given twice") {
  const std::string two = "server { listen 80 default_server; }\nserver { listen *:80 ";
  CHECK(in_http(two + "default_server; }") ==
        at_line(4, "a duplicate default server for 0.0.0.0:80"));
  CHECK(in_http(two + "; }").empty());
  CHECK(in_http("server { listen 80 reuseport; }\nserver { listen 80 reuseport; }") ==
        at_line(4, "duplicate listen options for 0.0.0.0:80"));
}

TEST_CASE("names that only other modules may know are left to them") {
  for (const std::string text :
       {"more_set_headers \"a: b\";", "subs_filter a b;", "brotli on;", "set_by_lua_block $a { x }",
        "some_module_of_ours on;", "return 200 $geoip2_data_country_code;"}) {
    CAPTURE(text);
    CHECK(in_server(text).empty());
  }
  CHECK(in_server("return 200 $hots;") == at_line(4, "unknown \"hots\" variable"));
  CHECK(in_server("set $hots 1; return 200 $hots;").empty());
  CHECK(in_server("location ~ ^/(?<hots>a)$ { return 200 $hots; }").empty());
  // What was not seen may define it.
  const Config part = parse_files({{"/etc/nginx/nginx.conf",
                                    "http { include secret.conf; server { listen 443 ssl; "
                                    "access_log /x own; return 200 $hots; } }\n"},
                                   {"/etc/nginx/secret.conf", "DENIED"}});
  CHECK(first_problem(part).empty());
}

TEST_CASE("the first mistake is the one that nginx meets first") {
  CHECK(in_server("return 3o1 /;\n}\n}\nnonsense") == at_line(4, "invalid return code \"3o1\""));
  CHECK(in_server("location / { } location / { }\ngzip yes;") ==
        at_line(5, "invalid value \"yes\" in \"gzip\" directive, it must be \"on\" or \"off\""));
  CHECK(refused("http {\nserver {\nlisten 1;\n") ==
        at_line(4, "unexpected end of file, expecting \"}\""));
  CHECK(refused("worker_processes 1;\n") == "no \"events\" section in configuration");
}

TEST_CASE("times and sizes as nginx reads them") {
  for (const char* good : {"0", "30", "30s", "1m30s", "1h 30m", "500ms", "1d", "1w", "1 "}) {
    CAPTURE(good);
    CHECK(is_time(good, false));
  }
  for (const char* bad :
       {"", "s", "1x", "1s1m", "1y", "1M", "-1", "1.5s", "99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_time(bad, false));
  }
  CHECK(is_time("1y 2M", true));
  CHECK_FALSE(is_time("500ms", true));
  CHECK(is_size("10"));
  CHECK(is_size("10K"));
  CHECK_FALSE(is_size("1g"));
  CHECK(is_offset("1G"));
  CHECK_FALSE(is_size("10 k"));
  CHECK_FALSE(is_size("k"));
}

TEST_CASE("addresses as nginx takes them apart") {
  const UrlRules listen{true, false, 80};
  CHECK(parse_url("8080", listen).address == "0.0.0.0");
  CHECK(parse_url("8080", listen).port == 8080);
  CHECK(parse_url("8000-8010", listen).last_port == 8010);
  CHECK(parse_url("8010-8000", listen).error == "invalid port range");
  CHECK(parse_url("[::0:1]:81", listen).address == "[::1]");
  CHECK(parse_url("localhost", listen).address.empty());
  CHECK(parse_url("a/b", listen).error == "invalid host");
  const UrlRules pass{false, true, 80};
  CHECK(parse_url("a:81/x", pass).host == "a");
  CHECK(parse_url("a:81/x", pass).has_uri);
  CHECK_FALSE(parse_url("unix:/run/x.sock", pass).has_uri);
  CHECK(parse_url("unix:/run/x.sock:/y", pass).address == "unix:/run/x.sock");
  CHECK(parse_url(":80", pass).error == "no host");
}

}  // namespace hopcheck::nginx::test
