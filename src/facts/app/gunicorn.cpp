// gunicorn's settings: the command line before GUNICORN_CMD_ARGS before the configuration file
// before the defaults, as its app/base.py and config.py have it.
#include "facts/app/gunicorn.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include "facts/app/command.h"
#include "facts/app/gunicorn_options.h"
#include "facts/app/python_literal.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

using Environment = Fact<std::map<std::string, std::string>>;
using Strings = std::vector<Located<std::string>>;
using Given = GunicornOptions::Given;

Unseen undecidable(std::string what) {
  return {Unseen::Why::undecidable, std::move(what), {}};
}
Unseen malformed(std::string what) {
  return {Unseen::Why::malformed, std::move(what), {}};
}

Evidence by_default(const std::string& text) {
  return {EvidenceKind::default_, "gunicorn's default", 0, text, false};
}

// One place where options stand: the command line or GUNICORN_CMD_ARGS.
struct Words {
  GunicornOptions options{};
  Evidence from{};
  std::string prefix{};  // before the option in the evidence's text
  bool has_placeholders{false};
  std::optional<Unseen> hidden{};  // it may set anything
};

// In a unit "${NAME}" and "%i" are replaced by systemd before the program sees them.
bool is_placeholder(const Words& words, const std::string& value) {
  if (!words.has_placeholders) return false;
  if (value.find("${") != std::string::npos || value.substr(0, 1) == "$") return true;
  for (auto at = value.find('%'); at != std::string::npos; at = value.find('%', at + 2)) {
    if (value.substr(at, 2) != "%%") return true;
  }
  return false;
}

Located<std::string> located(const Words& words, const Given& given) {
  Evidence from = words.from;
  if (from.kind != EvidenceKind::file)
    from.text = one_line(words.prefix + given.option + " " + given.value);
  return {given.value, std::move(from)};
}

// A setting where it was found first: on its way from strong to weak.
struct Found {
  std::optional<Strings> words{};                 // from options
  std::optional<Fact<Located<PyValue>>> value{};  // from the file
  std::optional<Unseen> unseen{};
};

class Resolver {
 public:
  Resolver(const std::vector<std::string>& argv, const Evidence& source,
           const Environment& environment, const std::string& cwd, const ReadFile& read_file)
      : environment_(environment), cwd_(cwd), read_file_(read_file) {
    read_command_line(argv, source);
    read_environment(source);
    find_config();
  }

  GunicornSettings run() {
    GunicornSettings settings;
    settings.app = application_name();
    settings.config_file = config_file_;
    settings.bind = bind();
    settings.workers = number("workers", default_workers());
    settings.threads = number("threads", fixed(1));
    settings.timeout_s = number("timeout", fixed(30));
    settings.keepalive_s = number("keepalive", fixed(2));
    settings.graceful_timeout_s = number("graceful_timeout", fixed(30));
    settings.backlog = number("backlog", fixed(2048));
    settings.max_requests = number("max_requests", fixed(0));
    settings.worker_connections = number("worker_connections", fixed(1000));
    settings.errorlog = text("errorlog", Located<std::string>{"-", by_default("errorlog = -")});
    settings.accesslog = text("accesslog", Located<std::string>{"", by_default("no accesslog")});
    settings.reload = flag("reload");
    settings.preload = flag("preload_app");
    settings.worker_class = worker_class(settings.threads);
    settings.forwarded_allow_ips = text("forwarded_allow_ips", default_forwarded());
    return settings;
  }

 private:
  void read_command_line(const std::vector<std::string>& argv, const Evidence& source) {
    command_line_.from = source;
    command_line_.has_placeholders = source.kind == EvidenceKind::file;
    const auto command = server_command(argv);
    if (!command || command->kind != AppServer::Kind::gunicorn) {
      command_line_.hidden =
          undecidable("the command line is not gunicorn's: " + one_line(source.source));
    } else if (command->title) {
      command_line_.hidden = undecidable("the process title hides gunicorn's command line");
      command_line_.options.app = application(*command, argv);
    } else {
      command_line_.options = gunicorn_options(std::span(argv).subspan(command->arguments));
    }
  }

  void read_environment(const Evidence& source) {
    cmd_args_.from = source;
    cmd_args_.has_placeholders = command_line_.has_placeholders;
    cmd_args_.prefix = "GUNICORN_CMD_ARGS: ";
    if (!environment_.seen()) {
      cmd_args_.hidden = environment_.unseen();
      return;
    }
    const auto text = environment_->find("GUNICORN_CMD_ARGS");
    if (text == environment_->end()) return;
    if (const auto words = shell_split(text->second)) {
      cmd_args_.options = gunicorn_options(*words);
    } else {
      cmd_args_.hidden = malformed("GUNICORN_CMD_ARGS holds a quote that is not closed");
    }
  }

  // What the options say of `name`: the last value of each place that speaks of it, strongest
  // first.
  Found in_options(const std::string& name) const {
    for (const Words* words : {&command_line_, &cmd_args_}) {
      if (words->hidden) return {{}, {}, words->hidden};
      if (words->options.doubtful.count(name) != 0) {
        return {{}, {}, undecidable(words->prefix + "an abbreviated option may set " + name)};
      }
      const auto given = words->options.values.find(name);
      if (given == words->options.values.end()) continue;
      Strings values;
      for (const Given& one : given->second) {
        if (is_placeholder(*words, one.value)) {
          return {{},
                  {},
                  undecidable(
                      fmt::format("{} is given as {}, which systemd fills in", name, one.value))};
        }
        values.push_back(located(*words, one));
      }
      return {std::move(values), {}, {}};
    }
    return {};
  }

  // gunicorn looks for -c first, then in the environment, then for a file of its default name in
  // the directory where it was started (not in that of --chdir).
  void find_config() {
    Found found = in_options("config");
    if (found.unseen) {
      config_.rest = found.unseen;
      return;
    }
    const std::string given = found.words ? found.words->back().value : "";
    if (given.substr(0, 7) == "python:") {
      config_.rest = undecidable("the settings stand in a Python module: " + one_line(given));
      return;
    }
    const bool is_default = given.empty();
    const std::string name = is_default                      ? "gunicorn.conf.py"
                             : given.substr(0, 5) == "file:" ? given.substr(5)
                                                             : given;
    const std::string path = from_directory(cwd_, name);
    if (path.empty()) {
      config_.rest = undecidable(name + ": the directory where gunicorn was started is not known");
      return;
    }
    read_config(path, is_default);
  }

  void read_config(const std::string& path, bool is_default) {
    const Answer answer = read_file_(path);
    if (answer.status == Answer::Status::absent) {
      if (!is_default)
        config_.rest = Unseen{
            Unseen::Why::failed, path + ": gunicorn's configuration file does not exist", {}};
      if (!is_default) config_file_ = path;
      return;
    }
    config_file_ = path;
    if (answer.status == Answer::Status::unseen) {
      config_.rest = answer.why;
    } else if (answer.truncated_at != 0) {
      config_.rest = Unseen{Unseen::Why::truncated, path + ": larger than what is read", {}};
    } else {
      config_ = read_python_literals(path, answer.text);
    }
  }

  Found find(const std::string& name) const {
    Found found = in_options(name);
    if (!found.words && !found.unseen) found.value = config_.find(name);
    if (found.value && !found.value->seen()) found.unseen = found.value->unseen();
    return found;
  }

  std::string application_name() const {
    if (!command_line_.options.app.empty()) return command_line_.options.app;
    const auto value = config_.find("wsgi_app");
    if (command_line_.hidden || !value || !value->seen()) return {};
    return (*value)->value.text;
  }

  Fact<Strings> bind() const {
    const Found found = find("bind");
    if (found.unseen) return *found.unseen;
    if (found.words) return stripped(*found.words);
    if (!found.value) return default_bind();
    const Located<PyValue>& value = **found.value;
    Strings binds;
    if (value.value.kind == PyValue::Kind::string) {
      if (!value.value.text.empty())
        binds.push_back({std::string(trimmed(value.value.text)), value.from});
      return binds;
    }
    const bool list =
        value.value.kind == PyValue::Kind::list || value.value.kind == PyValue::Kind::tuple;
    if (!list) return wrong("bind", value.from);
    for (const PyValue& item : value.value.items) {
      if (item.kind != PyValue::Kind::string) return wrong("bind", value.from);
      binds.push_back({std::string(trimmed(item.text)), value.from});
    }
    return binds;
  }

  static Strings stripped(Strings values) {
    for (Located<std::string>& value : values) value.value = trimmed(value.value);
    return values;
  }

  Fact<Strings> default_bind() const {
    if (!environment_.seen()) return environment_.unseen();
    const auto port = environment_->find("PORT");
    if (port == environment_->end())
      return Strings{{"127.0.0.1:8000", by_default("bind = 127.0.0.1:8000")}};
    if (is_placeholder(command_line_, port->second))
      return undecidable("PORT is set to what systemd fills in");
    return Strings{{"0.0.0.0:" + port->second, from_environment("PORT", port->second)}};
  }

  Evidence from_environment(const std::string& name, const std::string& value) const {
    Evidence from = command_line_.from;
    if (from.kind != EvidenceKind::file) from.text = one_line(name + "=" + value);
    return from;
  }

  static Fact<Located<int>> fixed(int value) {
    return Located<int>{value, by_default(std::to_string(value))};
  }

  Fact<Located<int>> default_workers() const {
    if (!environment_.seen()) return environment_.unseen();
    const auto given = environment_->find("WEB_CONCURRENCY");
    if (given == environment_->end()) return fixed(1);
    const auto value = to_int(given->second, 10);
    if (!value) return malformed("WEB_CONCURRENCY is not a number");
    return Located<int>{*value, from_environment("WEB_CONCURRENCY", given->second)};
  }

  Fact<Located<std::string>> default_forwarded() const {
    if (!environment_.seen()) return environment_.unseen();
    const auto given = environment_->find("FORWARDED_ALLOW_IPS");
    if (given != environment_->end())
      return Located<std::string>{given->second,
                                  from_environment("FORWARDED_ALLOW_IPS", given->second)};
    return Located<std::string>{"127.0.0.1", by_default("forwarded_allow_ips = 127.0.0.1")};
  }

  // Base 0 is Python's int(text, 0): "0x10" is 16, "010" an error.
  static std::optional<int> to_int(std::string_view text, int base) {
    text = trimmed(text);
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '_' || i == 0 || i + 1 == text.size() || text[i - 1] == '_') digits += text[i];
    }
    int radix = 10;
    std::size_t begin = 0;
    if (base == 0 && digits.size() > 1 && digits[0] == '0') {
      const char letter = static_cast<char>(digits[1] | 0x20);
      radix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
      begin = radix == 10 ? 0 : 2;
      if (radix == 10 && digits.find_first_not_of('0') != std::string::npos) return std::nullopt;
    }
    int value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data() + begin, end, value, radix);
    if (error != std::errc{} || stop != end || value < 0) return std::nullopt;
    return value;
  }

  static Unseen wrong(const std::string& name, const Evidence& from) {
    return malformed(fmt::format("{}:{}: {} is not of a kind that gunicorn takes", from.source,
                                 from.line, name));
  }

  Fact<Located<int>> number(const std::string& name, const Fact<Located<int>>& otherwise) const {
    const Found found = find(name);
    if (found.unseen) return *found.unseen;
    if (found.words) {
      const Located<std::string>& last = found.words->back();
      const auto value = to_int(last.value, 10);
      if (!value) return malformed(fmt::format("{} is no number: {}", name, one_line(last.value)));
      return Located<int>{*value, last.from};
    }
    if (!found.value) return otherwise;
    const Located<PyValue>& value = **found.value;
    std::optional<int> result;
    const bool whole =
        value.value.kind == PyValue::Kind::integer || value.value.kind == PyValue::Kind::boolean;
    if (whole && value.value.integer >= 0 && value.value.integer <= 1'000'000'000)
      result = static_cast<int>(value.value.integer);
    if (value.value.kind == PyValue::Kind::string) result = to_int(value.value.text, 0);
    if (!result) return wrong(name, value.from);
    return Located<int>{*result, value.from};
  }

  Fact<Located<std::string>> text(const std::string& name,
                                  const Fact<Located<std::string>>& otherwise) const {
    const Found found = find(name);
    if (found.unseen) return *found.unseen;
    if (found.words)
      return Located<std::string>{std::string(trimmed(found.words->back().value)),
                                  found.words->back().from};
    if (!found.value) return otherwise;
    const Located<PyValue>& value = **found.value;
    if (value.value.kind != PyValue::Kind::string) return wrong(name, value.from);
    return Located<std::string>{std::string(trimmed(value.value.text)), value.from};
  }

  Fact<Located<bool>> flag(const std::string& name) const {
    const Found found = find(name);
    if (found.unseen) return *found.unseen;
    if (found.words) return Located<bool>{true, found.words->back().from};
    if (!found.value) return Located<bool>{false, by_default("no " + name)};
    const Located<PyValue>& value = **found.value;
    if (value.value.kind == PyValue::Kind::boolean)
      return Located<bool>{value.value.integer != 0, value.from};
    return wrong(name, value.from);
  }

  // Asked for threads, the sync class gives way to gthread.
  Fact<Located<std::string>> worker_class(const Fact<Located<int>>& threads) const {
    const Located<std::string> sync{"sync", by_default("worker_class = sync")};
    Fact<Located<std::string>> given = text("worker_class", sync);
    if (!given.seen()) return given;
    const std::string& name = given->value;
    constexpr std::string_view full = "SyncWorker";
    const bool is_sync = name == "sync" || (name.size() >= full.size() &&
                                            name.substr(name.size() - full.size()) == full);
    if (!is_sync) return given;
    if (!threads.seen()) return threads.unseen();
    if (threads->value <= 1) return given;
    return Located<std::string>{"gthread", threads->from};
  }

  const Environment& environment_;
  const std::string& cwd_;
  const ReadFile& read_file_;
  Words command_line_{};
  Words cmd_args_{};
  PyFile config_{};
  std::string config_file_{};
};

}  // namespace

GunicornSettings gunicorn_settings(const std::vector<std::string>& argv,
                                   const Evidence& argv_source, const Environment& environment,
                                   const std::string& cwd, const ReadFile& read_file) {
  return Resolver(argv, argv_source, environment, cwd, read_file).run();
}

bool gunicorn_changes_directory(const std::vector<std::string>& argv,
                                const Environment& environment) {
  const auto command = server_command(argv);
  if (!command || command->title) return true;
  const auto options = gunicorn_options(std::span(argv).subspan(command->arguments));
  if (options.values.count("chdir") != 0 || options.doubtful.count("chdir") != 0) return true;
  if (!environment.seen()) return false;
  const auto text = environment->find("GUNICORN_CMD_ARGS");
  if (text == environment->end()) return false;
  const auto words = shell_split(text->second);
  return words && gunicorn_options(*words).values.count("chdir") != 0;
}

}  // namespace hopcheck
