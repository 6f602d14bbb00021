// From findings to causes, verdict and exit code.
#pragma once

#include "diagnosis/chain.h"
#include "diagnosis/connect.h"
#include "diagnosis/diagnose.h"
#include "diagnosis/runner.h"

namespace hopcheck {

/// All findings of a run, connected and weighed; indices are the same in all three vectors.
struct Judgement {
  std::vector<Finding> findings{};
  std::vector<Connected> graph{};
  std::vector<JudgedFinding> judged{};
  std::vector<bool> ignored{};
  std::vector<std::size_t> roots{};  ///< in the report's order
};

/// `today`: "2026-11-21", against which ignores expire.
Judgement judge(const Deployment& host, const std::vector<CheckResult>& checks,
                const RunOptions& options, const std::string& today);

/// Fills verdict, verdict_reason, summary, exit_code, routes and chain.
void conclude(const Deployment& host, const Judgement& judgement,
              const std::vector<CheckResult>& checks, const RunOptions& options, Report& report);

/// 16 hexadecimal digits of code and about.
std::string fingerprint(const Finding& finding);

/// A finding as the report shows it.
ReportedFinding reported(const Judgement& judgement, std::size_t index);

}  // namespace hopcheck
