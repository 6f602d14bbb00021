// Listening sockets, and the settings' small functions.
#include "hopcheck/finding.h"
#include "hopcheck/process.h"
#include "hopcheck/settings.h"
#include "test.h"

namespace {

using namespace hopcheck;

Listener tcp(const std::string& address, int port, bool only_v6 = false) {
  Listener listener;
  listener.address = address;
  listener.port = port;
  listener.only_v6 = only_v6;
  return listener;
}

}  // namespace

TEST_CASE("a listener serves what the kernel would hand it") {
  CHECK(tcp("0.0.0.0", 80).serves("10.0.0.5", 80));
  CHECK_FALSE(tcp("0.0.0.0", 80).serves("10.0.0.5", 81));
  CHECK_FALSE(tcp("0.0.0.0", 80).serves("::1", 80));
  CHECK(tcp("0.0.0.0", 80).serves("::ffff:10.0.0.5", 80));
  CHECK(tcp("::", 80).serves("10.0.0.5", 80));
  CHECK(tcp("::", 80).serves("2001:db8::1", 80));
  CHECK_FALSE(tcp("::", 80, true).serves("10.0.0.5", 80));
  CHECK_FALSE(tcp("::", 80, true).serves("::ffff:10.0.0.5", 80));
  CHECK(tcp("::", 80, true).serves("[2001:db8::1]", 80));
  CHECK(tcp("127.0.0.1", 80).serves("127.0.0.1", 80));
  CHECK_FALSE(tcp("127.0.0.1", 80).serves("127.0.0.2", 80));
  CHECK(tcp("::ffff:127.0.0.1", 80).serves("127.0.0.1", 80));
  CHECK(tcp("::1", 80).serves("0:0:0:0:0:0:0:1", 80));
  CHECK_FALSE(tcp("::ffff:0.0.0.0", 80).serves("::1", 80));
  CHECK(tcp("::ffff:0.0.0.0", 80).serves("10.1.1.1", 80));
  CHECK_FALSE(tcp("0.0.0.0", 80).serves("localhost", 80));
  CHECK_FALSE(tcp("", 80).serves("", 80));
  Listener path;
  path.kind = Listener::Kind::unix_stream;
  path.path = "/run/x.sock";
  CHECK_FALSE(path.serves("127.0.0.1", 0));
  CHECK_FALSE(path.is_loopback());
  CHECK(path.text() == "/run/x.sock");
}

TEST_CASE("loopback is 127.0.0.0/8 and ::1") {
  for (const char* address : {"127.0.0.1", "127.255.3.4", "::1", "[::1]", "::ffff:127.0.0.1"})
    CHECK(is_loopback(address));
  for (const char* address :
       {"0.0.0.0", "::", "128.0.0.1", "::2", "fe80::1", "", "localhost", "1::1"})
    CHECK_FALSE(is_loopback(address));
  CHECK(tcp("127.0.0.1", 1).is_loopback());
}

TEST_CASE("addresses as text") {
  CHECK(address_text("10.0.0.5", 80) == "10.0.0.5:80");
  CHECK(address_text("::", 80) == "[::]:80");
  CHECK(address_text("[::1]", 80) == "[::1]:80");
  CHECK(tcp("::1", 443).text() == "[::1]:443");
}

TEST_CASE("status codes and durations") {
  const StatusCodes codes{"200-299,301", {{200, 299}, {301, 301}}};
  CHECK(codes.contains(200));
  CHECK(codes.contains(299));
  CHECK(codes.contains(301));
  CHECK_FALSE(codes.contains(300));
  CHECK_FALSE(StatusCodes{}.contains(200));
  CHECK(duration_text(0) == "0 ms");
  CHECK(duration_text(500) == "500 ms");
  CHECK(duration_text(5000) == "5 s");
  CHECK(duration_text(90000) == "90 s");
  CHECK(duration_text(1500) == "1.5 s");
  CHECK(duration_text(1234) == "1.23 s");
  CHECK(duration_text(2001) == "2 s");
  CHECK(duration_text(-1500) == "-1.5 s");
}

TEST_CASE("words for a shell") {
  CHECK(shell_quote("/run/shop") == "/run/shop");
  CHECK(shell_quote("u=rwx") == "u=rwx");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("$(reboot)") == "'$(reboot)'");
  CHECK(shell_quote("~root") == "'~root'");
  CHECK(shell_quote("a\nb") == "'a\nb'");
}
