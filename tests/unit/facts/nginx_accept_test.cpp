// Our verdict on a configuration is that of `nginx -t`: the same message, file and line.
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "facts/nginx/instances.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

namespace {

/// "@" stands for what keeps nginx's own files inside the folder, on the same line.
std::string filled(const std::string& text, const Scratch& scratch) {
  std::string out;
  for (const char c : text) {
    if (c == '@') {
      out += http_preamble(scratch);
    } else {
      out += c;
    }
  }
  return out;
}

void compare(const std::string& snippet) {
  const Scratch scratch;
  scratch.write("snippets/fine.conf", "server_tokens off;\n");
  scratch.write("snippets/broken.conf", "\nserver_tokens off\n");
  scratch.write("snippets/unclosed.conf", "location /x {\n\n");
  scratch.write("snippets/closing.conf", "\n}\n");
  scratch.write("more/10.conf", "server { listen 127.0.0.1:1; }\n");
  scratch.write("more/20.conf", "server { listen 127.0.0.1:2; }\n");
  scratch.write("more/.hidden.conf", "nonsense {{{\n");
  scratch.write("withdir/sub/x.conf", "\n");
  scratch.write("types.conf", "text/html html;\n");
  const std::string conf = scratch.write("nginx.conf", filled(snippet, scratch));
  const Config config = parse(conf, scratch.path(), disk_reader());
  const std::string output = nginx_test_output(conf, scratch.path());
  CAPTURE(snippet.substr(0, 300), output.substr(0, 500));
  CHECK(first_problem(config) == test_verdict(output));
}

std::string in_http(const std::string& text) {
  return "events {}\nhttp { @\n" + text + "\n}\n";
}
std::string in_server(const std::string& text) {
  return in_http("server {\nlisten 127.0.0.1:1;\n" + text + "\n}");
}

}  // namespace

TEST_CASE("nginx accepts what we accept") {
  if (!have_nginx()) return;
  const std::vector<std::string> valid = {
      "events {}\n",
      "\r\nevents {\r\n}\r\n",
      "events{}http{@}",
      "# comment only { } ;\nevents { # here too }\n}\n",
      in_server("location / { return 200 \"a b\\\"c\"; }"),
      in_server("location / { return 200 'a;b{c}d'; }"),
      in_server("location / { return 200 ${host}x; }"),
      in_server("location / { return 200 a\\;b; }"),
      in_server("location ~ \\.php$ { return 200; }"),
      in_server("location ~ ^/(a|b)\\{2\\}$ { return 200; }"),
      in_server("if ($host = \"x\") { return 404; }"),
      in_server("if ( $host ~* (a|b) ) { return 404; }"),
      in_server("server_name a b\n  c;"),
      in_server("server_name \"~^(?<n>a{2})$\";"),
      in_server("include snippets/fine.conf;"),
      in_server("include snippets/nothing-*.conf;"),
      in_http("include more/*.conf;"),
      in_http("include m?re/[12]0.conf;"),
      in_http("types { include types.conf; text/x x y z; }"),
      in_http("map $host $x { default 0; ~a{2} 1; \"b c\" 2; hostnames; }"),
      in_http("geo $x { default 0; 10.0.0.0/8 1; }"),
      in_http("upstream u { server 127.0.0.1:1; keepalive 4; }"),
      in_http("log_format x 'a' \"b\" c;"),
      in_server("location / { return 200 \"" + std::string(4094, 'x') + "\"; }"),
      in_server("location / { return 200 " + std::string(4095, 'x') + "; }"),
      "#" + std::string(4095, 'x') + "\nevents {}\n",
      "events {}\n#no line end",
      "events {}\n\t \n"};
  for (const std::string& snippet : valid) compare(snippet);
}

TEST_CASE("nginx refuses what we refuse, with the same words at the same line") {
  if (!have_nginx()) return;
  const std::vector<std::string> broken = {
      "events {\n",
      "events {}\n}\n",
      "events {}\nhttp { @\nserver {\n}\n",
      "events {}\nworker_processes 1\n",
      "events {}\nworker_processes \"1\n;\n",
      "events {}\nworker_processes '1;\n\n",
      "events {}\n;\n",
      "events {}\n{\n",
      "events {}\nworker_processes 1 }\n",
      "events;\n",
      "events {}\nworker_processes 1 {\n}\n",
      "events {}\nworker_processes;\n",
      "events {}\nuser a b c;\n",
      "\xEF\xBB\xBFuser root;\nevents {}\n",
      "events {}\nserver {\n}\n",
      "events {}\nlisten 80;\n",
      in_http("location / {\n}"),
      in_server("root /srv\n\nlocation / {\n}"),
      in_server("root /srv\nindex x;"),
      in_server("location / {\nproxy_pass http://127.0.0.1:1\n}"),
      in_server("location / {\nproxy_pass http://127.0.0.1:1;"),
      in_server("server_name \"a\"b;"),
      in_server("return 200 'a'b;"),
      in_server("return 200 \"a\"{;"),
      in_server("location {\n}"),
      in_server("location a b c {\n}"),
      in_server("include snippets/missing.conf;"),
      in_server("\ninclude\n snippets/missing.conf\n;"),
      in_server("include snippets/broken.conf;"),
      in_server("include snippets/unclosed.conf;"),
      in_server("include snippets/closing.conf;"),
      in_server("include;"),
      in_server("include a b;"),
      in_http("types {\ntext/x {\n}\n}"),
      in_http("map $host $x {\na 1\n}"),
      in_http("upstream u {\nserver;\n}"),
      in_http("upstream u {\nlisten 80;\n}"),
      in_server("if {\n}"),
      in_server("limit_except GET {\n}"),
      in_server("proxy_pass http://127.0.0.1:1;"),
      in_server("location / { return 200 " + std::string(4096, 'x') + "; }"),
      in_server("location / { return 200 \"\n" + std::string(5000, 'x') + "\"; }"),
      "#" + std::string(4096, 'x') + "\nevents {}\n",
      in_server("location / { return 200 " + std::string(1 << 20, 'x') + "; }"),
      in_server(std::string("server_name\0x y;", 16)),
      "events {}\nuser \\"};
  for (const std::string& snippet : broken) compare(snippet);
}

TEST_CASE("random bytes are judged as nginx judges them") {
  if (!have_nginx()) return;
  const Scratch scratch;
  static const char kBytes[] = "  \n\r\t\"\"''\\\\;;{}#$$()aab\0";
  std::mt19937 random(20261121);
  const char* const rounds = std::getenv("HOPCHECK_TEST_ROUNDS");
  for (int i = 0, n = rounds == nullptr ? 150 : std::atoi(rounds); i < n; ++i) {
    std::string text = "events {}\nhttp { " + http_preamble(scratch) + "\ntypes {\n";
    for (std::size_t k = 0, size = random() % 12; k < size; ++k) {
      text += kBytes[random() % (sizeof kBytes - 1)];
    }
    text += random() % 2 == 0 ? "\n}\n}\n" : "";
    const std::string conf = scratch.write("nginx.conf", text);
    const std::string theirs = test_verdict(nginx_test_output(conf, scratch.path()));
    // Which names its modules know is nginx's own affair.
    if (theirs.starts_with("unknown directive")) continue;
    CAPTURE(text);
    CHECK(first_problem(parse(conf, scratch.path(), disk_reader())) == theirs);
  }
}

}  // namespace hopcheck::nginx::test
