// A whole run: facts, checks, causes, report.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hopcheck/finding.h"
#include "hopcheck/settings.h"
#include "host/recorder.h"
#include "report/report.h"
#include "trace/trace.h"

namespace hopcheck {

/// A finding that is known and accepted.
struct Ignore {
  std::string code{};
  std::string about{};  ///< "" : wherever it is found
  std::string reason{};
  std::string source{};  ///< "--ignore" or the configuration file's place
  std::string until{};   ///< "2027-01-01"; "" : for good
};

struct RunOptions {
  std::vector<Target> targets{};
  std::vector<std::string> check_globs{};  ///< empty: all
  std::vector<std::string> skip_globs{};
  std::vector<Ignore> ignores{};
  Severity fail_on{Severity::error};
  bool fail_never{false};
  Confidence min_confidence{Confidence::likely};
  bool if_present{false};
  bool require_complete{false};
  std::string scope{"live"};  ///< live, bundle, files
  std::string config_file{};  ///< "" : none in use
  int since_ms{3'600'000};    ///< how far back logs are read
  std::string cloud{};        ///< the exports of --cloud, as one answer; "" : none
};

/// Called with a few words when a new part of the run begins; may be empty.
using Progress = std::function<void(const std::string&)>;

/// Collects, judges, connects and reports. Throws nothing for what the host does.
Report diagnose(Recorder& recorder, const RunOptions& options, const Progress& progress);

/// One request, followed through the same host with the same settings.
Trace trace_request(Recorder& recorder, const RunOptions& options, const TraceQuestion& question);

/// As diagnose, with all checks, and asks besides what a run asks only of a broken host: the
/// recorder then holds the whole catalogue.
Report ask_everything(Recorder& recorder, const RunOptions& options, const Progress& progress);

}  // namespace hopcheck
