// Files of sections and settings.
#include "facts/text/ini.h"

#include "test.h"

using namespace hopcheck;

TEST_CASE("settings with their sections and lines") {
  const auto lines = read_ini("/srv/uwsgi.ini",
                              "; said first\nnone = 0\n[uwsgi]\r\nsocket = :3031 # open\r\n"
                              "  # a comment\nmodule=shop:app\nmaster\n\n[other]\nsocket = /x");
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].section.empty());
  CHECK(lines[1].section == "uwsgi");
  CHECK(lines[1].name == "socket");
  CHECK(lines[1].value.value == ":3031");
  CHECK(lines[1].value.from.line == 4);
  CHECK(lines[2].value.value == "shop:app");
  CHECK(lines[3].section == "other");
}

TEST_CASE("what is no such file has no settings") {
  for (const char* text : {"", "[", "]", "=", "[x", "\xff\n\n", "a\nb"}) {
    INFO(text);
    CHECK(read_ini("f", text).size() == (std::string(text) == "=" ? 1 : 0));
  }
}
