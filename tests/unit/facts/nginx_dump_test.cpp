// The output of nginx -T, taken apart.
#include "facts/nginx/dump.h"
#include "test.h"

using namespace hopcheck::nginx;

namespace {

constexpr const char* kMain =
    "# configuration file /etc/nginx/nginx.conf:\n"
    "http {\n"
    "    include conf.d/*.conf;\n"
    "    include /srv/app.conf;\n"
    "}\n"
    "\n";

std::string dump_of(const std::string& rest) {
  return kMain + rest;
}

std::string text_at(const Dump& dump, std::size_t i) {
  return dump.files.at(i).path + "\n" + dump.files.at(i).text;
}

}  // namespace

TEST_CASE("a dump is taken apart at its marks, warnings left out") {
  const Dump dump =
      read_dump("nginx: [warn] conflicting server name \"a\" on 0.0.0.0:80, ignored\n" +
                dump_of("# configuration file /etc/nginx/conf.d/a.conf:\nserver { }\n\n"
                        "# configuration file /srv/app.conf:\nserver {\n}\n"));
  REQUIRE(dump.files.size() == 3);
  CHECK(dump.files[0].text ==
        "http {\n    include conf.d/*.conf;\n    include /srv/app.conf;\n}\n");
  CHECK(text_at(dump, 1) == "/etc/nginx/conf.d/a.conf\nserver { }\n");
  // That file has no line break at its end; nginx adds one.
  CHECK(text_at(dump, 2) == "/srv/app.conf\nserver {\n}");
  CHECK_FALSE(dump.cut);
}

TEST_CASE("a comment that looks like a mark belongs to its file") {
  const auto second = "# configuration file /srv/app.conf:\nserver { }\n\n";
  SECTION("nothing includes what it names") {
    const Dump dump =
        read_dump(dump_of("# configuration file /etc/nginx/conf.d/a.conf:\n"
                          "# configuration file /etc/nginx/old.conf:\nserver { }\n\n" +
                          std::string(second)));
    REQUIRE(dump.files.size() == 3);
    CHECK(dump.files[1].text == "# configuration file /etc/nginx/old.conf:\nserver { }\n");
  }
  SECTION("it stands inside a block") {
    const Dump dump =
        read_dump(dump_of("# configuration file /etc/nginx/conf.d/a.conf:\nserver {\n"
                          "# configuration file /srv/app.conf:\n}\n\n" +
                          std::string(second)));
    REQUIRE(dump.files.size() == 3);
    CHECK(dump.files[2].text == "server { }\n");
  }
  SECTION("it stands inside a string") {
    const Dump dump =
        read_dump(dump_of("# configuration file /etc/nginx/conf.d/a.conf:\nset $a \"\n"
                          "# configuration file /srv/app.conf:\n\";\n\n" +
                          std::string(second)));
    REQUIRE(dump.files.size() == 3);
    CHECK(dump.files[2].text == "server { }\n");
  }
  SECTION("its file was listed before") {
    const Dump dump =
        read_dump(dump_of("# configuration file /etc/nginx/conf.d/a.conf:\n"
                          "# configuration file /etc/nginx/nginx.conf:\nserver { }\n\n" +
                          std::string(second)));
    REQUIRE(dump.files.size() == 3);
    CHECK(dump.files[1].text == "# configuration file /etc/nginx/nginx.conf:\nserver { }\n");
  }
}

TEST_CASE("a file may include further ones, and braces of Lua code are its own") {
  const Dump dump = read_dump(
      "# configuration file /n/nginx.conf:\n"
      "http { init_by_lua_block { local s = \"}\" } include a; }\n\n"
      "# configuration file /n/a:\ninclude b/*;\n\n"
      "# configuration file /n/b/1:\n\n"
      "# configuration file /n/b/2:\n\n");
  REQUIRE(dump.files.size() == 4);
  CHECK(text_at(dump, 1) == "/n/a\ninclude b/*;\n");
  CHECK(text_at(dump, 2) == "/n/b/1\n");
  CHECK_FALSE(dump.cut);
}

TEST_CASE("CRLF at the marks is the way that the dump went; CRLF in a file alone is the file's") {
  const Dump sent = read_dump(
      "\xEF\xBB\xBF# configuration file /n/nginx.conf:\r\ninclude a;\r\n\r\n"
      "# configuration file /n/a:\r\nuser x;\r\n\r\n");
  REQUIRE(sent.files.size() == 2);
  CHECK(sent.files[0].text == "include a;\n");
  const Dump own = read_dump(
      "# configuration file /n/nginx.conf:\ninclude a;\r\n\n"
      "# configuration file /n/a:\nuser x;\r\n\n");
  REQUIRE(own.files.size() == 2);
  CHECK(own.files[0].text == "include a;\r\n");
}

TEST_CASE("a dump that lost its end says so") {
  const std::string whole =
      dump_of("# configuration file /srv/app.conf:\nserver {\n    listen 80;\n}\n\n");
  CHECK_FALSE(read_dump(whole).cut);
  CHECK(read_dump(whole.substr(0, whole.size() - 5)).cut);
  CHECK(read_dump(kMain).cut);  // /srv/app.conf is not there
}

TEST_CASE("what is no dump is refused") {
  CHECK_THROWS_AS(read_dump(""), std::invalid_argument);
  CHECK_THROWS_AS(read_dump("http { }\n"), std::invalid_argument);
  CHECK_THROWS_AS(read_dump("# configuration file nginx.conf:\n"), std::invalid_argument);
  CHECK_THROWS_AS(read_dump("\xFF\xFE#\0 \0"), std::invalid_argument);
}
