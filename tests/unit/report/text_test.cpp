// The text report: goldens of what a person sees, and the laws that hold for whatever it is given.
#include <sstream>

#include "golden.h"
#include "report/layout.h"
#include "sample.h"
#include "test.h"

namespace hopcheck {
namespace {

std::string text(const Report& report, int verbosity = 0, bool color = false, bool unicode = true) {
  TextOptions options;
  options.verbosity = verbosity;
  options.color = color;
  options.unicode = unicode;
  return to_text(report, options);
}

std::vector<std::string> lines_of(const std::string& all) {
  std::vector<std::string> lines;
  std::istringstream stream(all);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string without_colour(const std::string& all) {
  std::string plain;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == '\033') {
      i = all.find('m', i);
    } else {
      plain += all[i];
    }
  }
  return plain;
}

bool ascii_without_controls(const std::string& all) {
  for (const char c : all) {
    if (c != '\n' && (c < ' ' || c > '~')) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("text reports look as their goldens") {
  CHECK(text(sample::healthy()) == golden("healthy.txt", text(sample::healthy())));
  CHECK(text(sample::broken()) == golden("broken.txt", text(sample::broken())));
  CHECK(text(sample::degraded()) == golden("degraded.txt", text(sample::degraded())));
  CHECK(text(sample::broken(), 1) == golden("broken-v.txt", text(sample::broken(), 1)));
  CHECK(text(sample::broken(), -1) == golden("broken-q.txt", text(sample::broken(), -1)));
}

TEST_CASE("the last line is the verdict") {
  CHECK(lines_of(text(sample::broken())).back() ==
        "broken: 1 cause, which explains the other finding");
  CHECK(lines_of(text(sample::healthy())).back() ==
        "healthy: 3 checks, 2 ok, 1 not in use here, 84 ms");
  CHECK(lines_of(text(sample::degraded())).back() == "degraded, as far as seen: 1 warning");
  Report nothing;
  nothing.verdict = "unknown";
  nothing.verdict_reason = "nothing-here";
  CHECK(lines_of(text(nothing)).back() ==
        "unknown: no nginx and no application server was found here");
}

TEST_CASE("an ignored cause is named and not counted") {
  Report report = sample::broken();
  report.diagnosis.front().ignored = true;
  report.verdict = "healthy";
  const std::string all = text(report);
  CHECK(all.find("Ignored, as was asked: socket.directory-not-traversable") != std::string::npos);
  CHECK(all.find("1. error") == std::string::npos);
  CHECK(text(report, -1).find("cannot reach") == std::string::npos);
}

TEST_CASE("colour repeats words and adds none") {
  const std::string coloured = text(sample::broken(), 1, true);
  CHECK(coloured.find("\033[1;31mFAIL\033[0m") != std::string::npos);
  CHECK(without_colour(coloured) == text(sample::broken(), 1));
}

TEST_CASE("only assumed settings are in the Assumed line") {
  const std::string all = text(sample::healthy());
  CHECK(all.find("Assumed: port 80 (--lb-port), Host its own address (--lb-host)\n") !=
        std::string::npos);
  Report tcp = sample::healthy();
  tcp.lb[1].json = "\"tcp\"";
  tcp.lb[1].text = "tcp";
  CHECK(text(tcp).find("Assumed: port 80 (--lb-port)\n") != std::string::npos);
}

TEST_CASE("whatever comes from outside, no control character reaches the terminal") {
  const std::string evil =
      "\033[2J\033]0;owned\007 \x9b"
      "31m \xc2\x9b"
      "31m \xe2\x80\xae\x7f\r\nend\xff\tb\0c";
  for (const int verbosity : {-1, 0, 1}) {
    CHECK(ascii_without_controls(text(sample::hostile(evil), verbosity, false, false)));
    const std::string all = text(sample::hostile(evil), verbosity);
    CHECK(all.find('\033') == std::string::npos);
    CHECK(all.find("\xc2\x9b") == std::string::npos);
    CHECK(all.find("\xe2\x80\xae") == std::string::npos);
  }
}

TEST_CASE("lines are at most 80 columns but for words that are longer") {
  std::string wordy;
  for (int i = 0; i < 400; ++i)
    wordy += "w" + std::string(static_cast<std::size_t>(i % 23), 'x') + " ";
  const std::string wide = [] {
    std::string all;
    for (int i = 0; i < 90; ++i) all += "\xe6\x97\xa5\xe6\x9c\xac ";
    return all;
  }();
  for (const auto& report : {sample::hostile(wordy), sample::hostile(wide), sample::broken(),
                             sample::degraded(), sample::healthy()}) {
    for (const int verbosity : {-1, 0, 1}) {
      for (const auto& line : lines_of(text(report, verbosity))) {
        CHECK(columns(line) <= 80);
      }
    }
  }
}

TEST_CASE("a long path is never cut") {
  const std::string path = "/" + std::string(300, 'p') + "/gunicorn.sock";
  const std::string all = text(sample::hostile("no access to " + path + " for www-data"));
  CHECK(all.find(path) != std::string::npos);
  for (const auto& line : lines_of(all)) {
    if (line.find(path) == std::string::npos) CHECK(columns(line) <= 80);
  }
}

TEST_CASE("a report that holds megabytes stays short") {
  const std::string all = text(sample::hostile(std::string(3 << 20, 'A')));
  CHECK(all.size() < 200000);
}

TEST_CASE("text is wrapped at blanks, which are kept inside a line") {
  CHECK(wrap("a  b c", 80) == std::vector<std::string>{"a  b c"});
  CHECK(wrap("aaa bbb ccc", 7) == std::vector<std::string>{"aaa bbb", "ccc"});
  // A word that no line can hold is cut.
  CHECK(wrap("a longerthanthat b", 6) == std::vector<std::string>{"a", "longer", "thanth", "at b"});
  CHECK(wrap("/usr/lib/x", 7) == std::vector<std::string>{"/usr/", "lib/x"});
  CHECK(wrap("", 10) == std::vector<std::string>{""});
}

TEST_CASE("a long command still pastes") {
  CHECK(wrap_command("chmod 0755 /run/shop", 40) ==
        std::vector<std::string>{"chmod 0755 /run/shop"});
  CHECK(wrap_command("install -m 0644 'a b' /etc/somewhere/else", 24) ==
        std::vector<std::string>{"install -m 0644 'a b' \\", "  /etc/somewhere/else"});
  CHECK(wrap_command("x 'a quoted thing that is long' y", 12) ==
        std::vector<std::string>{"x \\", "  'a quoted thing that is long' \\", "  y"});
  CHECK(wrap_command("echo 'never closed and long", 10) ==
        std::vector<std::string>{"echo \\", "  'never closed and long"});
}

TEST_CASE("without UTF-8 all is ASCII, and marks are readable") {
  CHECK(fit_for_terminal("unix:\xe2\x80\xa6 \xc3\xa9", false) == "unix:... \\xc3\\xa9");
  CHECK(fit_for_terminal("unix:\xe2\x80\xa6 \xc3\xa9", true) == "unix:\xe2\x80\xa6 \xc3\xa9");
}

TEST_CASE("root is not told that root would see more") {
  Report report = sample::degraded();
  CHECK(text(report).find("sudo hopcheck would add") != std::string::npos);
  report.host.privileged = true;
  CHECK(text(report).find("sudo hopcheck would add") == std::string::npos);
  CHECK(text(report).find("which process holds port 80 (permission denied)") != std::string::npos);
}

TEST_CASE("times read as a person says them") {
  CHECK(time_text(0) == "0 ms");
  CHECK(time_text(0.42) == "0.4 ms");
  CHECK(time_text(84.4) == "84 ms");
  CHECK(time_text(12345) == "12.3 s");
}

}  // namespace hopcheck
