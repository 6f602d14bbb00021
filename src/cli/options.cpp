// The command line: which options each command takes. CLI11 splits the words; what they mean is
// judged later, so that every mistake reads alike.
#include "cli/options.h"

#include <algorithm>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fmt/format.h>

#include "cli/values.h"
#include "report/layout.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

template <class T>
void value(CLI::App& app, const std::string& name, T& into, const std::string& type,
           const std::string& help) {
  app.add_option(name, into, help)
      ->type_name(type)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void values(CLI::App& app, const std::string& name, std::vector<std::string>& into,
            const std::string& type, const std::string& help) {
  app.add_option(name, into, help + " (repeatable)")->type_name(type)->allow_extra_args(false);
}

void add_general(CLI::App& app, Options& o) {
  value(app, "--color", o.color, "WHEN", "auto, always or never (auto; NO_COLOR is never)");
  app.add_flag("-h,--help", o.help, "show this and end");
}

void add_settings(CLI::App& app, Options& o) {
  value(app, "--config", o.config, "FILE", "the configuration file (/etc/hopcheck.toml)");
  value(app, "--target", o.target, "NAME", "only this target of the configuration file");
  value(app, "--url", o.url, "URL", "what people request");
  value(app, "--lb-profile", o.lb_profile, "NAME", "aws-alb, gcp, haproxy and the like (generic)");
  value(app, "--lb-port", o.lb_port, "PORT", "the port that the load balancer probes");
  value(app, "--lb-path", o.lb_path, "PATH", "the path that it requests");
  value(app, "--lb-host", o.lb_host, "HOST", "the Host header that it sends; '' for none");
  value(app, "--lb-timeout", o.lb_timeout, "DURATION", "how long it waits for the answer");
  value(app, "--lb-idle-timeout", o.lb_idle_timeout, "DURATION",
        "how long it keeps an idle connection");
  value(app, "--lb-codes", o.lb_codes, "CODES",
        "the statuses that it takes for good: 200, 200-399, 200,301");
  values(app, "--lb-source", o.lb_sources, "CIDR", "where its probes and its traffic come from");
  values(app, "--cloud", o.clouds, "FILE|-",
         "security groups or firewall rules, as aws or gcloud export them");
  value(app, "--nginx-conf", o.nginx_conf, "FILE", "nginx's main file, instead of the one in use");
  value(app, "--nginx-dump", o.nginx_dump, "FILE|-",
        "what nginx -T prints, instead of nginx's own files");
}

void add_collecting(CLI::App& app, Options& o) {
  value(app, "--timeout", o.timeout, "DURATION",
        "time limit of the whole run (20s); what was found by then counts");
  value(app, "--since", o.since, "DURATION", "how far back logs are read (1h)");
  value(app, "--probe", o.probe, "none|lb|full",
        "requests that are sent: none, the load balancer's own (lb), or also forged headers, to "
        "show what a client can forge (full)");
  app.add_flag("--no-probe", o.no_probe, "the same as --probe none");
  value(app, "--root", o.root, "DIR", "a directory as / instead of this host: files only");
}

void add_loudness(CLI::App& app, Options& o) {
  app.add_flag("-v", o.verbose, "every check, request and setting, and where the time went");
  app.add_flag("-q", o.quiet, "causes and verdict only");
}

void add_run(CLI::App& app, Options& o) {
  value(app, "--from", o.from, "BUNDLE", "diagnose a recording made by capture");
  value(app, "--format", o.format, "text|json", "what goes to standard output (text)");
  values(app, "-o,--output", o.outputs, "FILE",
         "write a file as well; .json is the report, .hop the recording of this run");
  values(app, "--check", o.checks, "GLOB", "checks to run, by id");
  values(app, "--skip", o.skips, "GLOB", "checks not to run, by id");
  values(app, "--ignore", o.ignores, "CODE[@ABOUT]", "a finding that is known and accepted");
  value(app, "--fail-on", o.fail_on, "SEVERITY",
        "error, warning, info or never: what makes the exit code 1 (error)");
  value(app, "--min-confidence", o.min_confidence, "CONFIDENCE",
        "certain, likely or possible: what counts for that (likely)");
  app.add_flag("--if-present", o.if_present, "exit code 0 where there is nothing to diagnose");
  app.add_flag("--require-complete", o.require_complete, "exit code 3 where anything was not seen");
  add_collecting(app, o);
  add_settings(app, o);
  add_loudness(app, o);
  add_general(app, o);
}

void add_capture(CLI::App& app, Options& o) {
  app.add_option("-o,--output", o.outputs,
                 "the file to write (hopcheck-HOST-TIME.hop); '-' is standard output")
      ->type_name("BUNDLE")
      ->allow_extra_args(false);
  add_collecting(app, o);
  add_settings(app, o);
  app.add_flag("-q", o.quiet, "print no notes");
  add_general(app, o);
}

void add_trace(CLI::App& app, Options& o) {
  app.add_option("URL", o.operand, "what is asked for");
  value(app, "--source", o.source, "IP", "whence the request comes (the load balancer's address)");
  value(app, "--address", o.address, "IP", "where it arrives (where the load balancer sends it)");
  value(app, "--method", o.method, "METHOD", "of the request (GET)");
  values(app, "--header", o.headers, "'NAME: VALUE'",
         "sent with it; as in curl 'Name;' has no value; 'Host;' sends none");
  value(app, "--from", o.from, "BUNDLE", "follow it through a recording made by capture");
  value(app, "--format", o.format, "text|json", "what goes to standard output (text)");
  values(app, "-o,--output", o.outputs, "FILE",
         "write a file as well; .json is the trace, .hop the recording of this trace");
  value(app, "--timeout", o.timeout, "DURATION", "time limit of the whole trace (20s)");
  value(app, "--probe", o.probe, "none|lb", "none: the request itself is not sent (lb)");
  app.add_flag("--no-probe", o.no_probe, "the same as --probe none");
  value(app, "--root", o.root, "DIR", "a directory as / instead of this host: files only");
  add_settings(app, o);
  app.add_flag("-q", o.quiet, "the hops and the outcome only");
  add_general(app, o);
}

void add_commands(CLI::App& app, Options& o) {
  add_run(*app.add_subcommand("run", "diagnose this host (the default)"), o);
  add_trace(*app.add_subcommand("trace", "follow one request through this host, hop by hop"), o);
  add_capture(
      *app.add_subcommand("capture", "record what a run reads into one file, without secrets"), o);
  auto& explain =
      *app.add_subcommand("explain", "what a finding means, how to fix it, and why that works");
  explain.add_option("CODE", o.operand, "the finding's code, such as lb.port-closed");
  add_general(explain, o);
  auto& list = *app.add_subcommand("list", "every check with its hop and its codes");
  value(list, "--format", o.format, "text|json", "what goes to standard output (text)");
  add_general(list, o);
  auto& schema = *app.add_subcommand("schema", "print a JSON Schema: report or trace");
  schema.add_option("NAME", o.operand, "report, trace");
  add_general(schema, o);
}

std::string option_names(const CLI::Option& option) {
  std::string names;
  for (const auto& name : option.get_snames()) names += (names.empty() ? "-" : ", -") + name;
  for (const auto& name : option.get_lnames()) names += (names.empty() ? "--" : ", --") + name;
  if (option.get_items_expected_max() > 0 && option.get_type_size() > 0)
    names += " " + option.get_type_name();
  return names;
}

void help_entry(std::string& text, const std::string& names, const std::string& help) {
  constexpr std::size_t kColumn = 28;
  std::string head = "  " + names;
  if (columns(head) + 2 > kColumn) {
    text += head + "\n";
    head.clear();
  }
  text += paragraph(padded(head, kColumn), help, std::string(kColumn, ' '), 80);
}

std::string sentence(std::string text) {
  if (!text.empty() && text.front() >= 'a' && text.front() <= 'z')
    text.front() = static_cast<char>(text.front() - 'a' + 'A');
  return text + ".";
}

std::string help_of(const CLI::App& app, const CLI::App& top) {
  const bool all = &app == &top;
  std::string usage = all ? "hopcheck [run] [OPTION]...\n       hopcheck COMMAND [OPTION]..."
                          : "hopcheck " + app.get_name() + " [OPTION]...";
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) usage += " " + option->get_name(true);
  }
  std::string text = "Usage: " + usage + "\n\n";
  const std::string what = all ? "Names why a web deployment is down: load balancer, firewall, "
                                 "nginx, socket, application."
                               : sentence(app.get_description());
  text += paragraph("", what, "", 80) + "\n";
  if (all) {
    text += "Commands:\n";
    for (const auto* command : app.get_subcommands(nullptr))
      help_entry(text, command->get_name(), command->get_description());
    text += "\n";
  }
  text += all ? "Options of run:\n" : "Options:\n";
  for (const auto* option : app.get_options()) {
    if (!option->get_positional())
      help_entry(text, option_names(*option), option->get_description());
  }
  if (app.get_name() == "trace") {
    return text +
           "\nExit codes: 0 as predicted, 1 stopped at a hop, 2 wrong usage, 3 not "
           "decided.\n";
  }
  if (!all && app.get_name() != "run") return text;
  text += "\nA duration is 5s, 500ms, 2m, 1h, or a bare number of seconds.\n";
  return text +
         "\nExit codes: 0 nothing found, 1 findings, 2 wrong usage, 3 not enough was seen.\n";
}

std::vector<std::string> option_words(const CLI::App& app) {
  std::vector<std::string> words;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back("--" + name);
    for (const auto& name : option->get_snames()) words.push_back("-" + name);
  }
  return words;
}

[[noreturn]] void unknown_word(const CLI::App& top, const CLI::App& command,
                               const std::string& word) {
  if (word.size() > 1 && word.front() == '-') {
    const std::string name = word.substr(0, word.find('='));
    throw UsageError(name, "unknown option" + did_you_mean(name, option_words(command)));
  }
  if (&top != &command) throw UsageError(word, "one word too many for " + command.get_name());
  std::vector<std::string> commands;
  for (const auto* subcommand : top.get_subcommands(nullptr))
    commands.push_back(subcommand->get_name());
  throw UsageError(word, "unknown command" + did_you_mean(word, commands));
}

/// Options before a command count for it; where it does not know them they would be lost.
void require_taken(const CLI::App& top, const CLI::App& command) {
  if (&top == &command) return;
  for (const auto* option : top.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    const std::string name = "--" + option->get_lnames().front();
    if (command.get_option_no_throw(name) == nullptr)
      throw UsageError(name, "is no option of " + command.get_name());
  }
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

/// CLI11 takes "--lb-host=" for a value that is still to come.
std::vector<std::string> reversed(const std::vector<std::string>& arguments) {
  std::vector<std::string> words;
  for (const auto& argument : arguments) {
    const bool empty_value = argument.size() > 3 && argument.rfind("--", 0) == 0 &&
                             argument.find('=') == argument.size() - 1;
    words.push_back(empty_value ? argument.substr(0, argument.size() - 1) : argument);
    if (empty_value) words.emplace_back();
  }
  std::reverse(words.begin(), words.end());
  return words;
}

void parse(CLI::App& app, const std::vector<std::string>& arguments) {
  try {
    auto words = reversed(arguments);
    app.parse(words);
  } catch (const CLI::ExtrasError&) {
    // Named below, with what it was meant to be.
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = one_line(error.what());
    throw UsageError(what.substr(0, what.find(": ")), "a value is missing");
  } catch (const CLI::ParseError& error) {
    throw UsageError("", one_line(error.what()));
  }
}

}  // namespace

Options parse_options(const std::vector<std::string>& arguments, std::string& help_text) {
  Options options;
  CLI::App app;
  app.name("hopcheck");
  app.set_help_flag("");
  app.require_subcommand(0, 1);
  add_run(app, options);
  app.add_flag("--version", options.version, "print the version and end");
  add_commands(app, options);
  parse(app, arguments);
  const CLI::App* command = &app;
  if (const auto chosen = app.get_subcommands(); !chosen.empty()) {
    command = chosen.front();
    options.command = command->get_name();
  }
  if (const auto rest = app.remaining(true); !rest.empty())
    unknown_word(app, *command, rest.front());
  require_taken(app, *command);
  help_text = help_of(*command, app);
  return options;
}

}  // namespace hopcheck::cli
