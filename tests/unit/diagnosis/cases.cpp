// Reads and runs the checks' cases.
#include "cases.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "model/settings_text.h"

namespace hopcheck::test {
namespace {

const std::string kRoot = HOPCHECK_SOURCE_DIR;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool begins(const std::string& text, const std::string& with) {
  return text.rfind(with, 0) == 0;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

[[noreturn]] void wrong(const std::string& place, const std::string& what) {
  throw std::runtime_error(place + ": " + what);
}

/// A case's answers over a recorded host's.
void lay_over(Bundle& host, const Bundle& changes, const std::string& place) {
  for (const auto& [key, answer] : changes.answers) {
    if (key.back() != '*') {
      host.answers[key] = answer;
      continue;
    }
    const std::string prefix = key.substr(0, key.size() - 1);
    bool any = false;
    for (auto& [known, old] : host.answers) {
      if (!begins(known, prefix)) continue;
      old = answer;
      any = true;
    }
    if (!any) wrong(place, "nothing recorded begins with " + prefix);
  }
}

void replace_all(std::string& text, const std::string& old, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += by.size()) {
    text.replace(at, old.size(), by);
  }
}

/// One line of an `edit`: false where it changes nothing, which is a mistake in the case.
bool edit_text(std::string& text, const std::string& line) {
  const std::string before = text;
  const std::string operand = line.substr(2);
  if (line[0] == '+') {
    text += operand + "\n";
  } else if (line[0] == '-') {
    std::string kept;
    for (const auto& old : lines_of(text)) {
      if (!begins(trimmed(old), operand)) kept += old + "\n";
    }
    text = kept;
  } else {
    const auto arrow = operand.find(" => ");
    if (arrow == std::string::npos) return false;
    replace_all(text, operand.substr(0, arrow), operand.substr(arrow + 4));
  }
  return text != before;
}

/// "lb.port 8080 config /etc/hopcheck.toml:5" instead of the recorded line of that name.
void set_setting(Bundle& host, const std::string& words, const std::string& place) {
  Answer& answer = host.answers["settings"];
  const std::string name = "default " + words.substr(0, words.find(' ')) + " ";
  std::string text;
  bool found = false;
  for (const auto& line : lines_of(answer.text)) {
    const bool same = begins(line, name);
    found = found || same;
    text += (same ? "default " + words : line) + "\n";
  }
  if (!found) wrong(place, "no recorded setting " + name);
  answer = Answer::present(text);
}

class Reader {
 public:
  Reader(const RegisteredCheck& check, std::string file)
      : check_(check), file_(std::move(file)), lines_(lines_of(read_source(file_))) {}

  std::vector<Case> read() {
    std::vector<Case> cases;
    while (i_ < lines_.size()) {
      if (trimmed(lines_[i_]).empty() || lines_[i_][0] == '#') {
        ++i_;
        continue;
      }
      if (!begins(lines_[i_], "== ")) wrong(place(), "expected '== TITLE'");
      cases.push_back(read_case());
    }
    return cases;
  }

 private:
  std::string place() const { return file_ + ":" + std::to_string(i_ + 1); }

  Case read_case() {
    Case result;
    result.check = std::string(check_.id);
    result.place = place();
    result.title = lines_[i_++].substr(3);
    while (i_ < lines_.size() && !begins(lines_[i_], "== ")) {
      const std::string& line = lines_[i_];
      if (trimmed(line).empty() || line[0] == '#') {
        ++i_;
      } else if (begins(line, "on ")) {
        result.host = recorded_host(trimmed(line.substr(3)));
        ++i_;
      } else if (begins(line, "set ")) {
        set_setting(result.host, trimmed(line.substr(4)), place());
        ++i_;
      } else if (begins(line, "-- ")) {
        Bundle changes;
        const std::string at = place();
        i_ = read_answers(file_, lines_, i_, changes);
        lay_over(result.host, changes, at);
      } else if (begins(line, "edit ")) {
        read_edit(result);
      } else if (begins(line, "=> ")) {
        read_expectation(result);
      } else {
        wrong(place(), "a case has no line like this");
      }
    }
    if (result.status.empty()) wrong(result.place, "the case expects nothing");
    return result;
  }

  void read_edit(Case& result) {
    const std::string key = trimmed(lines_[i_].substr(5));
    const auto answer = result.host.answers.find(key);
    if (answer == result.host.answers.end()) wrong(place(), "not recorded: " + key);
    for (++i_; i_ < lines_.size() && begins(lines_[i_], "  ") && lines_[i_].size() > 4; ++i_) {
      const std::string line = lines_[i_].substr(2);
      if (!edit_text(answer->second.text, line)) wrong(place(), "this edit changes nothing");
    }
  }

  void read_expectation(Case& result) {
    auto words = split_words(lines_[i_++].substr(3));
    result.status = words.at(0);
    result.codes.assign(words.begin() + 1, words.end());
    for (; i_ < lines_.size() && begins(lines_[i_], "   "); ++i_) {
      const std::string line = trimmed(lines_[i_]);
      const auto space = std::min(line.find(' '), line.size());
      result.expected.emplace_back(line.substr(0, space),
                                   space < line.size() ? line.substr(space + 1) : "");
    }
  }

  const RegisteredCheck& check_;
  std::string file_;
  std::vector<std::string> lines_;
  std::size_t i_{0};
};

RunOptions bundle_options() {
  RunOptions options;
  options.scope = "bundle";
  options.targets = {Target{}};
  return options;
}

}  // namespace

std::string read_source(const std::string& path) {
  std::ifstream in(kRoot + "/" + path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

Bundle recorded_host(const std::string& name) {
  if (name == "nothing") return {};
  return read_bundle(name, read_source("tests/hosts/" + name + ".hop"));
}

std::vector<std::string> recorded_hosts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kRoot + "/tests/hosts")) {
    if (entry.path().extension() == ".hop") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Case> read_cases(const RegisteredCheck& check) {
  std::string path(check.id);
  path[path.find('.')] = '/';
  return Reader(check, "checks/" + path + ".cases").read();
}

const std::vector<Case>& all_cases() {
  static const std::vector<Case> cases = [] {
    std::vector<Case> all;
    for (const auto& check : registered_checks()) {
      for (auto& one : read_cases(check)) all.push_back(std::move(one));
    }
    return all;
  }();
  return cases;
}

Report diagnose_bundle(const Bundle& bundle) {
  BundleHost host(bundle);
  Recorder recorder(host);
  return diagnose(recorder, bundle_options(), {});
}

CheckResult run_over(const std::string& check, const Bundle& bundle,
                     std::vector<std::string>* asked) {
  BundleHost host(bundle);
  Recorder recorder(host);
  const auto settings = bundle.answers.find("settings");
  const auto targets =
      settings == bundle.answers.end() || settings->second.status != Answer::Status::present
          ? std::vector<Target>{Target{}}
          : decode_settings(settings->second.text);
  const Deployment deployment(recorder, targets);
  const auto checks = registered_checks();
  const auto found = std::find_if(checks.begin(), checks.end(),
                                  [&](const RegisteredCheck& c) { return c.id == check; });
  const auto& page = all_pages().at(static_cast<std::size_t>(found - checks.begin()));
  CheckResult result = run_check(*found, page, deployment);
  if (asked != nullptr) {
    for (const auto& timing : recorder.timings()) asked->push_back(timing.key);
  }
  return result;
}

}  // namespace hopcheck::test
