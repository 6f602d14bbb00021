// What stands behind proxy_pass.
#include "hopcheck/proxy_pass.h"
#include "nginx_support.h"
#include "test.h"

namespace hopcheck::nginx::test {

namespace {

std::string parts(const std::string& target) {
  const ProxyPass pass = proxy_pass_of(target);
  return pass.scheme + " | " + pass.place + " | " + pass.uri;
}

/// The value of `text` in the last location of the configuration.
std::string valued(const Config& config, const std::string& text) {
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    if (config.at(i).name() == "location") last = i;
  }
  return with_values(config, last, text).text;
}

}  // namespace

TEST_CASE("proxy_pass in its parts") {
  CHECK(parts("http://127.0.0.1:5000") == "http | 127.0.0.1:5000 | ");
  CHECK(parts("http://app/v1/") == "http | app | /v1/");
  CHECK(parts("https://[::1]:8443/") == "https | [::1]:8443 | /");
  CHECK(parts("http://unix:/run/x.sock") == "http | unix:/run/x.sock | ");
  CHECK(parts("http://unix:/run/x.sock:/v1") == "http | unix:/run/x.sock | /v1");
  CHECK(parts("http://unix:/run/x.sock:") == "http | unix:/run/x.sock | ");
  CHECK(parts("http://app?a=1") == "http | app | ?a=1");
  CHECK(parts("$backend") == " | $backend | ");
}

TEST_CASE("a variable has the value of its one set line") {
  const Config config = parse_text(
      "http { server { set $host_of app.internal;\n"
      "location /other { set $port 1; }\n"
      "location / { set $port 5000; set $both ${host_of}:$port; proxy_pass http://$both/; } } }");
  CHECK(valued(config, "http://$both/") == "http://app.internal:5000/");
  CHECK(valued(config, "http://$unknown/$both") == "http://$unknown/app.internal:5000");
  std::uint32_t last = 0;
  while (config.at(last).text() != "location / {") ++last;
  CHECK(with_values(config, last, "$both").from.size() == 3);
}

TEST_CASE("of two values neither is known, and a circle ends") {
  const Config config = parse_text(
      "http { server { set $a $b; set $b $a;\n"
      "location / { set $x one; if ($arg_y) { set $x two; } proxy_pass http://$x; } } }");
  CHECK(valued(config, "http://$x") == "http://$x");
  CHECK(valued(config, "http://$a").find('$') != std::string::npos);
}

}  // namespace hopcheck::nginx::test
