// The tree, its includes, and what is understood of it; hostile input.
#include "facts/nginx/glob.h"
#include "facts/nginx/site.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

namespace {

std::string repeat(std::size_t count, const std::string& text) {
  std::string out;
  out.reserve(count * text.size());
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("the tree is flat, in order, with files and lines") {
  const Config config = parse_files(
      {{"/etc/nginx/nginx.conf",
        "user www-data;\nevents { }\nhttp {\n  include conf.d/*.conf;\n  tcp_nopush on;\n}\n"},
       {"/etc/nginx/conf.d/b.conf", "server {\n  server_name 'b c' \"d\\\"e\";\n}\n"},
       {"/etc/nginx/conf.d/a.conf", "# a\n\nupstream a { server 127.0.0.1:1; }\n"}});
  CHECK(first_problem(config) == "");
  REQUIRE(config.files.size() == 3);
  CHECK(config.files[1] == "/etc/nginx/conf.d/a.conf");
  REQUIRE(config.top().size() == 3);
  const Directive http = config.top()[2];
  REQUIRE(http.children().size() == 3);
  CHECK(http.children()[0].name() == "upstream");
  CHECK(http.children()[0].evidence().source == "/etc/nginx/conf.d/a.conf");
  CHECK(http.children()[0].evidence().line == 3);
  CHECK(http.children("server").size() == 1);
  const Directive names = *http.child("server")->child("server_name");
  REQUIRE(names.args().size() == 2);
  CHECK(names.arg(0) == "b c");
  CHECK(names.arg(1) == "d\"e");
  CHECK(names.arg(2) == "");
  CHECK(names.text() == "server_name \"b c\" \"d\\\"e\";");
  CHECK(http.child("server")->text() == "server {");
  CHECK(http.child("tcp_nopush")->at().line == 5);
  CHECK(!http.child("none"));
}

TEST_CASE("escapes are read as nginx reads them") {
  const Config config =
      parse_text("events{} words \\t\\n\\r\\\\\\'\\\"\\x \"${b}{c}\" ${d}e$ $f{ words; }\n");
  CHECK(first_problem(config) == "");
  REQUIRE(config.nodes.size() == 3);
  const auto args = config.at(1).args();
  REQUIRE(args.size() == 4);
  CHECK(args[0] == "\t\n\r\\'\"\\x");
  CHECK(args[1] == "${b}{c}");
  CHECK(args[2] == "${d}e$");
  CHECK(args[3] == "$f");
}

TEST_CASE("Lua is passed over as it stands") {
  const Config config = parse_text(
      "events {} http { server { location / { content_by_lua_block {\n"
      "  local t = { a = \"}\", b = '}' } -- }\n --[[ } ]] local s = [==[ } ]==]\n }\n"
      " } location /b { return 200; } } }\n");
  CHECK(first_problem(config) == "");
  const Directive server = *config.top()[1].child("server");
  REQUIRE(server.children("location").size() == 2);
  CHECK(server.children("location")[1].at().line == 5);
  // A quote without its like on the line begins no string.
  CHECK(first_problem(
            parse_text("events {} http { init_by_lua_block { -- it's\n a = it's }\n }")) == "");
}

TEST_CASE("an include that may not be read is missing, one that is not there is a problem") {
  const Config config = parse_files(
      {{"/etc/nginx/nginx.conf", "http {\ninclude secret.conf;\ninclude gone.conf;\n}\n"},
       {"/etc/nginx/secret.conf", "DENIED"}});
  REQUIRE(config.missing.size() == 1);
  CHECK(config.missing[0].why == Unseen::Why::denied);
  CHECK(first_problem(config) ==
        "open() \"/etc/nginx/gone.conf\" failed (2: No such file or directory) in "
        "/etc/nginx/nginx.conf:3");
  CHECK(config.top()[0].child("include")->arg(0) == "/etc/nginx/secret.conf");
  const Config none = parse_files({{"/etc/nginx/nginx.conf", "DENIED"}});
  CHECK(!understand(none).seen());
  CHECK(parse_files({}).problems.size() == 1);
}

TEST_CASE("a loop of includes ends") {
  const Config config = parse_files({{"/etc/nginx/nginx.conf", "include a.conf;\nuser x;\n"},
                                     {"/etc/nginx/a.conf", "\ninclude a.conf;\n"}});
  CHECK(first_problem(config) ==
        "open() \"/etc/nginx/a.conf\" failed (24: Too many open files) in /etc/nginx/a.conf:2");
  CHECK(config.nodes.size() == 1);
  // Every file includes the next one ten times.
  std::map<std::string, std::string> files{{"/etc/nginx/nginx.conf", "include 0;\n"}};
  for (int i = 0; i < 30; ++i) {
    files["/etc/nginx/" + std::to_string(i)] =
        repeat(10, "include " + std::to_string(i + 1) + ";\n");
  }
  files["/etc/nginx/30"] = "worker_processes 1;\n";
  const Config many = parse_files(files);
  CHECK(many.missing.size() >= 1);
  CHECK(many.nodes.size() < 5'000'000);
}

TEST_CASE("patterns match as glob(3) does") {
  CHECK(glob_match("*.conf", "a.conf"));
  CHECK(!glob_match("*.conf", ".a.conf"));
  CHECK(glob_match(".*.conf", ".a.conf"));
  CHECK(!glob_match("?", ""));
  CHECK(glob_match("[a-c]x", "bx"));
  CHECK(!glob_match("[!a-c]x", "bx"));
  CHECK(glob_match("[]]", "]"));
  CHECK(glob_match("[", "["));
  CHECK(glob_match("a\\*", "a*"));
  CHECK(!glob_match(repeat(50, "a*") + "b", repeat(200, "a")));
}

TEST_CASE("hostile configurations neither hang nor crash") {
  SECTION("deep nesting") {
    const Config config = parse_text("http{server{" + repeat(200'000, "location / {"));
    CHECK(first_problem(config) != "");
    const Fact<Site> site = understand(config);
    CHECK(!site->missing.empty());
    choose(config, *site, "127.0.0.1", 80, "x", "/");
  }
  SECTION("bytes of all kinds") {
    std::string text;
    unsigned state = 1;
    for (int round = 0; round < 300; ++round) {
      text.clear();
      for (int i = 0; i < 400; ++i) {
        state = state * 1103515245U + 12345U;
        static const char kBytes[] =
            " ;{}\n\"'\\$#()\0\xff"
            "abserver location listen 80 ~=/*";
        text += kBytes[(state >> 16) % (sizeof kBytes - 1)];
      }
      const Config config = parse_text("http { server { " + text);
      const Fact<Site> site = understand(config);
      try {
        choose(config, *site, "127.0.0.1", 80, "a", "/");
      } catch (const NotSeen&) {
      }
    }
    SUCCEED();
  }
  SECTION("many words that need copying") {
    const Config config = parse_text(repeat(500'000, "\\\"\\' ") + ";");
    CHECK(config.storage.size() < 1000);
  }
  SECTION("twenty thousand server blocks") {
    std::string text = "http {\n";
    for (int i = 0; i < 20'000; ++i) {
      text += "server {\n listen 80;\n server_name s" + std::to_string(i) +
              ".test;\n location / { proxy_pass http://127.0.0.1:8000; }\n}\n";
    }
    const Config config = parse_text(text + "}\n");
    const Fact<Site> site = understand(config);
    REQUIRE(site->servers.size() == 20'000);
    const auto chosen = choose(config, *site, "10.0.0.1", 80, "s19999.test", "/");
    REQUIRE(chosen);
    CHECK(chosen->server == &site->servers.back());
  }
  SECTION("a regular expression that explodes") {
    const Config config = parse_text(
        "http { server { location ~ ^(a+)+$ { return 200; } location / { return 201; "
        "} } }");
    const Fact<Site> site = understand(config);
    const std::string path = "/" + repeat(60, "a") + "!";
    choose(config, *site, "127.0.0.1", 80, "x", path);
    const Config worse = parse_text("http { server { location ~ ^/(a+)+(a+)+$ { return 200; } } }");
    const Fact<Site> worse_site = understand(worse);
    CHECK_THROWS_AS(choose(worse, *worse_site, "127.0.0.1", 80, "x", path), NotSeen);
  }
  SECTION("variables that double") {
    std::string sets = "set $a aaaaaaaaaaaaaaaa;";
    sets += repeat(64, "set $a $a$a;");
    const Config config = parse_text("http { server { " + sets + " location / { root $a; } } }");
    const Fact<Site> site = understand(config);
    const auto chosen = choose(config, *site, "127.0.0.1", 80, "x", "/");
    CHECK(chosen->action.kind == Action::Kind::unknown);
  }
}

}  // namespace hopcheck::nginx::test
