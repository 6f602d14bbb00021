// What becomes of a request, file system and all: as the real nginx decides. Most of these began as
// a difference that random configurations showed.
#include "nginx_live.h"

namespace hopcheck::nginx::test {

TEST_CASE("rewrites: flags, captures, the query, and how often") {
  if (!have_nginx()) return;
  const Live site(
      "server { listen PORT; server_name a.test; merge_slashes off;\n"
      " location = /out { return 302 /got?$args; }\n"
      " location /q { rewrite ^/q(.*) /out?c=$1; }\n"
      " location /drop { rewrite ^ /out?; }\n"
      " location /new { rewrite ^ /out?a=1? last; }\n"
      " location /stay { rewrite ^ /out; break; return 418; }\n"
      " location /away { rewrite ^/away(.*) http://b.test/$1%2Fx%3Fy?z redirect; }\n"
      " location /perm { rewrite ^(.*)$ /to$1 permanent; }\n"
      " location /set { set $v $uri; rewrite ^/set(.*) /got; set $w $1; return 302 /$v/$w?$args; "
      "}\n"
      " location /esc { set $v -; if ($uri ~ ^/esc(.*)) { set $v $1; } return 302 /$v$1; }\n"
      " location /args { set $args x=1; return 302 /got?$args; }\n"
      " location /loop { rewrite ^(.*)$ $1x; }\n"
      " location /none { rewrite ^ $nothing; set $nothing ''; }\n"
      " location /a { alias HOME/files/a; location /a/cut { rewrite ^ /a/x break; } }\n"
      " location /deep { internal; location /deep/er { return 204; } } }\n");
  site.ask({{"/q/a%20b+c?d"}, {"/q?x=1"},        {"/drop?x"},     {"/new?x=2"},  {"/stay"},
            {"/away/a%20b"},  {"/away+?q"},      {"/perm/a%25b"}, {"/perm?a"},   {"/set/x%20y"},
            {"/esc/a%20b"},   {"/args?b=2"},     {"/loop"},       {"/none"},     {"/a/cut"},
            {"/deep/er"},     {"//./x"},         {"/a//../x"},    {"/a/.%2f/x"}, {"/%2e%2e/x"},
            {"/a/%2e%2E//x"}, {"/x/..%2Fa%2fx"}, {"/a/x/.%2e/x"}});
}

TEST_CASE("files: try_files, index, listings, aliases") {
  if (!have_nginx()) return;
  const Live site(
      "server { listen PORT; server_name a.test;\n"
      " location / { index none.html index.html; }\n"
      " location /abs { index none.html /x; alias HOME/files/a/; }\n"
      " location /list { alias HOME/files/a; autoindex on; }\n"
      " location /try { try_files $uri $uri/ $uri.html /none @back; }\n"
      " location @back { return 302 /back$uri; }\n"
      " location /p { try_files $uri $uri.html =418; }\n"
      " location /lost { try_files /none @nobody; }\n"
      " location /al/ { alias HOME/files/; try_files $uri $uri/ /al/x; }\n"
      " location /av/ { alias HOME/files/; try_files /none /av/x?$args; }\n"
      " location ~ ^/re/(.*)$ { alias HOME/files/$1; try_files '' /x =404; }\n"
      " location ~ ^/rx/(.*)$ { alias HOME/files/$1; }\n"
      " location /folder { try_files /a/ =404; }\n"
      " location /wrong/ { alias HOME/files/x; }\n"
      " location /under/ { alias HOME/files/; index none x/y/z /x; }\n"
      " location /slash/ { uwsgi_pass $arg_x; } location /also/ { fastcgi_pass $arg_x; }\n"
      " location /files/ { root ''; } location /top/ { root /; }\n"
      " location /if { if (-f HOME/files$arg_f) { return 204; }\n"
      "  if (!-d HOME/files$arg_f) { return 403; } if (-e $request_filename) { return 410; } } "
      "}\n");
  site.ask({{"/"},
            {"/a"},
            {"/a?q"},
            {"/a/"},
            {"/a/b/"},
            {"/d/"},
            {"/d/index.html/"},
            {"/e/"},
            {"/none/"},
            {"/x/"},
            {"/x", "POST"},
            {"/x", "PUT"},
            {"/a/", "PUT"},
            {"/a/b/", "POST"},
            {"/abs/"},
            {"/list/"},
            {"/list/b/"},
            {"/list/", "POST"},
            {"/try"},
            {"/try/x?q"},
            {"/p"},
            {"/pq"},
            {"/lost"},
            {"/al/x"},
            {"/al/a"},
            {"/al/a/b/"},
            {"/al/none"},
            {"/av/none?q"},
            {"/re/x"},
            {"/re/none"},
            {"/rx/x"},
            {"/rx/a"},
            {"/folder"},
            {"/wrong/"},
            {"/under/"},
            {"/slash"},
            {"/also"},
            {"/files/x"},
            {"/files/a"},
            {"/top/none"},
            {"/if?f=/x"},
            {"/if?f=/a"},
            {"/if?f=/none"},
            {"/FOO", "FOO"},
            {"/x", "TRACE"}});
}

TEST_CASE("error_page: what it answers with, and how often it is asked") {
  if (!have_nginx()) return;
  const Live site(
      "server { listen PORT; server_name a.test; error_page 404 /404.html; error_page 400 @bad;\n"
      " location @bad { return 302 /bad; }\n"
      " location /own { error_page 404 = /x; error_page 403 =200 /x; error_page 410 /none;\n"
      "  location /own/403 { deny all; } location /own/410 { return 410; }\n"
      "  location /own/text { return 404 text; } }\n"
      " location /away { error_page 404 http://b.test/$uri; error_page 403 =301 /x;\n"
      "  location /away/403 { return 403; } location /away/307 { error_page 404 =307 b; } }\n"
      " location /pass { error_page 502 504 = @spare; proxy_pass http://127.0.0.1:1; }\n"
      " location @spare { return 503; }\n"
      " location /twice { error_page 404 = /twice/more; recursive_error_pages on;\n"
      "  location /twice/more { error_page 410 /x; return 410; } }\n"
      " location /once { error_page 404 = /once/more; recursive_error_pages off;\n"
      "  location /once/more { error_page 410 /x; return 410; } }\n"
      " location /post { error_page 405 = /got; } location /got {\n"
      "  if ($request_method = GET) { return 302 /GET; } return 302 /other; }\n"
      " location /moved { error_page 301 = /x; return 301 /y; }\n"
      " location /cycle { error_page 404 /cycle; recursive_error_pages on; } }\n");
  site.ask({{"/none"},
            {"/own/none"},
            {"/own/403"},
            {"/own/410"},
            {"/own/text"},
            {"/away/none"},
            {"/away/403"},
            {"/away/307"},
            {"/pass"},
            {"/twice/none"},
            {"/once/none"},
            {"/post/x", "PUT"},
            {"/moved"},
            {"/cycle"},
            {"/%zz"},
            {"/x", "GET", "", "a..b"},
            {"/x", "GET", "", "-"},
            {"/x", "HEAD"}});
}

TEST_CASE("who may: limit_except, satisfy, addresses and passwords") {
  if (!have_nginx()) return;
  const Live site(
      "server { listen PORT; server_name a.test; satisfy any;\n"
      " location /hidden { limit_except GET { deny all; } return 204; }\n"
      " location /plain { limit_except POST { allow all; } return 204; }\n"
      " location /passed { limit_except GET { allow all; } proxy_pass http://127.0.0.1:1; }\n"
      " location /gif { limit_except GET { allow all; } empty_gif; }\n"
      " location /either { deny 127.0.0.1; auth_basic x; auth_basic_user_file HOME/none; }\n"
      " location /one { allow 127.0.0.0/8; deny all; auth_basic x; auth_basic_user_file HOME/no; "
      "}\n"
      " location /both { satisfy all; allow 127.0.0.1; auth_basic x; auth_basic_user_file no; }\n"
      " location /off { auth_basic off; deny all; } location /file { auth_basic x; }\n"
      " client_max_body_size 10; location /big { client_max_body_size 0; }\n"
      " error_page 413 400 /x; }\n");
  site.ask({{"/hidden"},
            {"/hidden", "HEAD"},
            {"/hidden", "PUT"},
            {"/plain"},
            {"/plain", "POST"},
            {"/passed", "PUT"},
            {"/gif"},
            {"/gif", "PUT"},
            {"/either"},
            {"/one"},
            {"/both"},
            {"/off"},
            {"/file"},
            {"/x", "PUT", "Content-Length: 11"},
            {"/x", "PUT", "Content-Length: 11", "a..b"}});
  CHECK(told(site.chosen({"/both", "GET", "Authorization: Basic YTpi"})).starts_with("not sure"));
}

TEST_CASE("who may: the client that a trusted proxy names") {
  if (!have_nginx()) return;
  const Live site(
      "map $remote_addr/$realip_remote_addr $who { default $remote_addr/$realip_remote_addr; }\n"
      "geo $net { default 0; 10.0.0.0/8 ten; }\n"
      "server { listen PORT; server_name a.test; set_real_ip_from 127.0.0.1;\n"
      " real_ip_header X-Forwarded-For; return 302 /$who/$net; }\n"
      "server { listen PORT; server_name deep.test; set_real_ip_from 127.0.0.0/8;\n"
      " set_real_ip_from 10.0.0.0/8; real_ip_header X-Forwarded-For; real_ip_recursive on;\n"
      " allow 10.0.0.1; deny all; location / { try_files /none =418; } }\n"
      "server { listen PORT; server_name late.test;\n"
      " location / { set_real_ip_from 127.0.0.1; deny 10.0.0.0/8; set $v $remote_addr;\n"
      "  try_files /none @a; }\n"
      " location @a { return 302 /$remote_addr/$realip_remote_addr/$v; } }\n"
      "server { listen PORT; server_name other.test; set_real_ip_from 10.0.0.1;\n"
      " real_ip_header X-Forwarded-For; deny 10.0.0.0/8; }\n");
  for (const std::string list :
       {"10.0.0.1", "10.0.0.1, 192.0.2.1", "192.0.2.1,10.0.0.1 ,", "10.0.0.1:80", "[::1]:80",
        "[::1]", "::1", "x", "10.0.0.1, x", "10.0.0.1, 127.0.0.1", "1.2.3.4, 10.0.0.1, 10.2.3.4",
        "01.2.3.4", "1..2.3", "1.2.3", "255.255.255.255", "10.0.0.1:x", "10.0.0.1:0",
        "10.0.0.1:65536", ","}) {
    for (const char* host : {"a.test", "deep.test", "other.test"}) {
      site.ask({{"/x", "GET", "X-Forwarded-For: " + list, host}});
    }
    site.ask({{"/y", "GET", "X-Real-IP: " + list, "late.test"}});
  }
  site.ask({{"/x"}, {"/x", "GET", "", "deep.test"}, {"/x", "GET", "", "late.test"}});
}

TEST_CASE("a client whom a proxy names by what we cannot see is not known") {
  const auto why = [](const std::string& listen, const std::string& from, bool headers) {
    const Config config = parse_text(
        "http { server { listen " + listen + "; set_real_ip_from " + from +
        "; deny 10.0.0.0/8; real_ip_header proxy_protocol; location / { proxy_pass http://a; } }\n"
        "server { listen 81; set_real_ip_from 127.0.0.1; deny 10.0.0.0/8; proxy_pass http://a; } "
        "}");
    const Fact<Site> site = understand(config);
    Asked asked = asked_of({"/"}, headers ? 80 : 81);
    if (!headers) asked.headers.reset();
    const auto chosen = choose(config, *site, asked);
    return chosen->action.sure ? "" : chosen->action.reason;
  };
  CHECK(why("80", "127.0.0.1", true) == "");
  CHECK(why("80 proxy_protocol", "10.0.0.1", true) == "");
  CHECK(why("80 proxy_protocol", "127.0.0.1", true).find("the client's address") !=
        std::string::npos);
  CHECK(why("80 proxy_protocol", "proxy.test", true).find("the client's address") !=
        std::string::npos);
  CHECK(why("80", "127.0.0.1", false).find("the client's address") != std::string::npos);
}

TEST_CASE("variables: by maps, of captures, and when they are looked up") {
  if (!have_nginx()) return;
  const Live site(
      "map $uri $m { /got seen; ~^/map(.*)$ $1; default none; }\n"
      "map $uri $fresh { volatile; ~^/(got|now) $1; default none; }\n"
      "map $host $name { hostnames; .a.test both; *.b.test head; c.* tail; \\\\default odd; }\n"
      "geo $net { default 0; 127.0.0.0/8 v4; 127.0.0.1 one; }\n"
      "split_clients $arg_k $part { 50% half; * rest; }\n"
      "map $remote_addr $late { default $uri; }\n"
      "server { listen PORT default_server; server_name ~^(?<who>[a-z]+)\\.e\\.test$;\n"
      " location /map { set $a $m; rewrite ^ /got; } location = /got { return 302 "
      "/$a-$m-$fresh-$1; }\n"
      " location /name { return 302 /$name/$net/$part/$host/$server_port; }\n"
      " location /late { root /none$late; error_page 405 =202 /tell; }\n"
      " location /tell { return 302 /got$late; }\n"
      " location /who { return 302 /$who/$cookie_c/$http_x_y/$arg_A/$is_args$args; }\n"
      " location ~ ^/(?<seg>[^/]+)/(x)?(y) { return 302 /$seg$1$2$3$4; } }\n"
      "server { listen PORT; server_name x; }\n");
  site.ask({{"/map", "GET", "", "a.test"},
            {"/map/a/b"},
            {"/name"},
            {"/name", "GET", "", "x.A.test"},
            {"/name", "GET", "", "q.b.test"},
            {"/name", "GET", "", "c.d"},
            {"/name?k=1"},
            {"/name?k=abcdefgh"},
            {"/name", "GET", "", "default"},
            {"/who?a=1&A=2", "GET", "Cookie: b=1; C = 2", "bob.e.test"},
            {"/who", "GET", "X-Y: z", "Bob.E.test"},
            {"/late/x", "PUT"},
            {"/seg/xy"},
            {"/seg/y"}});
}

TEST_CASE("a server block that is alone at its address") {
  if (!have_nginx()) return;
  const Live last("server { listen PORT; server_name ~(.*)a ~b; return 302 /$1; }\n");
  last.ask({{"/", "GET", "", "xa"}, {"/", "GET", "", "xb"}});
  const Live first("server { listen PORT; server_name ~b ~(.*)a; return 302 /$1; }\n");
  first.ask({{"/", "GET", "", "xa"}, {"/", "GET", "", "xb"}});
}

TEST_CASE("the first line: its length, and a host in it") {
  if (!have_nginx()) return;
  const Live site(
      "server { listen PORT; server_name a.test; return 302 /$host$request_uri$is_args; }\n"
      "server { listen PORT; server_name b.test; return 302 /b/$host/$http_host$uri; }\n");
  site.ask({{"http://b.test:80/x"},
            {"http://B.test"},
            {"http://b.test?q"},
            {"HTTP://[::1]/"},
            {"http://"},
            {"http://b_x/"},
            {"ftp://b.test/x#y"},
            {"x"},
            {"/#a?b"},
            {"/?a#b"},
            {"/" + std::string(8000, 'x')},
            {"/" + std::string(8171, 'x')},
            {"/" + std::string(8172, 'x')},
            {"http://a_" + std::string(9000, 'x')},
            {"/x", "GET", "", "[a]b:1"},
            {"/x", "GET", "", "a.:1."},
            {"/x", "GET", "", "a.test.:80"},
            {"/x", "GET", "", "a:..1"},
            {"/x", "GET", "", "[x"},
            {"/x", "GET", "", "."},
            {"/x", "get"},
            {"/x", "G3"},
            {"/x", "F-O_O"},
            {"/" + std::string(9000, 'x'), "get"},
            {"http://b.test/", "GET", "", "a..b"}});
}

TEST_CASE("a URI shorter than its location is nginx's own undoing") {
  const Config config = parse_text(
      "http { server { listen 80; location /long/ { try_files /x =404;\n"
      " proxy_pass http://127.0.0.1:1/; } } }");
  const Fact<Site> site = understand(config);
  Asked asked = asked_of({"/long/er"}, 80);
  asked.file = [](const std::string&) { return Fact<FileSeen>(FileSeen{FileSeen::Kind::file}); };
  const auto chosen = choose(config, *site, asked);
  CHECK_FALSE(chosen->action.sure);
}

TEST_CASE("the name in the handshake, and the Host") {
  const Config config = parse_text(
      "http { server { listen 443 ssl default_server; return 302 /first$1; }\n"
      "server { listen 443; server_name ~^(.)\\.c$; return 302 /c/$1; }\n"
      "server { listen 443; server_name no.test; ssl_reject_handshake on; }\n"
      "server { listen 443; server_name two.test; merge_slashes off; return 302 /two$uri; } }");
  const Fact<Site> site = understand(config);
  const auto to = [&](const std::string& sni, const std::string& host, bool tls = true) {
    Asked asked = asked_of({"//x", "GET", "", host}, 443);
    asked.sni = sni;
    asked.tls = tls;
    const auto chosen = choose(config, *site, asked);
    REQUIRE(chosen);
    return chosen->server_name + " " + chosen->action.location + chosen->action.reason;
  };
  CHECK(to("", "two.test") == "two.test https://two.test/two/x");
  CHECK(to("two.test", "two.test") == "two.test https://two.test/two//x");
  CHECK(to("two.test", "other") == " https://other/first");
  CHECK(to("a.c", "A.c") == "~^(.)\\.c$ https://a.c/c/a");
  CHECK(to("a.c", "other") == " https://other/first");
  CHECK(to("no.test", "two.test") == "no.test nginx refuses the TLS handshake");
  CHECK(to("", "no.test", false) == "no.test a plain request came to a TLS port");
}

TEST_CASE("a text whose variables change while it is put together is not guessed") {
  const Config config = parse_text(
      "http { map $uri $m { default x; ~^/(?<part>.*)$ $part; }\n"
      "server { listen 80; location / { set $v $part$m; return 302 /$v; } } }");
  const Fact<Site> site = understand(config);
  const auto chosen = choose(config, *site, asked_of({"/a"}, 80));
  CHECK_FALSE(chosen->action.sure);
  CHECK(chosen->action.reason.find("$part changes") != std::string::npos);
}

TEST_CASE("what a program decides is said, with its line") {
  const Config config = parse_text(
      "http { server { listen 80; location / { access_by_lua_block { x() } return 204; }\n"
      "location /p { access_by_lua_block { x() } proxy_pass http://127.0.0.1:1; }\n"
      "location /a { auth_request /p; proxy_pass http://127.0.0.1:1; }\n"
      "location /c { if ($cookie_a) { return 403; } return 204; }\n"
      "location /q { if ($cookie_a) { set $args b; } proxy_pass http://127.0.0.1:1; }\n"
      "location /t { if ($cookie_a) { add_header B c; } try_files /x =404; }\n"
      "location /h { if ($cookie_a) { add_header B c; } proxy_pass http://127.0.0.1:1; } } }");
  const Fact<Site> site = understand(config);
  const auto why = [&](const std::string& path, bool headers = true) {
    Asked asked = asked_of({path}, 80);
    if (!headers) asked.headers.reset();
    const auto chosen = choose(config, *site, asked);
    return chosen->action.sure ? "" : chosen->action.reason;
  };
  CHECK(why("/") == "");
  CHECK(why("/p").find("nginx.conf:2) may decide") != std::string::npos);
  CHECK(why("/a").find("auth_request /p; (/etc/nginx/nginx.conf:3)") != std::string::npos);
  CHECK(why("/c") == "");
  CHECK(why("/c", false).find("nginx.conf:4)") != std::string::npos);
  CHECK(why("/q") == "");
  CHECK(why("/q", false).find("may change the query") != std::string::npos);
  CHECK(why("/t", false).find("nginx.conf:6) may decide otherwise") != std::string::npos);
  CHECK(why("/h", false) == "");
}

}  // namespace hopcheck::nginx::test
