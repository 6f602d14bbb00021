// Traces as they are printed: goldens, and what holds for whatever stands in them.
#include "report/trace.h"

#include <sstream>

#include "golden.h"
#include "test.h"

namespace hopcheck {
namespace {

std::string text(const Trace& trace, int verbosity = 0, bool color = false) {
  TextOptions options;
  options.verbosity = verbosity;
  options.color = color;
  options.unicode = false;
  return to_text(trace, options);
}

TraceHop hop(const std::string& name, HopStatus status, const std::string& words,
             const std::string& reason = {}) {
  TraceHop hop;
  hop.hop = name;
  hop.status = status;
  hop.text = words;
  hop.reason = reason;
  return hop;
}

TraceHop nginx_hop() {
  TraceHop nginx =
      hop("nginx", HopStatus::pass, "shop.example.com (/etc/nginx/sites-enabled/shop:3)");
  nginx.notes = {"server_name shop.example.com: the Host exactly",
                 "rewrite ^/old/(.*)$ /static/$1 last; -> /static/app.css (line 7)",
                 "location /static/ (line 9): the longest prefix, no regex fits",
                 "-> file /srv/shop/static/app.css (line 10)"};
  NginxHop detail;
  detail.config = "/etc/nginx/nginx.conf";
  detail.server = {{"/etc/nginx/sites-enabled/shop", 3}, "shop.example.com", "exact"};
  detail.location = {{"/etc/nginx/sites-enabled/shop", 9}, "/static/", "prefix"};
  detail.uri = "/static/app.css";
  detail.steps = {{{"/etc/nginx/sites-enabled/shop", 7}, "rewrite -> /static/app.css", detail.uri}};
  detail.action = "static";
  detail.target = "/srv/shop/static/app.css";
  detail.action_at = {"/etc/nginx/sites-enabled/shop", 10};
  nginx.detail = detail;
  return nginx;
}

TraceHop file_hop() {
  TraceHop file = hop("file", HopStatus::fail, "/srv/shop/static/app.css",
                      "nginx (www-data) may not pass /srv/shop: directory 0700 shop:shop");
  file.explain = "nginx.static-not-traversable";
  Fix fix;
  fix.summary = "let www-data read it";
  fix.commands = {"chmod 0701 /srv/shop"};
  fix.widens = "every user of this host";
  file.fix = fix;
  file.detail = FileHop{"/srv/shop/static/app.css", "www-data", "/srv/shop"};
  return file;
}

Trace stopped() {
  Trace trace;
  trace.version = "0.1.0";
  trace.host.name = "web1";
  trace.host.os = "Debian GNU/Linux 12 (bookworm)";
  trace.host.user = "root";
  trace.host.privileged = true;
  trace.request = {"GET",
                   "http://shop.example.com/old/app.css",
                   "shop.example.com",
                   "10.99.0.1",
                   "10.99.0.2",
                   80,
                   "http"};
  TraceHop firewall = hop("firewall", HopStatus::pass,
                          "nftables: accept: tcp dport 80 accept # handle 12 (inet filter input)");
  FirewallRule rule;
  rule.tool = "nft";
  rule.table = "inet filter";
  rule.chain = "input";
  rule.handle = 12;
  rule.text = "tcp dport 80 accept";
  firewall.detail = FirewallHop{"nftables", "accept", rule};
  TraceHop name = hop("name", HopStatus::unknown, "shop.example.com",
                      "this host's resolver does not know the name; a user's may");
  name.detail = NameHop{"shop.example.com", {}};
  TraceHop lb = hop("lb", HopStatus::pass, "aws-alb (10.99.0.0/24) sends it to 10.99.0.2:80");
  lb.detail = LbHop{"aws-alb", {"10.99.0.0/24"}, false};
  TraceHop listener = hop("listener", HopStatus::pass, "0.0.0.0:80: nginx (pid 810)");
  listener.detail = ListenerHop{"0.0.0.0:80", 810, "nginx", "nginx.service"};
  TraceHop response = hop("response", HopStatus::fail, "403 in 3 ms", "the answer is 403");
  response.detail = ResponseHop{403, 3.2, "", "nginx", ""};
  trace.hops = {name, lb, firewall, listener, nginx_hop(), file_hop(), response};
  trace.predicted.statuses = {403};
  trace.predicted.hop = "file";
  trace.predicted.text = trace.hops[5].reason;
  trace.stopped_at = "file";
  trace.outcome = "stopped";
  trace.summary = "stopped at file: " + trace.hops[5].reason;
  trace.exit_code = 1;
  return trace;
}

Trace disagreeing() {
  Trace trace = stopped();
  trace.hops.erase(trace.hops.begin() + 4, trace.hops.end() - 1);
  TraceHop app = hop("app", HopStatus::pass, "gunicorn shop:app (shop.service, pid 812)");
  app.detail =
      AppHop{"gunicorn", "shop:app", 812, "shop.service", {{"workers", "2", {"/srv/g.py", 1}}}};
  TraceHop upstream = hop("upstream", HopStatus::pass, "127.0.0.1:8000 of upstream shop");
  UpstreamHop detail;
  detail.name = "shop";
  detail.user = "www-data";
  detail.members = {{"127.0.0.1:8000", true, "", false, false, ""},
                    {"127.0.0.1:8001", false, "", true, false, "nobody listens"}};
  upstream.detail = detail;
  trace.hops.insert(trace.hops.end() - 1, {upstream, app});
  TraceHop& response = trace.hops.back();
  response.text = "502 in 3 ms";
  response.reason = "not as predicted";
  response.detail = ResponseHop{502, 3.2, "", "nginx", ""};
  trace.predicted.statuses.clear();
  trace.disagreement = Disagreement{
      "app", "what the application behind 127.0.0.1:8000 answers", "502 in 3 ms",
      "127.0.0.1:8000 takes connections and gives nginx no answer it can use", "nginx.bad-gateway"};
  trace.stopped_at = "response";
  trace.summary = "stopped at response: not as predicted";
  return trace;
}

}  // namespace

TEST_CASE("traces look as their goldens") {
  CHECK(text(stopped()) == golden("trace-stopped.txt", text(stopped())));
  CHECK(text(disagreeing()) == golden("trace-disagreeing.txt", text(disagreeing())));
  CHECK(text(stopped(), -1) == golden("trace-q.txt", text(stopped(), -1)));
  CHECK(to_json(stopped()) == golden("trace-stopped.json", to_json(stopped())));
  CHECK(to_json(disagreeing()) == golden("trace-disagreeing.json", to_json(disagreeing())));
}

TEST_CASE("traces keep to 80 columns and to printable characters") {
  Trace trace = stopped();
  const std::string evil = "\033[31m\x9b\xff " + std::string(300, 'x') + "\n\r\t" + "\xe2\x80\xae";
  for (TraceHop& each : trace.hops) {
    each.text += evil;
    each.reason += evil;
    each.notes.push_back(evil);
  }
  trace.summary += evil;
  trace.request.url += evil;
  for (const char c : text(trace)) {
    const bool fits = c == '\n' || (c >= ' ' && c <= '~');
    CHECK(fits);
  }
  for (const char c : to_json(trace)) {
    const bool fits = c == '\n' || (c >= ' ' && c <= '~');
    CHECK(fits);
  }
  std::istringstream lines(text(stopped()) + text(disagreeing()));
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
}

TEST_CASE("colour says nothing that words do not") {
  const std::string coloured = text(stopped(), 0, true);
  std::string plain;
  for (std::size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\033') {
      i = coloured.find('m', i);
    } else {
      plain += coloured[i];
    }
  }
  CHECK(plain == text(stopped()));
}

}  // namespace hopcheck
