// Which application server a command line starts: judged by the word in the program's place only.
#include "facts/app/command.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "facts/app/gunicorn_options.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

using Kind = AppServer::Kind;
using Words = std::span<const std::string>;

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

// "python3", "python3.11", "pypy3": a name and a version.
bool is_python(std::string_view name) {
  for (const std::string_view known : {"python", "pypy"}) {
    if (starts_with(name, known) &&
        name.find_first_not_of("0123456789.", known.size()) == std::string_view::npos)
      return true;
  }
  return false;
}

struct Program {
  std::string_view name{};
  Kind kind{Kind::other};
};

std::optional<Kind> kind_of(std::string_view name) {
  static constexpr std::array<Program, 9> programs{{{"gunicorn", Kind::gunicorn},
                                                    {"gunicorn3", Kind::gunicorn},
                                                    {"uwsgi", Kind::uwsgi},
                                                    {"uwsgi-core", Kind::uwsgi},
                                                    {"uvicorn", Kind::uvicorn},
                                                    {"waitress-serve", Kind::waitress},
                                                    {"flask", Kind::flask},
                                                    {"hypercorn", Kind::other},
                                                    {"daphne", Kind::other}}};
  for (const Program& program : programs) {
    if (program.name == name) return program.kind;
  }
  if (starts_with(name, "uwsgi_python")) return Kind::uwsgi;
  return std::nullopt;
}

// "-m gunicorn.app.wsgiapp" and "-m waitress" go by their package.
std::string_view program_of_module(std::string_view module) {
  const std::string_view package = module.substr(0, module.find('.'));
  return package == "waitress" ? "waitress-serve" : package;
}

// Where python's own options end: at "-m", "-c" or the script; words.size() where nothing follows.
std::size_t after_python_options(Words words) {
  std::size_t at = 1;
  while (at < words.size() && words[at].size() > 1 && words[at][0] == '-') {
    const std::string& word = words[at];
    if (word == "--") return at + 1;
    const bool last = word.back() == 'm' || word.back() == 'c';
    if (word[1] != '-' && last && word.find_first_of("WX") == std::string::npos) return at;
    const bool takes_next = word == "-X" || word == "-W" || word == "--check-hash-based-pycs";
    at += takes_next ? 2U : 1U;
  }
  return std::min(at, words.size());
}

struct PythonProgram {
  std::string name{};  // of the script's file, or the module
  bool module{false};
  std::size_t arguments{0};
};

std::optional<PythonProgram> python_program(Words words) {
  if (words.empty() || !is_python(base_name(words[0]))) return std::nullopt;
  const std::size_t at = after_python_options(words);
  if (at >= words.size()) return std::nullopt;
  if (words[at][0] != '-') return PythonProgram{std::string(base_name(words[at])), false, at + 1};
  if (words[at].back() != 'm' || at + 1 >= words.size()) return std::nullopt;
  return PythonProgram{words[at + 1], true, at + 2};
}

// "gunicorn: master [shop:app]", "gunicorn: worker [shop:app]".
std::optional<ServerCommand> title_command(std::string_view title) {
  if (starts_with(title, "uWSGI "))
    return ServerCommand{Kind::uwsgi, "uwsgi", 0, true, !starts_with(title, "uWSGI master"), {}};
  const bool master = starts_with(title, "gunicorn: master [");
  if (!master && !starts_with(title, "gunicorn: worker [")) return std::nullopt;
  ServerCommand command{Kind::gunicorn, "gunicorn", 0, true, !master, {}};
  const std::size_t begin = title.find('[') + 1;
  command.named = title.substr(begin, title.rfind(']') - begin);
  return command;
}

// The first word that is no option, given the options that take the next word.
std::size_t first_operand(Words words, std::size_t at, Words with_value) {
  while (at < words.size() && words[at].size() > 1 && words[at][0] == '-') {
    at += std::find(with_value.begin(), with_value.end(), words[at]) != with_value.end() ? 2U : 1U;
  }
  return std::min(at, words.size());
}

bool runs_flask(Words words, std::size_t at) {
  static const std::vector<std::string> with_value{"--app", "-A", "--env-file", "-e"};
  const std::size_t command = first_operand(words, at, with_value);
  return command < words.size() && words[command] == "run";
}

bool ends_at_once(Kind kind, Words words, std::size_t at) {
  if (kind == Kind::gunicorn) return gunicorn_options(words.subspan(at)).ends_at_once;
  return std::any_of(
      words.begin() + static_cast<std::ptrdiff_t>(at), words.end(),
      [](const std::string& word) { return word == "--help" || word == "--version"; });
}

// waitress, uvicorn, hypercorn: the operand that looks like "module:name".
std::string operand_with_colon(Words words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool plain = !word.empty() && word[0] != '-' && word.find('/') == std::string::npos;
    const bool after_option =
        i > 0 && starts_with(words[i - 1], "-") && words[i - 1].find('=') == std::string::npos;
    const auto colon = word.find(':');
    if (!plain || colon == std::string::npos || colon == 0) continue;
    // "--bind 127.0.0.1:8000" has a colon as well.
    if (after_option && word.find_first_not_of("0123456789", colon + 1) == std::string::npos)
      continue;
    return word;
  }
  return {};
}

std::string value_of(Words words, std::initializer_list<std::string_view> names) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    for (const std::string_view name : names) {
      if (words[i] == name && i + 1 < words.size()) return words[i + 1];
      const bool attached = starts_with(words[i], name) && words[i].substr(name.size(), 1) == "=";
      if (attached) return words[i].substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

std::optional<ServerCommand> server_command(Words argv) {
  if (argv.empty()) return std::nullopt;
  if (auto titled = title_command(argv[0])) return titled;
  ServerCommand command;
  command.program = base_name(argv[0]);
  command.arguments = 1;
  if (const auto python = python_program(argv)) {
    command.program =
        python->module ? program_of_module(python->name) : std::string_view(python->name);
    command.arguments = python->arguments;
  }
  const auto kind = kind_of(command.program);
  if (!kind) return std::nullopt;
  command.kind = *kind;
  if (command.kind == Kind::flask && !runs_flask(argv, command.arguments)) return std::nullopt;
  if (ends_at_once(command.kind, argv, command.arguments)) return std::nullopt;
  return command;
}

std::string application(const ServerCommand& command, Words argv) {
  if (command.title) return command.named.find(':') != std::string::npos ? command.named : "";
  const Words words = argv.subspan(std::min(command.arguments, argv.size()));
  switch (command.kind) {
    case Kind::gunicorn:
      return gunicorn_options(words).app;
    case Kind::flask:
      return value_of(words, {"--app", "-A"});
    case Kind::uwsgi: {
      const std::string module = value_of(words, {"--module", "-w", "--wsgi"});
      return module.empty() ? value_of(words, {"--wsgi-file", "--file"}) : module;
    }
    case Kind::uvicorn:
    case Kind::waitress:
    case Kind::other:
      return operand_with_colon(words);
  }
  return {};
}

std::string python_script(Words argv) {
  const auto python = python_program(argv);
  if (!python) return {};
  if (python->module) return python->name;
  // What the distribution ships there is a daemon or a tool of its own.
  const std::string& path = argv[python->arguments - 1];
  const bool shipped = starts_with(path, "/usr/") && !starts_with(path, "/usr/local/");
  return shipped ? "" : python->name;
}

}  // namespace hopcheck
