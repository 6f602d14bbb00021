// The journal of a unit, as journalctl prints it.
#include "facts/systemd/journal.h"

#include "test.h"

using namespace hopcheck;

namespace {

// Recorded: journalctl --no-pager -o short-unix, with an entry of two lines.
constexpr const char* text =
    "-- Boot 0a1b2c --\n"
    "1763694000.120000 web1 systemd[1]: Started shop.service - shop.\n"
    "1763694001.500000 web1 gunicorn[79]: [2025-11-21 03:00:01 +0000] [79] [INFO] Starting\n"
    "1763697602.000000 web1 gunicorn[79]: first\n"
    "                                     second: still the same entry\n";

}  // namespace

TEST_CASE("entries keep their words and lose time, host and program") {
  const auto lines = parse_journal(text);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].text == "Started shop.service - shop.");
  CHECK(lines[0].time == 1763694000.12);
  CHECK(lines[1].text == "[2025-11-21 03:00:01 +0000] [79] [INFO] Starting");
  CHECK(lines[3].text == "second: still the same entry");
  CHECK(lines[3].time == lines[2].time);
}

TEST_CASE("last words reach back from the newest line, not from now") {
  const auto lines = parse_journal(text);
  CHECK(last_words(lines, 3'600'000) ==
        std::vector<std::string>{"first", "second: still the same entry"});
  CHECK(last_words(lines, 3'601'000).size() == 3);
  CHECK(last_words(lines, 86'400'000).size() == 4);
  CHECK(last_words({}, 1000).empty());
}

TEST_CASE("a journal that is no journal is no crash") {
  CHECK(parse_journal("").empty());
  CHECK(parse_journal("no time here\n  nor here").empty());
  const auto bare = parse_journal("1763694000.1 web1\n");
  REQUIRE(bare.size() == 1);
  CHECK(bare[0].text.empty());
}
