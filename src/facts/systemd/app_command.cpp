// The application server that a unit starts: ExecStart= looked through wrappers and shells.
#include "facts/systemd/app_command.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "facts/app/command.h"
#include "facts/systemd/exec_line.h"
#include "facts/systemd/unit_file.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

using Variables = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

bool matters(std::string_view name) {
  return name == "PORT" || name == "WEB_CONCURRENCY" || name == "GUNICORN_CMD_ARGS" ||
         name == "FORWARDED_ALLOW_IPS" || name.substr(0, 6) == "FLASK_";
}

// Of its own and by wrappers; values are not looked at any further than for "${NAME}".
Variables variables_of(const Unit& unit) {
  Variables variables;
  for (const auto* line : unit_settings(unit, "Service", "Environment")) {
    for (const std::string& word : systemd_words(line->value)) {
      const auto equals = word.find('=');
      if (equals != std::string::npos && equals > 0)
        variables[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  for (const auto* line : unit_settings(unit, "Service", "UnsetEnvironment")) {
    for (const std::string& word : systemd_words(line->value)) variables.erase(word);
  }
  return variables;
}

Fact<Variables> environment_of(const Unit& unit, const Variables& variables) {
  for (const char* setting : {"EnvironmentFile", "PassEnvironment"}) {
    const auto lines = unit_settings(unit, "Service", setting);
    if (lines.empty()) continue;
    const Evidence& from = lines.back()->from;
    return Unseen{Unseen::Why::undecidable,
                  from.source + ":" + std::to_string(from.line) +
                      ": the environment comes from elsewhere too: " + from.text,
                  {}};
  }
  Variables kept;
  for (const auto& [name, value] : variables) {
    if (matters(name)) kept.emplace(name, value);
  }
  return kept;
}

std::string last(const Unit& unit, std::string_view name) {
  const auto values = unit_settings(unit, "Service", name);
  return values.empty() ? "" : values.back()->value;
}

// "/" where the unit sets none; "" for "~" and specifiers.
std::string working_directory(const Unit& unit) {
  std::string directory = last(unit, "WorkingDirectory");
  if (directory.empty()) return "/";
  if (directory[0] == '-') directory.erase(0, 1);
  const bool known =
      !directory.empty() && directory[0] == '/' && directory.find('%') == std::string::npos;
  return known ? directory : "";
}

bool is_wrapper(std::string_view name) {
  static constexpr std::array<std::string_view, 17> names{
      "env",      "nice",        "ionice",         "chrt",
      "sudo",     "runuser",     "setpriv",        "chpst",
      "authbind", "exec",        "poetry",         "pipenv",
      "uv",       "ddtrace-run", "newrelic-admin", "opentelemetry-instrument",
      "stdbuf"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_shell(std::string_view name) {
  return name == "sh" || name == "bash" || name == "dash";
}

// The words from a server's program on, past wrappers; those with a value of their own skip it.
std::optional<Words> past_wrappers(Words words, Variables& variables) {
  if (server_command(words)) return words;
  if (words.empty() || !is_wrapper(base_name(words[0]))) return std::nullopt;
  const std::size_t most = std::min<std::size_t>(words.size(), 24);
  for (std::size_t at = 1; at < most; ++at) {
    const std::string& word = words[at];
    if (word.size() == 2 && word[0] == '-' &&
        std::string_view("ungcUGC").find(word[1]) != std::string_view::npos) {
      ++at;  // "-u shop", "-n 5"
      continue;
    }
    const auto equals = word.find('=');
    if (word[0] != '-' && equals != std::string::npos && equals > 0 && word.find('/') > equals) {
      variables[word.substr(0, equals)] = word.substr(equals + 1);
      continue;
    }
    Words rest(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
    if (server_command(rest)) return rest;
  }
  return std::nullopt;
}

// What a shell's text starts: exactly where it is but one plain command, else only the kind.
struct ShellCommand {
  Words words{};
  bool plain{true};
};

std::optional<ShellCommand> in_shell_text(const std::string& text, Variables& variables) {
  auto words = shell_split(text);
  if (!words) return std::nullopt;
  const bool plain = text.find_first_of("$`;&|<>()*?~#\n{}[]") == std::string::npos;
  bool command_place = true;
  for (std::size_t at = 0; at < words->size(); ++at) {
    const std::string& word = (*words)[at];
    if (command_place) {
      auto found = past_wrappers(
          Words(words->begin() + static_cast<std::ptrdiff_t>(at), words->end()), variables);
      if (found) return ShellCommand{std::move(*found), plain};
    }
    if (at > 64) break;
    command_place = word == "&&" || word == ";" || word == "||" || word == "exec" ||
                    (!word.empty() && word.back() == ';');
  }
  return std::nullopt;
}

std::optional<ShellCommand> in_shell(const Words& words, Variables& variables) {
  if (words.empty() || !is_shell(base_name(words[0]))) return std::nullopt;
  for (std::size_t at = 1; at + 1 < words.size() && words[at][0] == '-'; ++at) {
    if (words[at].back() == 'c' && words[at].substr(0, 2) != "--")
      return in_shell_text(words[at + 1], variables);
  }
  return std::nullopt;
}

Unseen cannot_tell(const Evidence& from, const std::string& why) {
  return {Unseen::Why::undecidable,
          from.source + ":" + std::to_string(from.line) + ": " + why + ": " + from.text,
          {}};
}

}  // namespace

std::optional<AppCommand> app_command(const Unit& unit) {
  const auto lines = unit_settings(unit, "Service", "ExecStart");
  if (lines.empty()) return std::nullopt;
  ExecLine line = exec_line(lines.back()->value);
  if (line.argv.empty()) return std::nullopt;
  line.argv.front() = line.program;
  Variables variables = variables_of(unit);
  Words words = line.argv;
  if (line.prefixes.find(':') == std::string::npos) {
    words = expand_variables(words, variables, environment_of(unit, {}).seen());
  }
  AppCommand command;
  command.from = lines.back()->from;
  std::optional<ShellCommand> found = in_shell(words, variables);
  if (!found) {
    if (auto direct = past_wrappers(words, variables))
      found = ShellCommand{std::move(*direct), true};
  }
  if (!found && !python_script(words).empty()) found = ShellCommand{words, true};
  if (!found) return std::nullopt;
  if (const auto server = server_command(found->words)) {
    command.kind = server->kind;
    if (found->plain) command.app = application(*server, found->words);
  }
  command.argv = std::move(found->words);
  if (!found->plain)
    command.argv = cannot_tell(command.from, "a shell may change the command line");
  if (!last(unit, "RootDirectory").empty() || !last(unit, "RootImage").empty()) {
    command.argv = cannot_tell(command.from, "it runs in a root directory of its own");
  }
  command.cwd = working_directory(unit);
  command.user = last(unit, "User");
  command.group = last(unit, "Group");
  command.environment = environment_of(unit, variables);
  return command;
}

GunicornSettings unit_gunicorn(const AppCommand& command, const ReadFile& read_file) {
  const std::vector<std::string>* argv = command.argv.if_seen();
  if (argv != nullptr)
    return gunicorn_settings(*argv, command.from, command.environment, command.cwd, read_file);
  GunicornSettings settings;
  const Unseen& why = command.argv.unseen();
  settings.app = command.app;
  settings.bind = why;
  settings.workers = why;
  settings.threads = why;
  settings.timeout_s = why;
  settings.keepalive_s = why;
  settings.worker_class = why;
  settings.forwarded_allow_ips = why;
  return settings;
}

}  // namespace hopcheck
