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
      {"fastcgi_split_path_info ^(/a)/b)$;",
       "pcre2_compile() failed: unmatched closing parenthesis in \"^(/a)/b)$\" at \")$\""},
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

TEST_CASE("Lua that does not end is named where the module stops looking") {
  const std::string file = "/etc/nginx/nginx.conf:";
  CHECK(refused("events {}\nhttp {\ninit_by_lua_block {\nif a then {\n}\n\n") ==
        "unexpected end of file, expecting terminating characters for lua code block in " + file +
            "4");
  CHECK(refused("events {}\nhttp {\ninit_by_lua_block {\n\nlocal a = [=[ ]]\n}\n}\n") ==
        "Lua code block missing the closing long bracket \"]=]\", the inlined Lua code may be too "
        "long in " +
            file + "5");
  CHECK(refused("events {}\nhttp {\ninit_by_lau_block {\nlocal s = \"}\";\n}\n}\n") ==
        "unknown directive \"init_by_lau_block\" in " + file + "3");
}

TEST_CASE("what the reader meets inside of a block comes before what the block lacks") {
  CHECK(in_http("upstream a {\ninclude members;\n}") ==
        at_line(4, "open() \"/etc/nginx/members\" failed (2: No such file or directory)"));
  CHECK(in_http("upstream a {\n}\n}") == at_line(4, "no servers are inside upstream"));
  // A module of others may have put servers there.
  CHECK(in_http("upstream a {\nzone a 64k;\nstate /var/lib/nginx/a.conf;\n}").empty());
  CHECK(in_http("upstream a {\njdomain www.example.com;\n}").empty());
}

TEST_CASE("nginx's own variables cannot be defined, whatever their case") {
  CHECK(in_server("set $scheme https;") == at_line(4, "the duplicate \"scheme\" variable"));
  CHECK(in_server("set $HTTPS on;") == at_line(4, "the duplicate \"HTTPS\" variable"));
  CHECK(in_http("map $http_x_forwarded_proto $https {\ndefault on;\n}") ==
        at_line(3, "the duplicate \"https\" variable"));
  CHECK(in_http("map $host x { default 1; }") == at_line(3, "invalid variable name \"x\""));
  CHECK(in_http("geo host $x { default 1; }") == at_line(3, "invalid variable name \"host\""));
  CHECK(in_server("location ~ ^/(?<uri>.+)$ { }") == at_line(4, "the duplicate \"uri\" variable"));
  CHECK(in_server("server_name ~^(?<host>a)$;") == at_line(4, "the duplicate \"host\" variable"));
  CHECK(in_server("location ~ ^/\\(?<uri>$ { }").empty());
  for (const std::string fine : {"set $args a; set $limit_rate 1k;", "set $http_x_own 1;",
                                 "set $Mine 1; return 200 $mine$MINE;", "return 200 $HOST$Uri;"}) {
    CAPTURE(fine);
    CHECK(in_server(fine).empty());
  }
}

TEST_CASE("variables of a log format, and of what is in force nowhere") {
  CHECK(in_http("log_format a '$remote_addr $reqest_time';") ==
        at_line(3, "unknown \"reqest_time\" variable"));
  CHECK(in_http("log_format a '$';") == at_line(3, "invalid parameter \"$\""));
  CHECK(in_http("log_format a 'x $-b';") == at_line(3, "invalid parameter \"$-b\""));
  CHECK(in_http("log_format a '${host';") ==
        at_line(3, "the closing bracket in \"host\" variable is missing"));
  CHECK(in_http("log_format a escape=xml '$host';") ==
        at_line(3, "unknown log format escaping \"xml\""));
  CHECK(
      in_http("log_format a '$host';\nlog_format A '$uri';\nserver { access_log /x A; }").empty());
  // Nobody passes these on.
  const std::string unused = "proxy_set_header X $reqest_uri;\n";
  CHECK(in_http(unused).empty());
  CHECK(in_http(unused + "server { proxy_set_header Host $host; }").empty());
  CHECK(in_http(unused + "server { }") == at_line(3, "unknown \"reqest_uri\" variable"));
}

TEST_CASE("entries of map, geo and split_clients") {
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"map $host $x { ~( 1; }", "pcre2_compile() failed: missing closing parenthesis in \"(\""},
      {"map $host $x { a 1; A 2; }", "conflicting parameter \"a\""},
      {"map $host $x { a $; }", "invalid variable name"},
      {"map $host $x { default a; default b; }", "duplicate default map parameter"},
      {"geo $x { 10.0.0.0/33 1; }", "invalid network \"10.0.0.0/33\""},
      {"geo $x { office 1; }", "invalid network \"office\""},
      {"geo $x { ranges; 10.0.0.0/8 1; }", "invalid range \"10.0.0.0/8\""},
      {"split_clients $host $x { 50 a; * b; }", "invalid percent value \"50\""},
      {"split_clients $host $x { 0.125% a; * b; }", "invalid percent value \"0.125%\""}};
  for (const auto& [text, message] : mistakes) {
    CAPTURE(text);
    CHECK(in_http(text) == at_line(3, message));
  }
  for (const std::string fine :
       {"map $host $x { hostnames; .a.b 1; *.a.b 2; a.b 3; }",
        "map $host $x { \\default 1; default 2; }",
        "map $arg_token $x { \"[redacted]\" 1; \"[redacted]\" 2; }",
        "geo $x { default 0; proxy ::1; 2001:db8::/32 1; 127.0.0.1 2; delete 10.0.0.1; }",
        "geo $x { ranges; default 0; 10.0.0.1-10.0.0.9 1; }",
        "split_clients $host $x { 0.5% a; 12.25% b; * c; }"}) {
    CAPTURE(fine);
    CHECK(in_http(fine).empty());
  }
}

TEST_CASE("zones, keys and networks that are not there") {
  CHECK(in_server("limit_req zone=one;") == at_line(4, "zero size shared memory zone \"one\""));
  CHECK(in_server("limit_conn one 5;") == at_line(4, "zero size shared memory zone \"one\""));
  CHECK(in_server("proxy_cache one;") == at_line(4, "\"proxy_cache\" zone \"one\" is unknown"));
  CHECK(in_http("server {\nlimit_req burst=5 zone=one; proxy_cache two; uwsgi_cache off;\n}\n"
                "limit_req_zone $host zone=one:1m rate=1r/s;\n"
                "proxy_cache_path /c levels=1:2 keys_zone=two:1m inactive=1h;")
            .empty());
  CHECK(in_http("proxy_cache one;").empty());
  CHECK(in_server("listen 443 ssl;\nssl_certificate /etc/ssl/a.pem;") ==
        at_line(5, "no \"ssl_certificate_key\" is defined for certificate \"/etc/ssl/a.pem\""));
  CHECK(in_http("ssl_certificate_key /k;\nserver { listen 443 ssl; ssl_certificate /c; }").empty());
  CHECK(in_server("allow localhost;") == at_line(4, "invalid parameter \"localhost\""));
  CHECK(in_server("deny 10.0.0.0/40;") == at_line(4, "invalid parameter \"10.0.0.0/40\""));
  CHECK(in_server("allow 10.1.2.3/8; allow ::1; allow unix:; deny all;").empty());
}

TEST_CASE("a directive that its first argument sticks to") {
  for (const std::string glued :
       {"server_nameexample.com", "expires30d", "return301", "add_headerX-Frame-Options"}) {
    CAPTURE(glued);
    CHECK(in_server(glued + " a;") == at_line(4, "unknown directive \"" + glued + "\""));
  }
}

TEST_CASE("what was a secret is not judged") {
  CHECK(in_server("if ($arg_token ~ \"([redacted]\") { return 403; }").empty());
  CHECK(in_server("location /a?token=[redacted] { } location /a?token=[redacted] { }").empty());
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
