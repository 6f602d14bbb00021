// Every case of every check.
#include "cases.h"

#include <algorithm>

#include "test.h"

using namespace hopcheck;
using namespace hopcheck::test;

namespace {

std::string place_of(const Evidence& evidence) {
  return evidence.line > 0 ? evidence.source + ":" + std::to_string(evidence.line)
                           : evidence.source;
}

bool cites(const std::vector<Finding>& findings, const std::string& place) {
  for (const auto& finding : findings) {
    for (const auto& evidence : finding.evidence) {
      if (place_of(evidence) == place || evidence.source == place) return true;
    }
  }
  return false;
}

/// All words of the findings that a person reads.
std::string words_of(const std::vector<Finding>& findings) {
  std::string words;
  for (const auto& finding : findings) {
    words += finding.title + "\n" + finding.detail + "\n";
    for (const auto& evidence : finding.evidence) words += evidence.text + "\n";
  }
  return words;
}

std::string fixes_of(const std::vector<Finding>& findings) {
  std::string words;
  for (const auto& finding : findings) {
    for (const auto& fix : finding.fixes) {
      words += fix.summary + "\n";
      for (const auto& command : fix.commands) words += command + "\n";
      for (const auto& edit : fix.edits) {
        words += edit.file + ":" + std::to_string(edit.line) + " - " + edit.remove + "\n+ " +
                 edit.add + "\n";
      }
    }
  }
  return words;
}

void expect(const Case& one, const CheckResult& result, const std::string& word,
            const std::string& text) {
  INFO(word << " " << text);
  if (word == "cites") {
    CHECK(cites(result.findings, text));
  } else if (word == "says") {
    const std::string words = words_of(result.findings) + result.reason;
    INFO(words);
    CHECK(words.find(text) != std::string::npos);
  } else if (word == "fix") {
    const std::string words = fixes_of(result.findings);
    INFO(words);
    CHECK(words.find(text) != std::string::npos);
  } else if (word == "about") {
    REQUIRE_FALSE(result.findings.empty());
    const auto& about = result.findings.front().about;
    CHECK(std::find(about.begin(), about.end(), text) != about.end());
  } else if (word == "when") {
    REQUIRE_FALSE(result.findings.empty());
    CHECK(when_name(result.findings.front().when) == text);
  } else if (word == "confidence") {
    REQUIRE_FALSE(result.findings.empty());
    CHECK(confidence_name(result.findings.front().confidence) == text);
  } else if (word == "root") {
    const Report report = diagnose_bundle(one.host);
    REQUIRE_FALSE(report.diagnosis.empty());
    CHECK(report.diagnosis.front().finding.code == one.codes.front());
  } else {
    FAIL("a case cannot expect this");
  }
}

}  // namespace

TEST_CASE("cases") {
  REQUIRE_FALSE(all_cases().empty());
  for (const auto& one : all_cases()) {
    DYNAMIC_SECTION(one.place << " " << one.title) {
      const CheckResult result = run_over(one.check, one.host);
      std::vector<std::string> codes;
      for (const auto& finding : result.findings) codes.push_back(finding.code);
      INFO("said: " << status_name(result.status) << " " << result.reason << "\n"
                    << words_of(result.findings));
      CHECK(status_name(result.status) == one.status);
      CHECK(codes == one.codes);
      for (const auto& [word, text] : one.expected) expect(one, result, word, text);
    }
  }
}
