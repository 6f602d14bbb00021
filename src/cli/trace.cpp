// hopcheck trace: follow one request, print, write.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/traced.h"
#include "cli/values.h"

namespace hopcheck::cli {

int trace_command(const Options& options) {
  const std::string format = parse_word("--format", options.format, {"text", "json"});
  require_outputs(options.outputs, "the trace");
  const TraceQuestion question = traced_question(options);
  RunOptions run = run_options(options);
  Deadline deadline(parse_duration("--timeout", options.timeout));
  const auto host = open_host(options, deadline, run);
  Recorder recorder(*host);
  const SignalGuard guard(deadline);
  Trace found;
  {
    ProgressLine progress(!options.quiet);
    progress.show("following the request");
    found = trace_request(recorder, run, question);
  }
  const auto text = [&] { return to_text(found, text_options(options.color, options.verbosity())); };
  print(format == "json" ? to_json(found) : text());
  for (const auto& path : options.outputs)
    write_file(path, path.ends_with(".hop") ? bundle_text(recorder) : to_json(found));
  return found.exit_code;
}

}  // namespace hopcheck::cli
