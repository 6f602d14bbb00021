// Which server and location answer: as the real nginx decides.
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "facts/nginx/site.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

namespace {

/// What a client would see: "200 mark", or the status alone.
std::string seen(const Reply& reply) {
  return std::to_string(reply.status) + (reply.status == 200 ? " " + reply.body : "");
}

std::string file_reply(const Action& action) {
  std::error_code error;
  if (std::filesystem::is_directory(action.target, error)) {
    return action.target.ends_with('/') ? "403" : "301";
  }
  if (std::filesystem::exists(action.target, error)) {
    std::ifstream in(action.target);
    return "200 " + std::string(std::istreambuf_iterator<char>(in), {});
  }
  const int otherwise = std::atoi(action.reason.c_str());
  return otherwise == 0 ? "404" : std::to_string(otherwise);
}

/// What we say a client would see; the upstreams refuse.
std::string predicted(const std::optional<Chosen>& chosen) {
  if (!chosen) return "0";
  const Action& action = chosen->action;
  switch (action.kind) {
    case Action::Kind::return_:
      return std::to_string(action.status) + (action.status == 200 ? " " + action.target : "");
    case Action::Kind::rewrite:
      return std::to_string(action.status);
    case Action::Kind::deny:
      return "403";
    case Action::Kind::static_:
      return file_reply(action);
    case Action::Kind::proxy_pass:
      return "502";
    default:
      return "unknown: " + action.reason;
  }
}

struct Question {
  std::string address{};
  int port{0};
  std::string host{};
  std::string target{};
};

void compare(const std::string& servers, int port, const std::vector<Question>& questions) {
  const Scratch scratch;
  scratch.write("files/spa/index.html", "spa");
  scratch.write("files/static/x", "static x");
  scratch.write("other/x", "other x");
  scratch.write("other/static/x", "other static x");
  const std::string conf = scratch.write(
      "nginx.conf", "worker_processes 1;\nevents {}\nhttp {\n" + http_preamble(scratch) +
                        "\nroot " + scratch.path() + "/files;\n" + servers + "}\n");
  const Config config = parse(conf, scratch.path(), disk_reader());
  REQUIRE(first_problem(config) == "");
  const Fact<Site> site = understand(config);
  const RunningNginx nginx(conf, scratch.path(), port);
  REQUIRE(nginx.up());
  for (const Question& one : questions) {
    CAPTURE(one.address, one.port, one.host, one.target);
    const std::string host = one.host == "-" ? "" : one.host;
    const auto chosen = choose(config, *site, one.address, one.port, host, one.target);
    CHECK(predicted(chosen) == seen(get(one.address, one.port, one.host, one.target)));
  }
}

std::string mark(const std::string& text) {
  return "{ return 200 \"" + text + "\"; }";
}

}  // namespace

TEST_CASE("the server block: by address, then by name") {
  if (!have_nginx()) return;
  const int a = free_port();
  const int b = free_port();
  const std::string pa = std::to_string(a);
  const std::string pb = std::to_string(b);
  const auto block = [&](const std::string& listens, const std::string& names,
                         const std::string& text) {
    return "server { " + listens + (names.empty() ? "" : " server_name " + names + ";") +
           " location / " + mark(text) + " }\n";
  };
  const std::string any = "listen " + pa + ";";
  const std::string servers =
      block(any, "first.test", "first") + block(any, "*.wild.test", "head") +
      block(any, "*.deep.wild.test", "deep") + block(any, "mail.*", "tail") +
      block(any, "mail.long.*", "long-tail") + block(any, "~^r(?<n>\\d+)\\.test$", "regex") +
      block(any, "~^R.*\\.TEST$", "caseless") + block(any, ".dot.test", "dot") +
      block(any, "dot.test", "never") + block(any, "Exact.Test other.test", "exact") +
      block(any, "", "no name") + block(any, "mail.wild.test", "mail") +
      block("listen " + pa + " default_server;", "_", "default") +
      block("listen 127.0.0.2:" + pa + ";", "only.test", "address") +
      block("listen 127.0.0.2:" + pa + ";", "two.test", "address two") +
      block("listen [::1]:" + pa + ";", "v6.test", "v6") +
      block("listen [::]:" + pb + " ipv6only=off;", "both.test", "both");
  std::vector<Question> questions;
  for (const char* host : {"first.test",
                           "FIRST.test",
                           "first.test.",
                           "first.test:99",
                           "x.wild.test",
                           "wild.test",
                           "a.b.wild.test",
                           "x.deep.wild.test",
                           "deep.wild.test",
                           "mail.x",
                           "mail.long.x",
                           "mail.wild.test",
                           "mail",
                           "r1.test",
                           "r12.test",
                           "rx.test",
                           "dot.test",
                           "x.dot.test",
                           "exact.test",
                           "other.test",
                           "nobody",
                           "only.test",
                           "-",
                           "a..b",
                           "a/b",
                           "[::1]",
                           "x:70000",
                           "_",
                           "*.wild.test",
                           "two.test",
                           ".wild.test",
                           "a b"}) {
    questions.push_back({"127.0.0.1", a, host, "/"});
    questions.push_back({"127.0.0.2", a, host, "/"});
  }
  questions.push_back({"::1", a, "first.test", "/"});
  questions.push_back({"127.0.0.1", b, "both.test", "/"});
  questions.push_back({"::1", b, "x", "/"});
  questions.push_back({"127.0.0.1", b == a + 1 ? b + 1 : a + 1, "x", "/"});
  questions.pop_back();
  compare(servers, a, questions);
}

TEST_CASE("the location, the URI, and redirects inside nginx") {
  if (!have_nginx()) return;
  const int port = free_port();
  const std::string p = std::to_string(port);
  const std::string listen = "listen 127.0.0.1:" + p + "; ";
  const std::string gone = "proxy_pass http://127.0.0.1:1;";
  const std::string servers =
      "server { " + listen +
      "server_name one.test;\n"
      " location = / " +
      mark("root") + " location / " + mark("slash") + " location = /exact " + mark("exact") +
      " location /docs/ " + mark("docs") + " location ^~ /docs/raw/ " + mark("raw") +
      " location ~ \\.png$ " + mark("png") + " location ~* \\.GIF$ " + mark("gif") +
      " location ~ ^/docs/(x|y)$ " + mark("x or y") + " location /deep/ { location /deep/a/ " +
      mark("deep a") + " location ~ /b$ " + mark("deep b") + " location = /deep/c " +
      mark("deep c") +
      " }"
      " location ^~ /still/ { location ~ \\.png$ " +
      mark("still png") +
      " }"
      " location /proxied/ { " +
      gone +
      " }"
      " location = /alone/ { " +
      gone +
      " }"
      " location /inside { internal; }"
      " location /refused { deny all; }"
      " location /refused/not { allow all; }"
      " location \"/with space\" " +
      mark("space") +
      " }\n"
      "server { " +
      listen +
      "server_name two.test;\n"
      " location / { try_files $uri @app; } location @app " +
      mark("app") +
      " location /static/ { try_files $uri =404; }"
      " location /spa/ { try_files $uri $uri/ /spa/index.html; }"
      " location /php { try_files $uri /index.php?$args; } location ~ \\.php$ " +
      mark("php") +
      " location /lost { try_files $uri @none; }"
      " location /code { try_files $uri =418; } }\n"
      "server { " +
      listen +
      "server_name three.test old.test; set $to /moved;\n"
      " if ($host = old.test) { return 410; }"
      " rewrite ^/was/(.*)$ /is/$1; rewrite ^/away https://x.test/ ; "
      " rewrite ^/gone/(.*) /x/$1 permanent;"
      " location /is/ { rewrite ^/is/a$ /is/b last; rewrite ^/is/c$ /other break; "
      "   rewrite ^/is/loop(.*)$ /is/loop$1x; return 200 is; }"
      " location = /is/b " +
      mark("b") +
      " location /v { rewrite ^ $to last; } "
      " location /moved " +
      mark("moved") +
      " location /m { if ($request_method = POST) { return 405; } return 200 get; }"
      " location /stop { break; return 200 never; } location / { return 204; } }\n"
      "server { " +
      listen + "server_name four.test; merge_slashes off; location /a//b " + mark("two slashes") +
      " location / " + mark("slash") +
      " }\n"
      "server { " +
      listen +
      "server_name five.test; try_files /x =418; }\n"
      "server { " +
      listen +
      "server_name files.test; root other; location /a/ { alias other/; }"
      " location /b { alias files/static; } location ~ ^/c/(.*)$ { alias files/$1; }"
      " location /static { root files/; location /static/deep { } } location /d/ { alias other/;"
      " location /d/static/ { } } location /e { root other; try_files /x =404; } }\n"
      "server { " +
      listen + "server_name six.test; return 200 all; location / " + mark("no") + " }\nserver { " +
      listen + "server_name seven.test; deny all; location / { " + gone +
      " } location /free { allow 127.0.0.0/8; deny all; return 200 free; } }\n";
  std::vector<Question> questions;
  const auto ask = [&](const char* host, std::vector<const char*> targets) {
    for (const char* target : targets) questions.push_back({"127.0.0.1", port, host, target});
  };
  ask("one.test", {"/",
                   "/?a",
                   "/x",
                   "/exact",
                   "/exact/",
                   "/exactly",
                   "/docs",
                   "/docs/",
                   "/docs/a.png",
                   "/docs/raw/a.png",
                   "/docs/x",
                   "/docs/z",
                   "/a.PNG",
                   "/a.gif",
                   "/a.gif?x.png",
                   "/deep/",
                   "/deep/a/",
                   "/deep/a/b",
                   "/deep/b",
                   "/deep/c",
                   "/deep/c/",
                   "/deep/a/x.png",
                   "/deep/x.png",
                   "/still/x",
                   "/still/x.png",
                   "/proxied",
                   "/proxied/",
                   "/proxied/x",
                   "/proxiedx",
                   "/alone",
                   "/alone/",
                   "/inside",
                   "/refused",
                   "/refused/",
                   "/refused/not",
                   "//docs//x",
                   "/docs/../exact",
                   "/docs/./x",
                   "/docs/%78",
                   "/docs%2Fx",
                   "/docs/..",
                   "/..",
                   "/docs/../../x",
                   "/%2e%2e/x",
                   "/.",
                   "/docs/.",
                   "/%",
                   "/%zz",
                   "/%00",
                   "/a%20b",
                   "/with%20space/x",
                   "/exact#x",
                   "/exact%23",
                   "/exact%3Fa",
                   "/exact%25",
                   "/docs/.x",
                   "/docs/..x",
                   "/docs/...",
                   "/a/b/../../docs/x?../..",
                   "/x%2"});
  ask("two.test",
      {"/", "/x", "/static/x", "/spa/x", "/php/x?a=b", "/index.php", "/lost", "/code", "/static"});
  ask("three.test", {"/was/a", "/was/b", "/was/c", "/was/z", "/away", "/gone/x", "/is/loop",
                     "/is/c", "/v", "/m", "/stop", "/", "/else"});
  ask("old.test", {"/", "/was/a"});
  ask("four.test", {"/a//b", "/a/b", "//a//b", "/a//c/../b"});
  ask("five.test", {"/", "/x"});
  ask("files.test",
      {"/x", "/static/x", "/static", "/static/", "/a/x", "/a/static/x", "/b/x", "/bx",
       "/c/spa/index.html", "/c/none", "/static/deep/x", "/d/x", "/d/static/x", "/none", "/e"});
  ask("six.test", {"/", "/x"});
  ask("seven.test", {"/", "/free"});
  compare(servers, port, questions);
}

namespace {

using Random = std::mt19937;

std::string random_path(Random& random, std::size_t most) {
  static const char* const kParts[] = {"/", "a", "b", "/a", "/b/", "ab", ".x"};
  std::string out = "/";
  const std::size_t count = random() % (most + 1);
  for (std::size_t i = 0; i < count; ++i) out += kParts[random() % std::size(kParts)];
  while (out.find("//") != std::string::npos) out.erase(out.find("//"), 1);
  return out;
}

std::string random_locations(Random& random, const std::string& above, int depth, int& serial) {
  static const char* const kRegexes[] = {"a$", "^/a", "b/", "\\.x$", "/a/.*b", "^/$", "B"};
  std::set<std::string> taken;
  std::string out;
  for (std::size_t i = 0, n = random() % 5 + 1; i < n; ++i) {
    const std::string name = std::to_string(++serial);
    if (random() % 3 == 0) {
      out += std::string("location ") + (random() % 2 == 0 ? "~ " : "~* ") +
             kRegexes[random() % std::size(kRegexes)] + " " + mark(name) + "\n";
      continue;
    }
    std::string pattern = above + random_path(random, 4).substr(above.empty() ? 0 : 1);
    const bool exact = random() % 4 == 0;
    if (!taken.insert((exact ? "=" : "") + pattern).second) continue;
    if (exact) {
      out += "location = " + pattern + " " + mark(name) + "\n";
      continue;
    }
    const bool nest = depth < 3 && random() % 2 == 0;
    const bool proxy = !nest && random() % 3 == 0;
    out += std::string("location ") + (random() % 3 == 0 ? "^~ " : "") + pattern + " " +
           (nest    ? "{\n" + random_locations(random, pattern, depth + 1, serial) + "}"
            : proxy ? "{ proxy_pass http://127.0.0.1:1; }"
                    : mark(name)) +
           "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("random locations are found as nginx finds them") {
  if (!have_nginx()) return;
  Random random(20261121);
  const int port = free_port();
  std::string servers;
  std::vector<Question> questions;
  int serial = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string host = "s" + std::to_string(i) + ".test";
    servers += "server { listen 127.0.0.1:" + std::to_string(port) + "; server_name " + host +
               ";\n" + random_locations(random, "", 0, serial) + "}\n";
    for (int k = 0; k < 25; ++k) {
      questions.push_back({"127.0.0.1", port, host, random_path(random, 6)});
    }
  }
  compare(servers, port, questions);
}

namespace {

std::string random_host(Random& random) {
  static const char* const kLabels[] = {"a", "b", "ab"};
  std::string out;
  for (std::size_t i = 0, n = random() % 4 + 1; i < n; ++i) {
    out += (i == 0 ? "" : ".") + std::string(kLabels[random() % std::size(kLabels)]);
  }
  return out;
}

std::string random_name(Random& random) {
  static const char* const kRegexes[] = {"~^a", "~b$", "~A\\.", "~^(a|b)\\.ab", "\"\""};
  switch (random() % 7) {
    case 0:
      return "*." + random_host(random);
    case 1:
      return "." + random_host(random);
    case 2:
      return random_host(random) + ".*";
    case 3:
      return kRegexes[random() % std::size(kRegexes)];
    default:
      return random_host(random);
  }
}

}  // namespace

TEST_CASE("random server names are found as nginx finds them") {
  if (!have_nginx()) return;
  Random random(20261122);
  const int first = free_port();
  std::string servers;
  std::vector<Question> questions;
  for (int group = 2; group < 22; ++group) {
    const std::string address = "127.0.1." + std::to_string(group);
    for (std::size_t i = 0, n = random() % 6 + 2; i < n; ++i) {
      servers += "server { listen " + address + ":" + std::to_string(first) + "; server_name";
      for (std::size_t k = 0, m = random() % 3 + 1; k < m; ++k)
        servers += " " + random_name(random);
      servers += "; return 200 \"" + std::to_string(group) + "-" + std::to_string(i) + "\"; }\n";
    }
    questions.push_back({address, first, "-", "/"});
    for (int k = 0; k < 30; ++k) questions.push_back({address, first, random_host(random), "/"});
  }
  servers += "server { listen 127.0.0.1:" + std::to_string(first) + "; }\n";
  compare(servers, first, questions);
}

}  // namespace hopcheck::nginx::test
