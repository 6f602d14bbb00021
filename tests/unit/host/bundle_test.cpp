// Bundles keep every byte of an answer, and refuse what is none.
#include "host/bundle.h"

#include "random_text.h"
#include "support/usage_error.h"
#include "test.h"

using namespace hopcheck;

namespace {

Answer random_answer(std::mt19937& random) {
  const auto why = [&] {
    return Unseen{static_cast<Unseen::Why>(random() % 10), test::random_text(random, 5),
                  random() % 2 == 0 ? "root" : ""};
  };
  if (random() % 5 == 0) return Answer::absent();
  if (random() % 5 == 0) return Answer::unseen(why());
  Answer answer = Answer::present(test::random_text(random, 30));
  if (random() % 3 == 0) answer.truncated_at = 1 + random() % 1000;
  for (std::size_t i = random() % 3; i > 0; --i) answer.missing.push_back(why());
  return answer;
}

std::string error_of(const std::string& text) {
  try {
    read_bundle("x.hop", text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

const std::string head = "hopcheck-bundle/1\nby hopcheck 0.1.0\n";

}  // namespace

TEST_CASE("a bundle gives back what was put in, whatever the bytes") {
  std::mt19937 random(4);
  for (int round = 0; round < 1500; ++round) {
    Bundle bundle{"hopcheck 0.1.0", {}};
    for (std::size_t i = random() % 4; i > 0; --i) {
      bundle.answers[ask::read("/" + test::random_text(random, 5)).key()] = random_answer(random);
    }
    const std::string text = write_bundle(bundle);
    REQUIRE(printable(text, true).find("\\x1b\\x1b\\x1b\\x1b") == std::string::npos);
    const Bundle again = read_bundle("x", text);
    REQUIRE(again.by == bundle.by);
    REQUIRE(again.answers == bundle.answers);
  }
}

TEST_CASE("a text that looks like a bundle stays a text") {
  Bundle bundle{"hopcheck 0.1.0", {}};
  bundle.answers["read /log"] =
      Answer::present("-- read /etc/passwd\nabsent\nend 1 answers\n\x1b[2J\r\n\xc2\x9b\\x41");
  CHECK(write_bundle(bundle) == head +
                                    "-- read /log\n"
                                    "  -- read /etc/passwd\n"
                                    "  absent\n"
                                    "  end 1 answers\n"
                                    "  \\x1b[2J\\x0d\n"
                                    "  \\xc2\\x9b\\\\x41\n"
                                    "no line break at end\n"
                                    "end 1 answers\n");
  CHECK(read_bundle("x", write_bundle(bundle)).answers == bundle.answers);
}

TEST_CASE("the bundle of the manual reads") {
  const Bundle bundle =
      read_bundle("x", head +
                           "-- read /etc/nginx/nginx.conf\n  user www-data;\n"
                           "-- read /etc/gone\nabsent\n"
                           "-- read /etc/shadow\n"
                           "unseen denied needs=root \"open: Permission denied\"\n"
                           "-- listeners\n"
                           "missing denied needs=root \"owners of 3 sockets\"\n"
                           "truncated at 1048576 bytes\n"
                           "  tcp 0.0.0.0:80 queue=0/511 pids=?\n"
                           "end 4 answers\n");
  BundleHost host(bundle);
  CHECK(host.ask(ask::read("/etc/nginx/nginx.conf")).text == "user www-data;\n");
  CHECK(host.ask(ask::read("/etc/gone")).status == Answer::Status::absent);
  const Answer shadow = host.ask(ask::read("/etc/shadow"));
  CHECK(shadow.why == Unseen{Unseen::Why::denied, "open: Permission denied", "root"});
  const Answer listeners = host.ask(ask::listeners());
  CHECK(listeners.truncated_at == 1048576);
  CHECK(listeners.missing.size() == 1);
  const Answer other = host.ask(ask::read("/etc/other"));
  CHECK(other.status == Answer::Status::unseen);
  CHECK(other.why.why == Unseen::Why::not_captured);
}

TEST_CASE("what is no bundle is refused with its line") {
  CHECK(error_of("") == "x.hop:1: is empty, not a hopcheck bundle");
  CHECK(error_of("{\"json\": 1}\n") == "x.hop:1: is not a hopcheck bundle");
  CHECK(error_of(std::string("\x7f"
                             "ELF\0\0",
                             6)) == "x.hop:1: is not a hopcheck bundle");
  CHECK(error_of("hopcheck-bundle/2\n").find("another version") != std::string::npos);
  CHECK(error_of(head + "-- now\n  now x\n") ==
        "x.hop:4: ends without its end line: it is cut short");
  CHECK(error_of(head + "-- now\n  now x\nend 2 answers\n") ==
        "x.hop:5: has 1 answers where its end line counts 2");
  CHECK(error_of(head + "-- now\n  a\\q\nend 1 answers\n").find("x.hop:4: a backslash") == 0);
  CHECK(error_of(head + "-- now\n  a\\x4\nend 1 answers\n").find("x.hop:4: a backslash") == 0);
  CHECK(error_of(head + "-- erase /\nend 1 answers\n") == "x.hop:3: unknown question: erase");
  CHECK(error_of(head + "-- read \"/a\nend 1 answers\n") == "x.hop:3: a quote is not closed");
  CHECK(error_of(head + "-- now\n-- now\nend 2 answers\n") ==
        "x.hop:4: the same question twice: now");
  CHECK(error_of(head + "-- now\nabsent\n  text\nend 1 answers\n").find("x.hop:5: ") == 0);
  CHECK(error_of(head + "-- now\n  text\nabsent\nend 1 answers\n").find("x.hop:5: ") == 0);
  CHECK(error_of(head + "-- now\nunseen bored\nend 1 answers\n") ==
        "x.hop:4: unknown reason: bored");
  CHECK(error_of(head + "-- now\nhello\nend 1 answers\n") ==
        "x.hop:4: not a line of a bundle: hello");
  CHECK(error_of(head + "  text\nend 0 answers\n").find("x.hop:3: ") == 0);
  CHECK(error_of(head + "end 0 answers\nmore\n") == "x.hop:4: text after the end line");
  CHECK(error_of(head + "-- now\ntruncated at -1 bytes\nend 1 answers\n").find("x.hop:4: ") == 0);
  CHECK(error_of(head + "end 0 answers\n").empty());
}

TEST_CASE("every cut of a bundle is noticed") {
  Bundle bundle{"hopcheck 0.1.0", {}};
  bundle.answers["read /a"] = Answer::present("one\n\ntwo\\");
  bundle.answers["now"] = Answer::absent();
  const std::string text = write_bundle(bundle);
  // Without its last line break alone it is still whole.
  for (std::size_t length = 0; length + 1 < text.size(); ++length) {
    INFO(length);
    CHECK_FALSE(error_of(text.substr(0, length)).empty());
  }
}

TEST_CASE("a reader of bundles lives through anything") {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    const std::string text = head + "-- now\n" + test::random_text(random, 40);
    try {
      read_bundle("x", text);
    } catch (const UsageError& error) {
      REQUIRE(std::string(error.what()).find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("a case's answers stand among its other lines") {
  Bundle bundle;
  bundle.answers["now"] = Answer::absent();
  const std::vector<std::string> lines{"on healthy", "-- now",     "  now 1", "", "  boot 2",
                                       "",           "-- read /x", "absent",  "", "=> fail"};
  CHECK(read_answers("c", lines, 1, bundle) == 9);
  CHECK(bundle.answers.at("now").text == "now 1\n\nboot 2\n");
  CHECK(bundle.answers.at("read /x").status == Answer::Status::absent);
  CHECK(read_answers("c", lines, 0, bundle) == 0);
}

TEST_CASE("nothing that acts on a terminal is printable") {
  CHECK(printable("a\x1b[31mb\x07") == "a\\x1b[31mb\\x07");
  CHECK(printable("a\tb\nc") == "a b\\x0ac");
  CHECK(printable("a\nb", true) == "a\nb");
  CHECK(printable("naïve €") == "naïve €");
  CHECK(printable("\xc2\x9b"
                  "1m") == "\\xc2\\x9b1m");  // C1 control
  CHECK(printable("\xe2\x80\xae"
                  "gpj") == "\\xe2\\x80\\xaegpj");  // right-to-left override
  CHECK(printable("\xc0\xaf\xff\xed\xa0\x80") == "\\xc0\\xaf\\xff\\xed\\xa0\\x80");
  CHECK(printable("\xe2\x82") == "\\xe2\\x82");
  CHECK(printable("C:\\x") == "C:\\x");
}
