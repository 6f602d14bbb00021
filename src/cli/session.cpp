// What run and capture share.
#include "cli/session.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <stdexcept>

#include <fmt/format.h>

#include "cli/config.h"
#include "cli/given.h"
#include "cli/output.h"
#include "cli/settings.h"
#include "cli/trusted_file.h"
#include "cli/values.h"
#include "diagnosis/pages.h"
#include "diagnosis/runner.h"
#include "facts/cloud/cloud_export.h"
#include "model/settings_text.h"
#include "report/layout.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr std::size_t kLargestBundle = 512U << 20U;
constexpr std::size_t kLargestExport = 64U << 20U;
constexpr std::array<int, 3> kSignals = {SIGINT, SIGTERM, SIGHUP};

std::atomic<Deadline*> interruptible{nullptr};

void interrupt(int) {
  if (Deadline* deadline = interruptible.load()) deadline->interrupt();
}

std::vector<std::string> check_ids() {
  std::vector<std::string> ids;
  for (const auto& page : all_pages()) ids.push_back(page.id);
  return ids;
}

std::vector<std::string> codes() {
  std::vector<std::string> all;
  for (const auto& page : all_pages()) {
    for (const auto& code : page.codes) all.push_back(code.code);
  }
  return all;
}

/// A glob that matches nothing is a mistyped one.
void require_matches(const char* flag, const std::vector<std::string>& globs) {
  const auto ids = check_ids();
  for (const auto& glob : globs) {
    const bool any = std::any_of(ids.begin(), ids.end(),
                                 [&](const std::string& id) { return glob_matches(glob, id); });
    if (!any)
      throw UsageError(flag,
                       fmt::format("no check is called '{}'{}", glob, did_you_mean(glob, ids)));
  }
}

Ignore parse_ignore(const std::string& text) {
  const auto at = text.find('@');
  Ignore ignore;
  ignore.code = text.substr(0, at);
  if (at != std::string::npos) ignore.about = text.substr(at + 1);
  ignore.source = "--ignore";
  if (find_code(ignore.code) == nullptr) {
    throw UsageError("--ignore", fmt::format("no finding has the code '{}'{}", ignore.code,
                                             did_you_mean(ignore.code, codes())));
  }
  return ignore;
}

void add_ignores(const Options& options, const Config& config, RunOptions& run) {
  for (const auto& ignore : config.ignores) {
    // A file outlives the versions of this program: what one does not know is no error.
    if (find_code(ignore.code) == nullptr && !options.quiet) {
      note(fit_for_terminal(fmt::format("{}: no finding has the code '{}'{}", ignore.source,
                                        ignore.code, did_you_mean(ignore.code, codes())),
                            false));
    }
    run.ignores.push_back(ignore);
  }
  for (const auto& text : options.ignores) run.ignores.push_back(parse_ignore(text));
}

void add_thresholds(const Options& options, RunOptions& run) {
  const std::string fail_on =
      parse_word("--fail-on", options.fail_on, {"error", "warning", "info", "never"});
  run.fail_never = fail_on == "never";
  run.fail_on = fail_on == "info"      ? Severity::info
                : fail_on == "warning" ? Severity::warning
                                       : Severity::error;
  const std::string least =
      parse_word("--min-confidence", options.min_confidence, {"certain", "likely", "possible"});
  run.min_confidence = least == "certain"  ? Confidence::certain
                       : least == "likely" ? Confidence::likely
                                           : Confidence::possible;
}

/// The file that the recorded settings came from, by the place of the first that did.
std::string file_of(const std::vector<Target>& targets) {
  std::string file;
  const auto look = [&](From from, const std::string& source) {
    if (file.empty() && from == From::config) file = source.substr(0, source.rfind(':'));
  };
  for (const auto& target : targets) {
    const auto& lb = target.lb;
    look(lb.profile.from, lb.profile.source);
    look(lb.sources.from, lb.sources.source);
    for (const auto* number : {&lb.port, &lb.timeout_ms, &lb.interval_ms, &lb.idle_timeout_ms,
                               &lb.proxies, &lb.healthy_threshold, &lb.unhealthy_threshold}) {
      look(number->from, number->source);
    }
    for (const auto* word : {&lb.protocol, &lb.path, &target.site.url, &target.app.server,
                             &target.app.unit, &target.app.directory}) {
      look(word->from, word->source);
    }
    look(lb.host.from, lb.host.source);
    look(lb.codes.from, lb.codes.source);
  }
  return file;
}

/// All exports as one answer.
std::string cloud_text(const std::vector<std::string>& files) {
  std::vector<cloud::Firewall> all;
  for (const auto& file : files) {
    const std::string name = file == "-" ? "standard input" : file;
    try {
      const std::string text =
          file == "-" ? read_input(kLargestExport) : read_file(file, kLargestExport);
      for (auto& firewall : cloud::parse_export(name, text)) all.push_back(std::move(firewall));
    } catch (const cloud::ExportError& error) {
      throw UsageError(name, error.what());
    }
  }
  return cloud::encode(all);
}

/// A recording brings its settings; a file or flags named now are stronger.
void settle_recorded(const Options& options, Bundle& bundle, RunOptions& run) {
  const std::string key = ask::settings().key();
  const auto recorded = bundle.answers.find(key);
  const bool has =
      recorded != bundle.answers.end() && recorded->second.status == Answer::Status::present;
  if (has && !options.config) {
    try {
      auto targets = chosen(decode_settings(recorded->second.text), options);
      run.config_file = file_of(targets);
      require_one_target(targets, options);
      run.targets =
          targets.size() == 1 ? with_flags(std::move(targets), run.targets) : std::move(targets);
    } catch (const std::invalid_argument& error) {
      throw UsageError(*options.from, fmt::format("its settings cannot be read: {}", error.what()));
    }
  }
  bundle.answers[key] = Answer::present(encode_settings(run.targets));
}

}  // namespace

SignalGuard::SignalGuard(Deadline& deadline) {
  interruptible = &deadline;
  struct sigaction action {};
  action.sa_handler = interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second signal is not ours any more
  sigemptyset(&action.sa_mask);
  for (const int signal : kSignals) {
    struct sigaction before {};
    // nohup and the like asked for a signal to be ignored: so be it.
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
    sigaction(signal, &action, nullptr);
  }
}

SignalGuard::~SignalGuard() {
  interruptible = nullptr;
}

RunOptions run_options(const Options& options) {
  RunOptions run;
  if (options.from && options.root) throw UsageError("--root", "does not go with --from");
  parse_word("--probe", options.probe, {"none", "lb", "full"});
  parse_word("--color", options.color, {"auto", "always", "never"});
  run.since_ms = parse_duration("--since", options.since);
  add_thresholds(options, run);
  require_matches("--check", options.checks);
  require_matches("--skip", options.skips);
  run.check_globs = options.checks;
  run.skip_globs = options.skips;
  run.if_present = options.if_present;
  run.require_complete = options.require_complete;
  run.scope = options.from ? "bundle" : options.root ? "files" : "live";
  // What this machine's own file says is nothing that another machine's recording was told.
  const bool foreign = options.from && !options.config;
  Config config;
  if (foreign) {
    config.targets.emplace_back();
  } else {
    config = load_config(options.config);
  }
  run.config_file = config.file;
  Options flags = options;
  if (foreign) flags.target.reset();  // chosen among the recorded ones
  run.targets = targets_of(config, flags);
  add_ignores(options, config, run);
  require_one_reader(options);
  run.cloud = cloud_text(options.clouds);
  return run;
}

std::unique_ptr<Host> open_host(const Options& options, Deadline& deadline, RunOptions& run) {
  if (options.root) return with_given_nginx(options, make_tree_host(*options.root));
  if (options.from) {
    Bundle bundle = read_bundle(*options.from, read_file(*options.from, kLargestBundle));
    settle_recorded(options, bundle, run);
    return with_given_nginx(options, std::make_unique<BundleHost>(std::move(bundle)));
  }
  LiveOptions live;
  live.requests = options.probe != "none" && !options.no_probe;
  live.crafted = options.probe == "full";
  return with_given_nginx(options, make_live_host(deadline, live));
}

void require_outputs(const std::vector<std::string>& outputs, const std::string& what) {
  for (const auto& path : outputs) {
    if (!path.ends_with(".json") && !path.ends_with(".hop")) {
      throw UsageError(
          "--output",
          fmt::format("'{}' ends in neither .json ({}) nor .hop (the recording)", path, what));
    }
    require_writable(path);
  }
}

std::string bundle_text(const Recorder& recorder) {
  Bundle bundle = recorder.bundle();
  bundle.by = "hopcheck " HOPCHECK_VERSION;
  return write_bundle(bundle);
}

}  // namespace hopcheck::cli
