// Edits of configuration files, and the numbers in them.
#include "hopcheck/edits.h"

#include "host/bundle.h"
#include "host/recorder.h"
#include "test.h"

using namespace hopcheck;

namespace {

/// The edits that set_directive makes in the first location of one nginx.conf.
std::vector<Edit> edits_in(const std::string& conf, const std::string& value) {
  Bundle bundle;
  bundle.answers["read /etc/nginx/nginx.conf"] = Answer::present(conf);
  bundle.answers["processes"] = Answer::present("");
  bundle.answers["read /lib/systemd/system/nginx.service"] = Answer::present("[Unit]\n");
  BundleHost host(bundle);
  Recorder recorder(host);
  const Deployment deployment(recorder, {Target{}});
  const auto& instance = deployment.nginx()->front();
  const auto& location = instance.site->servers.front().locations->front();
  return set_directive(deployment, instance, location.directive, "proxy_read_timeout", value);
}

}  // namespace

TEST_CASE("a directive is changed where it stands, or added as the block's first") {
  auto edits = edits_in("http {\n server {\n  location / {\n    return 200;\n  }\n }\n}\n", "9s");
  REQUIRE(edits.size() == 1);
  CHECK(edits[0].line == 4);
  CHECK(edits[0].remove.empty());
  CHECK(edits[0].add == "    proxy_read_timeout 9s;");
  edits = edits_in(
      "http {\n server {\n\tproxy_read_timeout  5s; # short\n  location / { }\n }\n}\n", "9s");
  REQUIRE(edits.size() == 1);
  CHECK(edits[0].line == 3);
  CHECK(edits[0].remove == "\tproxy_read_timeout  5s; # short");
  CHECK(edits[0].add == "\tproxy_read_timeout 9s; # short");
  edits = edits_in("http {\n server {\n  location / { return 200; }\n }\n}\n", "9s");
  REQUIRE(edits.size() == 1);
  CHECK(edits[0].add == "  location / { proxy_read_timeout 9s; return 200; }");
}

TEST_CASE("sizes and times as nginx writes them") {
  CHECK(size_bytes("4k") == 4096);
  CHECK(size_bytes("10M") == 10 << 20);
  CHECK(size_bytes("512") == 512);
  CHECK(size_bytes("x") == 0);
  CHECK(size_bytes("1kk") == 0);
  CHECK(time_ms("60") == 60'000);
  CHECK(time_ms("500ms") == 500);
  CHECK(time_ms("1m 30s") == 90'000);
  CHECK(time_ms("1m30s") == 90'000);
  CHECK(time_ms("soon") == 0);
}
