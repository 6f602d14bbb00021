// Traces over recordings: what each hop says, and the laws that hold for all of them.
#include "trace/trace.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "cases.h"
#include "diagnosis/pages.h"
#include "hopcheck/deployment.h"
#include "host/tables.h"
#include "model/settings_text.h"
#include "model/url.h"
#include "test.h"

using namespace hopcheck;
using namespace hopcheck::test;

namespace {

std::vector<Target> targets_of(const Bundle& bundle) {
  const auto settings = bundle.answers.find("settings");
  return settings == bundle.answers.end() ? std::vector<Target>{Target{}}
                                          : decode_settings(settings->second.text);
}

Trace traced(const Bundle& bundle, const TraceQuestion& question,
             std::vector<std::string>* asked = nullptr) {
  BundleHost host(bundle);
  Recorder recorder(host);
  const Deployment deployment(recorder, targets_of(bundle));
  Trace found = trace(deployment, question);
  if (asked != nullptr) {
    for (const auto& timing : recorder.timings()) asked->push_back(timing.key);
  }
  return found;
}

TraceQuestion asking(const std::string& url) {
  TraceQuestion question;
  question.url = *parse_url(url);
  return question;
}

const TraceHop& hop_of(const Trace& trace, const std::string& name) {
  const auto found = std::find_if(trace.hops.begin(), trace.hops.end(),
                                  [&](const TraceHop& hop) { return hop.hop == name; });
  if (found == trace.hops.end()) throw std::runtime_error("no hop " + name);
  return *found;
}

/// The recording with one answer replaced; every key that begins with `key*`.
Bundle with(Bundle bundle, const std::string& key, const Answer& answer) {
  if (key.back() != '*') {
    bundle.answers[key] = answer;
    return bundle;
  }
  for (auto& [name, old] : bundle.answers) {
    if (name.rfind(key.substr(0, key.size() - 1), 0) == 0) old = answer;
  }
  return bundle;
}

/// As above: text replaced in an answer.
Bundle edited(Bundle bundle, const std::string& key, const std::string& from,
              const std::string& to) {
  std::string& text = bundle.answers.at(key).text;
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error(key + " has no " + from);
  text.replace(at, from.size(), to);
  return bundle;
}

struct Recording {
  std::string name{};
  Bundle bundle{};
};

const std::vector<Recording>& recordings() {
  static const std::vector<Recording> all = [] {
    std::vector<Recording> found;
    for (const char* folder : {"/tests/hosts", "/tests/scenarios"}) {
      for (const auto& entry :
           std::filesystem::directory_iterator(HOPCHECK_SOURCE_DIR + std::string(folder))) {
        if (entry.path().extension() != ".hop") continue;
        const std::string path =
            std::string(folder).substr(1) + "/" + entry.path().filename().string();
        found.push_back({path, read_bundle(path, read_source(path))});
      }
    }
    std::sort(found.begin(), found.end(),
              [](const Recording& a, const Recording& b) { return a.name < b.name; });
    return found;
  }();
  return all;
}

/// The requests of the load balancer and of the site.
std::vector<TraceQuestion> questions_of(const Bundle& bundle) {
  BundleHost host(bundle);
  const Deployment deployment(host, targets_of(bundle));
  std::vector<TraceQuestion> questions;
  for (const auto& route : deployment.routes()) {
    if (!route.requested()) continue;
    if (auto question = question_of(route.request)) questions.push_back(std::move(*question));
  }
  return questions;
}

const auto kUnix = "debian12-unix";
const auto kProbe = "http://10.99.0.2/health";
const auto kRules = "run nft -a list ruleset";

/// debian12-unix with a packet filter that lets everybody in.
Bundle filtered(const std::string& rules) {
  Bundle bundle = recorded_host(kUnix);
  CommandResult listed;
  listed.exit_code = 0;
  listed.out = rules;
  bundle.answers[kRules] = Answer::present(encode_command(listed));
  bundle.answers["read /proc/net/ip_tables_names"] = Answer::absent();
  bundle.answers["read /proc/net/ip6_tables_names"] = Answer::absent();
  return bundle;
}

}  // namespace

TEST_CASE("trace: a healthy probe is followed to the application and back") {
  const Trace trace = traced(recorded_host(kUnix), asking(kProbe));
  std::vector<std::string> hops;
  for (const auto& hop : trace.hops) hops.push_back(hop.hop);
  CHECK(hops == std::vector<std::string>{"name", "lb", "firewall", "listener", "nginx", "socket",
                                         "app", "response"});
  const auto& nginx = std::get<NginxHop>(hop_of(trace, "nginx").detail);
  REQUIRE(nginx.server);
  CHECK(nginx.server->matched_by == "default");
  CHECK(nginx.location->pattern == "/");
  CHECK(nginx.location->matched_by == "prefix");
  CHECK(nginx.action == "proxy_pass");
  CHECK(std::get<AppHop>(hop_of(trace, "app").detail).program == "gunicorn");
  CHECK(std::get<ResponseHop>(trace.hops.back().detail).status_code == 200);
  CHECK(trace.hops.back().status == HopStatus::pass);
}

TEST_CASE("trace: what was never asked of the host is unknown") {
  const Trace trace = traced(recorded_host(kUnix), asking("http://10.99.0.2/never-asked"));
  CHECK(hop_of(trace, "nginx").status == HopStatus::pass);
  CHECK(trace.hops.back().status == HopStatus::unknown);
  CHECK(trace.exit_code == 3);
  CHECK(trace.outcome == "undecided");
}

TEST_CASE("trace: a closed directory stops it at the socket") {
  const Bundle bundle = edited(recorded_host(kUnix), "walk /run/shop/gunicorn.sock",
                               "/run/shop directory 0755", "/run/shop directory 0700");
  const Trace trace = traced(bundle, asking(kProbe));
  CHECK(trace.stopped_at == "socket");
  CHECK(trace.exit_code == 1);
  CHECK(trace.predicted.statuses == std::vector<int>{502});
  const TraceHop& socket = hop_of(trace, "socket");
  CHECK(socket.explain == "socket.directory-not-traversable");
  CHECK(std::get<UpstreamHop>(socket.detail).members.front().denied_at == "/run/shop");
  REQUIRE(socket.fix);
  CHECK(socket.fix->commands == std::vector<std::string>{"chmod 0701 /run/shop"});
  // The recorded answer is still 200: that does not fit what the directory says.
  REQUIRE(trace.disagreement);
  CHECK(trace.disagreement->predicted == "502");
}

TEST_CASE("trace: the firewall is asked for the source that is named") {
  const Bundle bundle = filtered(
      "table inet filter { # handle 1\n"
      "\tchain input { # handle 2\n"
      "\t\ttype filter hook input priority filter; policy drop;\n"
      "\t\tct state established,related accept # handle 3\n"
      "\t\tip saddr 10.99.0.0/24 tcp dport 80 accept # handle 4\n"
      "\t}\n"
      "}\n");
  const Trace inside = traced(bundle, asking(kProbe));
  INFO(hop_of(inside, "firewall").reason);
  const auto& accepted = std::get<FirewallHop>(hop_of(inside, "firewall").detail);
  CHECK(accepted.verdict == "accept");
  REQUIRE(accepted.rule);
  CHECK(accepted.rule->handle == 4);
  CHECK(accepted.rule->table == "inet filter");

  TraceQuestion from_outside = asking(kProbe);
  from_outside.source = "192.0.2.7";
  const Trace outside = traced(bundle, from_outside);
  CHECK(outside.stopped_at == "firewall");
  CHECK(std::get<FirewallHop>(hop_of(outside, "firewall").detail).verdict == "drop");
  CHECK(hop_of(outside, "firewall").explain == "firewall.port-dropped");
  // Our own request is not stopped, and what it brings is no proof of the contrary.
  CHECK(outside.exit_code == 1);
}

TEST_CASE("trace: nobody listens") {
  const Trace trace = traced(recorded_host(kUnix), asking("http://10.99.0.2:8443/"));
  CHECK(trace.stopped_at == "listener");
  CHECK(hop_of(trace, "listener").reason == "nobody listens on 10.99.0.2:8443");
}

TEST_CASE("trace: without requests nothing is asked of the network") {
  TraceQuestion question = asking("http://shop.example.com/");
  question.send = false;
  std::vector<std::string> asked;
  const Trace trace = traced(recorded_host(kUnix), question, &asked);
  CHECK(hop_of(trace, "name").status == HopStatus::skip);
  CHECK(trace.hops.back().status == HopStatus::skip);
  for (const std::string& key : asked) {
    INFO(key);
    CHECK(key.rfind("request ", 0) != 0);
    CHECK(key.rfind("resolve ", 0) != 0);
  }
}

TEST_CASE("trace: an address that is not this host's is sent nothing") {
  TraceQuestion question = asking("http://shop.example.com/");
  question.address = "192.0.2.1";
  std::vector<std::string> asked;
  const Trace trace = traced(recorded_host(kUnix), question, &asked);
  CHECK(trace.hops.back().status == HopStatus::skip);
  CHECK(std::none_of(asked.begin(), asked.end(),
                     [](const std::string& key) { return key.rfind("request ", 0) == 0; }));
}

TEST_CASE("trace: TLS that nothing here ends was ended before") {
  const Trace trace = traced(recorded_host(kUnix), asking("https://shop.example.com/health"));
  CHECK(trace.request.scheme == "http");
  CHECK(trace.request.port == 80);
  CHECK(std::get<LbHop>(hop_of(trace, "lb").detail).ends_tls);
}

TEST_CASE("trace: an answer that does not fit is a disagreement") {
  Exchange broken;
  broken.outcome = Exchange::Outcome::answered;
  broken.status = 502;
  broken.connected = true;
  broken.headers = {{"Server", "nginx"}};
  broken.body = "<html>\n<body>\n<hr><center>nginx</center>\n";
  const Bundle bundle = with(recorded_host(kUnix), "request GET http://10.99.0.2:80/health*",
                             Answer::present(encode_exchange(broken)));
  const Trace trace = traced(bundle, asking(kProbe));
  CHECK(trace.exit_code == 1);
  REQUIRE(trace.disagreement);
  CHECK(trace.disagreement->hop == "app");
  CHECK(trace.disagreement->explain == "nginx.bad-gateway");
}

TEST_CASE("law: no trace of a recording says more than its answer") {
  std::set<std::string> codes;
  for (const auto& page : all_pages()) {
    for (const auto& code : page.codes) codes.insert(code.code);
  }
  std::size_t seen = 0;
  for (const Recording& one : recordings()) {
    for (const TraceQuestion& question : questions_of(one.bundle)) {
      const Trace trace = traced(one.bundle, question);
      INFO(one.name << " " << question.url.path << ": " << trace.summary);
      REQUIRE(!trace.hops.empty());
      CHECK((trace.exit_code == 1) == !trace.stopped_at.empty());
      CHECK((trace.exit_code == 0 || trace.exit_code == 1 || trace.exit_code == 3));
      CHECK(trace.summary.rfind(trace.outcome, 0) == 0);
      for (const TraceHop& hop : trace.hops) {
        INFO(hop.hop << " " << hop.explain);
        CHECK((hop.explain.empty() || codes.count(hop.explain) == 1));
        CHECK((hop.status == HopStatus::pass || !hop.reason.empty()));
      }
      if (trace.exit_code != 0) continue;
      ++seen;
      const auto& response = std::get<ResponseHop>(trace.hops.back().detail);
      const auto& wanted = trace.predicted.statuses;
      CHECK(response.status_code != 0);
      CHECK((wanted.empty() ||
             std::find(wanted.begin(), wanted.end(), response.status_code) != wanted.end()));
      CHECK(!trace.disagreement);
    }
  }
  CHECK(seen > 50);
}

TEST_CASE("law: one answer less makes no trace more content") {
  std::size_t turn = 0;
  for (const Recording& one : recordings()) {
    if (++turn % 8 != 0) continue;
    for (const TraceQuestion& question : questions_of(one.bundle)) {
      std::vector<std::string> asked;
      const Trace before = traced(one.bundle, question, &asked);
      for (const std::string& key : asked) {
        const Trace after = traced(
            with(one.bundle, key, Answer::unseen({Unseen::Why::denied, "denied: " + key, "root"})),
            question);
        INFO(one.name << " " << question.url.path << " without " << key << ": " << before.summary
                      << " -> " << after.summary);
        CHECK((before.exit_code == 0 || after.exit_code != 0));
        if (before.exit_code == 0) CHECK(after.exit_code != 1);
      }
    }
  }
}
