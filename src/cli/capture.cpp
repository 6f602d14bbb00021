// hopcheck capture: record every fact that a run reads into one file.
#include <algorithm>
#include <map>
#include <stdexcept>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/values.h"
#include "host/tables.h"
#include "report/layout.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr std::size_t kMostNamed = 5;

std::string text_of(Recorder& recorder, const Question& question) {
  const Answer answer = recorder.ask(question);
  return answer.status == Answer::Status::present ? answer.text : "";
}

/// Letters, digits and inner dots and dashes: a name that needs no quotes anywhere.
std::string plain(const std::string& text) {
  std::string name;
  for (const char c : text.substr(0, 100)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (word || (!name.empty() && (c == '.' || c == '-'))) name += c;
  }
  return name;
}

/// "hopcheck-web1-20261121-093000.hop"
std::string default_name(Recorder& recorder) {
  std::string name = "hopcheck";
  try {
    const std::string host = plain(decode_identity(text_of(recorder, ask::identity())).name);
    if (!host.empty()) name += "-" + host;
    std::string digits;
    for (const char c : utc_text(decode_clock(text_of(recorder, ask::now())).now)) {
      if (c >= '0' && c <= '9') digits += c;
    }
    name += "-" + digits.insert(std::min<std::size_t>(8, digits.size()), "-");
  } catch (const std::invalid_argument&) {
    // A host that does not know its name or its time has a file without them.
  }
  return name + ".hop";
}

/// What the file lacks, by the reason.
void note_left_out(const Bundle& bundle) {
  std::map<std::string, std::vector<std::string>> missing;
  for (const auto& [key, answer] : bundle.answers) {
    if (answer.status != Answer::Status::unseen) continue;
    const bool root = answer.why.needs == "root";
    missing[root ? "needs root" : why_name(answer.why.why)].push_back(key);
  }
  for (const auto& [why, keys] : missing) {
    note(fmt::format("not in it, {}: {}", why, counted(keys.size(), "answer")));
    for (std::size_t i = 0; i < keys.size() && i < kMostNamed; ++i)
      note("  " + fit_for_terminal(keys[i], false));
    if (keys.size() > kMostNamed) note(fmt::format("  and {} more", keys.size() - kMostNamed));
  }
}

}  // namespace

int capture_command(const Options& options) {
  if (options.outputs.size() > 1) throw UsageError("--output", "capture writes one file");
  const bool to_stdout = !options.outputs.empty() && options.outputs.front() == "-";
  if (!options.outputs.empty() && !to_stdout) require_writable(options.outputs.front());
  RunOptions run = run_options(options);
  Deadline deadline(parse_duration("--timeout", options.timeout));
  const auto host = open_host(options, deadline, run);
  Recorder recorder(*host);
  const SignalGuard guard(deadline);
  {
    ProgressLine progress(!options.quiet);
    ask_everything(recorder, run, [&](const std::string& what) { progress.show(what); });
  }
  const std::string path =
      options.outputs.empty() ? default_name(recorder) : options.outputs.front();
  const Bundle bundle = recorder.bundle();
  const std::string text = bundle_text(recorder);
  if (to_stdout) {
    print(text);
  } else {
    write_file(path, text);
    print(fit_for_terminal(path, false) + "\n");
  }
  if (options.quiet) return 0;
  note(fmt::format("{}, {} KiB; private keys, passwords, tokens and cookies are blanked",
                   counted(bundle.answers.size(), "answer"), (text.size() + 1023) / 1024));
  if (deadline.passed()) note("ended early: it holds what was known by then");
  note_left_out(bundle);
  return 0;
}

}  // namespace hopcheck::cli
