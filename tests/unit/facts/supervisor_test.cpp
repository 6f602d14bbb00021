// supervisor's files.
#include "facts/app/supervisor.h"

#include "test.h"

using namespace hopcheck;

TEST_CASE("programs of supervisor, and what they run") {
  const auto programs = parse_supervisor(
      "/etc/supervisor/conf.d/shop.conf",
      "; a comment\n[program:shop]\r\ncommand = /usr/bin/gunicorn shop:app ; why\n"
      "user=shop\n\n[eventlistener:x]\ncommand=/bin/y\n[program:blog]\ncommand=uwsgi\n");
  REQUIRE(programs.size() == 2);
  CHECK(programs[0].name == "shop");
  CHECK(programs[0].command.value == "/usr/bin/gunicorn shop:app");
  CHECK(programs[0].command.from.line == 3);
  CHECK(programs[1].name == "blog");
  CHECK(programs[1].command.value == "uwsgi");
}

TEST_CASE("what is no supervisor file has no programs") {
  for (const char* text : {"", "[", "[program:", "command=x", "[program:x", "\xff\xfe[program"}) {
    INFO(text);
    CHECK(parse_supervisor("f", text).empty());
  }
}
