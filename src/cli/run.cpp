// hopcheck run: diagnose, print, write.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/values.h"
#include "report/layout.h"

namespace hopcheck::cli {
namespace {

void add_timings(const Recorder& recorder, Report& report) {
  for (const auto& timing : recorder.timings())
    report.timings.push_back({timing.key, timing.start_ms, timing.ms});
}

/// An accepted finding is accepted up to a day; from then on the entry itself wants a look.
void note_expired(const RunOptions& run, const std::string& today) {
  for (const auto& ignore : run.ignores) {
    if (ignore.until.empty() || today.empty() || ignore.until >= today) continue;
    note(fit_for_terminal(
        fmt::format("warning: {}: the [[ignore]] of {} ended on {}: remove it or set a later date",
                    ignore.source, ignore.code, ignore.until),
        false));
  }
}

}  // namespace

int run_command(const Options& options) {
  const std::string format = parse_word("--format", options.format, {"text", "json"});
  require_outputs(options.outputs, "the report");
  RunOptions run = run_options(options);
  Deadline deadline(parse_duration("--timeout", options.timeout));
  const auto host = open_host(options, deadline, run);
  Recorder recorder(*host);
  const SignalGuard guard(deadline);
  Report report;
  {
    ProgressLine progress(!options.quiet);
    report = diagnose(recorder, run, [&](const std::string& text) { progress.show(text); });
  }
  add_timings(recorder, report);
  if (!options.quiet) note_expired(run, report.started_at.substr(0, 10));
  print(format == "json" ? to_json(report)
                         : to_text(report, text_options(options.color, options.verbosity())));
  for (const auto& path : options.outputs) {
    write_file(path, path.ends_with(".hop") ? bundle_text(recorder) : to_json(report));
  }
  return report.exit_code;
}

}  // namespace hopcheck::cli
