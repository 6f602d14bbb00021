// hopcheck trace: follow one request, print, write.
#include <filesystem>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/traced.h"
#include "cli/values.h"

namespace hopcheck::cli {
namespace {

/// A configuration that is given, and nothing sent: what runs here says nothing of it. Only files
/// are looked at then.
Options narrowed(Options options) {
  const bool given = options.nginx_conf || options.nginx_dump;
  const bool sends = options.probe != "none" && !options.no_probe;
  if (!given || sends || options.from || options.root) return options;
  if (options.nginx_conf && !options.nginx_conf->empty())
    options.nginx_conf = std::filesystem::absolute(*options.nginx_conf).string();
  options.root = "/";
  return options;
}

}  // namespace

int trace_command(const Options& given) {
  const Options options = narrowed(given);
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
  const auto text = [&] {
    return to_text(found, text_options(options.color, options.verbosity()));
  };
  print(format == "json" ? to_json(found) : text());
  for (const auto& path : options.outputs)
    write_file(path, path.ends_with(".hop") ? bundle_text(recorder) : to_json(found));
  return found.exit_code;
}

}  // namespace hopcheck::cli
