// What run and capture share: the options of a run, the host that is asked, the signals.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/options.h"
#include "diagnosis/diagnose.h"
#include "host/live.h"

namespace hopcheck::cli {

/// While it lives, SIGINT, SIGTERM and SIGHUP end the deadline; a second one ends the program.
class SignalGuard {
 public:
  explicit SignalGuard(Deadline& deadline);
  ~SignalGuard();
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
};

/// All that the command line and the configuration file say. Throws UsageError.
RunOptions run_options(const Options& options);

/// Whom the questions go to: this machine, a recording, a directory. Completes `run` by what the
/// recording knows. Throws UsageError.
std::unique_ptr<Host> open_host(const Options& options, Deadline& deadline, RunOptions& run);

/// Before the run, for a mistyped name is not worth waiting for: each ends in .json (`what`) or
/// .hop. Throws UsageError.
void require_outputs(const std::vector<std::string>& outputs, const std::string& what);

/// The recording as text.
std::string bundle_text(const Recorder& recorder);

}  // namespace hopcheck::cli
