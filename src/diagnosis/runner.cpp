// Runs the checks and keeps what each said.
#include "diagnosis/runner.h"

#include <algorithm>
#include <chrono>
#include <exception>

namespace hopcheck {
namespace {

const CodePage* page_of(const CheckPage& page, const std::string& code) {
  for (const auto& entry : page.codes) {
    if (entry.code == code) return &entry;
  }
  return nullptr;
}

void require_declared(const CheckPage& page, const std::vector<Finding>& findings) {
  for (const auto& finding : findings) {
    if (page_of(page, finding.code) == nullptr) {
      throw std::logic_error("reported " + finding.code + ", which its page does not declare");
    }
  }
}

/// The same fault told by two subjects (two routes to one socket) is told once.
std::vector<Finding> distinct(const std::vector<Finding>& findings) {
  std::vector<Finding> told;
  for (const auto& finding : findings) {
    const bool known = std::any_of(told.begin(), told.end(), [&](const Finding& other) {
      return other.code == finding.code && other.about == finding.about;
    });
    if (!known) told.push_back(finding);
  }
  return told;
}

void settle(const CheckPage& page, const Outcome& outcome, CheckResult& result) {
  result.findings = distinct(outcome.findings());
  result.unseen = outcome.unseen();
  require_declared(page, result.findings);
  if (!result.findings.empty()) {
    const bool any_error =
        std::any_of(result.findings.begin(), result.findings.end(), [&](const Finding& finding) {
          return page_of(page, finding.code)->severity == Severity::error;
        });
    result.status = any_error ? CheckResult::Status::fail : CheckResult::Status::warn;
  } else if (!result.unseen.empty()) {
    result.status = CheckResult::Status::skip;
    result.reason = result.unseen.front().what;
  } else if (!outcome.why_not_applicable().empty()) {
    result.status = CheckResult::Status::skip;
    result.reason = outcome.why_not_applicable();
  }
}

}  // namespace

CheckResult run_check(const RegisteredCheck& check, const CheckPage& page, const Deployment& host) {
  CheckResult result;
  result.id = std::string(check.id);
  const auto begun = std::chrono::steady_clock::now();
  Outcome outcome;
  try {
    try {
      check.run(host, outcome);
    } catch (const NotSeen& not_seen) {
      outcome.not_seen(not_seen.unseen());
    }
    settle(page, outcome, result);
  } catch (const std::exception& error) {
    result.findings.clear();
    result.status = CheckResult::Status::error;
    result.reason = error.what();
  }
  result.duration_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
  return result;
}

bool glob_matches(std::string_view pattern, std::string_view text) {
  // Linear: on a mismatch, let the last star take one character more.
  std::size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

const char* status_name(CheckResult::Status status) {
  switch (status) {
    case CheckResult::Status::pass:
      return "pass";
    case CheckResult::Status::warn:
      return "warn";
    case CheckResult::Status::fail:
      return "fail";
    case CheckResult::Status::skip:
      return "skip";
    case CheckResult::Status::error:
      return "error";
  }
  return "error";
}

}  // namespace hopcheck
