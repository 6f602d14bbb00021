// The laws that hold for all checks and all cases.
#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "cases.h"
#include "diagnosis/connect.h"
#include "diagnosis/verdict.h"
#include "model/settings_text.h"
#include "test.h"

using namespace hopcheck;
using namespace hopcheck::test;

namespace {

std::map<std::string, Confidence> found(const CheckResult& result) {
  std::map<std::string, Confidence> findings;
  for (const auto& finding : result.findings) findings[fingerprint(finding)] = finding.confidence;
  return findings;
}

/// One answer less: what must not follow from it, and does.
std::vector<std::string> immodesty(const Case& one, const CheckResult& before,
                                   const std::string& key) {
  Bundle blind = one.host;
  blind.answers[key] = Answer::unseen({Unseen::Why::denied, "denied: " + key, "root"});
  const CheckResult after = run_over(one.check, blind);
  std::vector<std::string> said;
  const auto complain = [&](const std::string& what) {
    said.push_back(one.place + " without " + key + ": " + status_name(before.status) + " -> " +
                   status_name(after.status) + " " + after.reason + ": " + what);
  };
  using Status = CheckResult::Status;
  if (after.status == Status::pass && before.status != Status::pass) complain("it became a pass");
  if (after.status == Status::error) complain("the check failed");
  const auto known = found(before);
  for (const auto& [print, confidence] : found(after)) {
    const auto same = known.find(print);
    if (same == known.end()) {
      complain("a finding appeared: " + after.findings.front().title);
    } else if (confidence > same->second) {
      complain("a finding grew more certain");
    }
  }
  return said;
}

std::vector<std::string> immodesty(const Case& one) {
  std::vector<std::string> asked;
  const CheckResult before = run_over(one.check, one.host, &asked);
  std::vector<std::string> said;
  for (const auto& key : asked) {
    for (auto& words : immodesty(one, before, key)) said.push_back(std::move(words));
  }
  return said;
}

/// A report without what differs from run to run.
std::string essence(Report report) {
  report.duration_ms = 0;
  report.timings.clear();
  for (auto& check : report.checks) check.duration_ms = 0;
  return to_json(report);
}

}  // namespace

TEST_CASE("law 1: every code on a page is reported by some case") {
  std::set<std::string> reported;
  for (const auto& one : all_cases()) reported.insert(one.codes.begin(), one.codes.end());
  for (const auto& page : all_pages()) {
    for (const auto& code : page.codes) {
      INFO(page.id << " " << code.code);
      CHECK(reported.count(code.code) == 1);
    }
  }
}

TEST_CASE("every check has a failing, a passing and a skipped case") {
  for (const auto& page : all_pages()) {
    std::set<std::string> statuses;
    for (const auto& one : all_cases()) {
      if (one.check == page.id) statuses.insert(one.status == "warn" ? "fail" : one.status);
    }
    INFO(page.id);
    CHECK(statuses.count("fail") == 1);
    CHECK(statuses.count("pass") == 1);
    CHECK(statuses.count("skip") == 1);
  }
}

TEST_CASE("law 2: no check reports anything on a healthy host") {
  const auto hosts = recorded_hosts();
  REQUIRE(hosts.size() >= 6);
  for (const auto& name : hosts) {
    const Report report = diagnose_bundle(recorded_host(name));
    INFO(name << ": " << (report.findings.empty() ? "" : report.findings.front().finding.title));
    CHECK(report.findings.empty());
    CHECK((report.verdict == "healthy" || report.verdict_reason == "nothing-here"));
    for (const auto& check : report.checks) {
      INFO(check.id << " " << check.reason);
      CHECK((check.status == "pass" || check.status == "skip"));
    }
    for (const auto& hop : report.chain) CHECK(hop.status != "fail");
  }
}

TEST_CASE("law 3: a replay of a run's own recording gives the same report") {
  for (const auto& one : all_cases()) {
    BundleHost host(one.host);
    Recorder recorder(host);
    RunOptions options;
    options.scope = "bundle";
    options.targets = {Target{}};
    const Report first = diagnose(recorder, options, {});
    const Bundle again = read_bundle("again", write_bundle(recorder.bundle()));
    INFO(one.place);
    CHECK(essence(first) == essence(diagnose_bundle(again)));
  }
}

TEST_CASE("law 4: the order of the checks does not change the findings") {
  std::mt19937 random(20261121);
  for (const auto& one : all_cases()) {
    BundleHost bundle_host(one.host);
    Recorder recorder(bundle_host);
    const auto settings = one.host.answers.find("settings");
    if (settings == one.host.answers.end()) continue;
    const Deployment host(recorder, decode_settings(settings->second.text));
    std::vector<CheckResult> results;
    const auto checks = registered_checks();
    for (std::size_t i = 0; i < checks.size(); ++i)
      results.push_back(run_check(checks[i], all_pages()[i], host));
    const auto told = [&] {
      std::vector<std::string> order;
      const Judgement judgement = judge(host, results, {}, "2026-11-21");
      for (const std::size_t root : judgement.roots)
        order.push_back(fingerprint(judgement.findings[root]));
      return order;
    };
    const auto before = told();
    std::shuffle(results.begin(), results.end(), random);
    INFO(one.place);
    CHECK(told() == before);
  }
}

TEST_CASE("law 5: what is not seen neither passes nor accuses") {
  // Tens of thousands of runs; Catch's own macros are for one thread.
  std::atomic<std::size_t> next{0};
  const auto work = [&next] {
    std::vector<std::string> said;
    for (std::size_t i = next++; i < all_cases().size(); i = next++) {
      for (auto& words : immodesty(all_cases()[i])) said.push_back(std::move(words));
    }
    return said;
  };
  std::vector<std::future<std::vector<std::string>>> workers;
  for (unsigned n = 0; n < std::max(1U, std::thread::hardware_concurrency()); ++n)
    workers.push_back(std::async(std::launch::async, work));
  for (auto& worker : workers) {
    for (const auto& words : worker.get()) FAIL_CHECK(words);
  }
}

TEST_CASE("laws 6 and 9: text has 80 columns, and nothing that acts on a terminal") {
  for (const auto& one : all_cases()) {
    const Report report = diagnose_bundle(one.host);
    for (const int verbosity : {-1, 0, 1}) {
      const std::string text = to_text(report, {false, false, verbosity, 80});
      std::size_t column = 0;
      for (const char c : text) {
        column = c == '\n' ? 0 : column + 1;
        const bool plain = c == '\n' || (c >= 0x20 && c < 0x7f);
        if (!plain || column > 80) {
          INFO(one.place << "\n" << text);
          FAIL_CHECK("column " << column << ", character "
                               << static_cast<int>(static_cast<unsigned char>(c))
                               << ": not plain, or a line over 80 columns");
          break;
        }
      }
    }
  }
}

TEST_CASE("law 7: released codes stay") {
  std::istringstream released(read_source("tests/released_codes"));
  std::size_t count = 0;
  for (std::string code; std::getline(released, code); ++count) {
    INFO(code);
    CHECK(find_code(code) != nullptr);
  }
  std::size_t declared = 0;
  for (const auto& page : all_pages()) declared += page.codes.size();
  INFO("a new code is added to tests/released_codes");
  CHECK(count == declared);
}

TEST_CASE("law 8: edges name existing codes and form no cycle") {
  for (const auto& page : all_pages()) {
    for (const auto& code : page.codes) {
      for (const auto& effect : code.explains) {
        INFO(code.code << " explains " << effect);
        CHECK(find_code(effect) != nullptr);
      }
      const auto all = explained_codes(code.code);
      INFO(code.code);
      CHECK(std::find(all.begin(), all.end(), code.code) == all.end());
    }
  }
}
