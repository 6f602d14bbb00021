// Tracebacks in logs.
#include "hopcheck/traceback.h"

#include "test.h"

using namespace hopcheck;

TEST_CASE("the innermost frame of the user's own code, under those of libraries") {
  const auto frame = own_frame({
      "Traceback (most recent call last):",
      "  File \"/opt/shop/venv/lib/python3.11/site-packages/gunicorn/util.py\", line 371, in load",
      "    mod = importlib.import_module(module)",
      "  File \"<frozen importlib._bootstrap>\", line 1204, in _gcd_import",
      "  File \"/opt/shop/app/shop.py\", line 7, in <module>",
      "    database.connect()",
      "  File \"/opt/shop/app/database.py\", line 5, in connect",
      "    return sqlite3.connect(\"/var/lib/shop/shop.db\")",
      "  File \"/usr/lib/python3.11/sqlite3/dbapi2.py\", line 9, in x",
      "    y()",
      "sqlite3.OperationalError: unable to open database file",
  });
  REQUIRE(frame);
  CHECK(frame->file == "/opt/shop/app/database.py");
  CHECK(frame->line == 5);
  CHECK(frame->code == "return sqlite3.connect(\"/var/lib/shop/shop.db\")");
  CHECK(cite(*frame).untrusted);
}

TEST_CASE("a syntax error has no function, and a frame may show no code") {
  const auto bare = own_frame({"  File \"/srv/shop/shop.py\", line 14", "    <<<<<<< HEAD"});
  REQUIRE(bare);
  CHECK(bare->line == 14);
  const auto last = own_frame({"  File \"/srv/shop/a.py\", line 2, in f",
                               "  File \"/usr/lib/python3/dist-packages/x.py\", line 3, in g"});
  REQUIRE(last);
  CHECK(last->file == "/srv/shop/a.py");
  CHECK(last->code.empty());
}

TEST_CASE("no frame of the user's own") {
  CHECK_FALSE(own_frame({}));
  CHECK_FALSE(own_frame({"  File \"/usr/bin/gunicorn\", line 8, in <module>"}));
  CHECK_FALSE(own_frame({"File \"/srv/x.py\", line none", "File \"/srv/x.py\", line 0",
                         "File \"\", line 3", "File \"/srv/x.py"}));
}

TEST_CASE("the lines since the last start") {
  const std::vector<std::string> simple{"Started shop.service - shop.", "old", "Stopped shop.",
                                        "Started shop.service - shop.", "new"};
  CHECK(last_run(simple) == std::vector<std::string>{"new"});
  // Of a service that tells when it is ready, the start's own words come before "Started".
  const std::vector<std::string> notify{"Started shop.",    "old", "Stopped shop.",
                                        "Starting shop...", "new", "Started shop."};
  CHECK(last_run(notify) == std::vector<std::string>{"new", "Started shop."});
  CHECK(last_run({"a", "b"}) == std::vector<std::string>{"a", "b"});
  CHECK(last_run({"a", "Started shop."}) == std::vector<std::string>{"a", "Started shop."});
  CHECK(last_run({}).empty());
}
