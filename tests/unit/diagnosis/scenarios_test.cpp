// The lab's broken machines, replayed: tests/scenarios/NAME.hop was recorded on the machine of
// tests/lab/scenarios/NAME, whose scenario.toml says what the diagnosis must be.
#include <algorithm>
#include <filesystem>

#include <toml++/toml.h>

#include "cases.h"
#include "test.h"

using namespace hopcheck;
using namespace hopcheck::test;

namespace {

struct Expectation {
  std::string verdict{"broken"};
  std::vector<std::string> codes{};  ///< each right as the first cause
  std::vector<std::string> texts{};  ///< all said by the first cause
  std::vector<std::string> roots{};  ///< all among the causes
  std::vector<std::string> also{};   ///< may be among the causes
};

std::vector<std::string> words_of(const toml::table& table, std::string_view key) {
  std::vector<std::string> words;
  if (const auto* list = table[key].as_array()) {
    for (const auto& entry : *list) words.push_back(entry.value_or(std::string()));
  }
  return words;
}

Expectation expected_of(const std::string& name) {
  const toml::table scenario =
      toml::parse(read_source("tests/lab/scenarios/" + name + "/scenario.toml"));
  const auto* table = scenario["expect"].as_table();
  if (table == nullptr) throw std::runtime_error(name + ": its scenario.toml has no [expect]");
  return {(*table)["verdict"].value_or(std::string("broken")), words_of(*table, "codes"),
          words_of(*table, "texts"), words_of(*table, "roots"), words_of(*table, "also")};
}

std::vector<std::string> recorded_scenarios() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(HOPCHECK_SOURCE_DIR) + "/tests/scenarios")) {
    if (entry.path().extension() == ".hop") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// All that the reader of a finding reads of it.
std::string words_of(const Finding& finding) {
  std::string words = finding.title + "\n" + finding.detail;
  for (const auto& evidence : finding.evidence)
    words += "\n" + evidence.source + "\n" + evidence.text;
  for (const auto& fix : finding.fixes) {
    words += "\n" + fix.summary;
    for (const auto& edit : fix.edits)
      words += "\n" + edit.file + "\n" + edit.remove + "\n" + edit.add;
    for (const auto& command : fix.commands) words += "\n" + command;
  }
  return words;
}

/// Without regard to case, as the lab compares.
bool says(const Finding& finding, std::string text) {
  const auto lower = [](std::string& words) {
    for (char& c : words) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  std::string words = words_of(finding);
  lower(words);
  lower(text);
  return words.find(text) != std::string::npos;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

void judge_scenario(const std::string& name) {
  const Report report =
      diagnose_bundle(read_bundle(name, read_source("tests/scenarios/" + name + ".hop")));
  const Expectation expected = expected_of(name);
  INFO(name);
  CHECK(report.verdict == expected.verdict);
  REQUIRE_FALSE(report.diagnosis.empty());
  const Finding& first = report.diagnosis.front().finding;
  INFO(first.code << ": " << first.title);
  CHECK(contains(expected.codes, first.code));
  for (const auto& text : expected.texts) {
    INFO("to be said: " << text);
    CHECK(says(first, text));
  }
  std::vector<std::string> roots;
  for (const auto& root : report.diagnosis) roots.push_back(root.finding.code);
  for (const auto& code : expected.roots) {
    INFO("to be among the causes: " << code);
    CHECK(contains(roots, code));
  }
  for (const auto& code : roots) {
    INFO("also accused: " << code);
    CHECK((contains(expected.codes, code) || contains(expected.roots, code) ||
           contains(expected.also, code)));
  }
}

}  // namespace

TEST_CASE("no answer that is denied ends a run, and healthy is only what was seen to answer") {
  const auto names = recorded_scenarios();
  for (std::size_t i = 0; i < names.size(); i += 6) {
    const Bundle whole = read_bundle(names[i], read_source("tests/scenarios/" + names[i] + ".hop"));
    for (const auto& [key, answer] : whole.answers) {
      Bundle blind = whole;
      blind.answers[key] = Answer::unseen({Unseen::Why::denied, "denied: " + key, "root"});
      const Report report = diagnose_bundle(blind);
      INFO(names[i] << " without " << key);
      const bool answers = !report.chain.empty() && report.chain.front().status == "pass";
      CHECK((report.verdict != "healthy" || answers));
    }
  }
}

TEST_CASE("the lab's broken machines, replayed, have the diagnosis that they had there") {
  const auto names = recorded_scenarios();
  REQUIRE(names.size() >= 30);
  for (const auto& name : names) judge_scenario(name);
}

TEST_CASE("a socket that a killed server left does not stand as good in the chain") {
  const Report report =
      diagnose_bundle(read_bundle("stale-socket", read_source("tests/scenarios/stale-socket.hop")));
  const auto hop = std::find_if(report.chain.begin(), report.chain.end(),
                                [](const auto& each) { return each.hop == "socket"; });
  REQUIRE(hop != report.chain.end());
  CHECK(hop->status == "fail");
  CHECK(hop->label.find("left over") != std::string::npos);
}

TEST_CASE("a fix that another cause has, too, says so, and an inserted line shows its neighbour") {
  const Report twice = diagnose_bundle(
      read_bundle("debugger-by-option", read_source("tests/scenarios/debugger-by-option.hop")));
  REQUIRE(twice.diagnosis.size() == 2);
  REQUIRE_FALSE(twice.diagnosis[1].fix_notes.empty());
  CHECK(twice.diagnosis[1].fix_notes[0].overlap ==
        "the same as \"serve it with gunicorn\" of cause 1: once is enough");
  for (const auto& notes : twice.diagnosis[0].fix_notes) CHECK(notes.overlap.empty());

  const Report inserted = diagnose_bundle(
      read_bundle("resolver-missing", read_source("tests/scenarios/resolver-missing.hop")));
  REQUIRE_FALSE(inserted.diagnosis.empty());
  const auto& notes = inserted.diagnosis[0].fix_notes;
  REQUIRE_FALSE(notes.empty());
  REQUIRE_FALSE(notes[0].above.empty());
  CHECK(notes[0].above[0].line == 19);
  CHECK(notes[0].above[0].text == "        set $app app.internal;");
  CHECK(notes[0].below[0].line == 0);
}
