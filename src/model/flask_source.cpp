// The Flask application's own files: from the module that its server loads along its imports.
#include "hopcheck/flask_source.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "facts/app/flask_lines.h"
#include "facts/systemd/app_command.h"
#include "hopcheck/mend.h"
#include "model/state.h"

namespace hopcheck {
namespace {

constexpr std::size_t kMostFiles = 12;

Unseen undecidable(std::string what) {
  return {Unseen::Why::undecidable, std::move(what), {}};
}

class Reading {
 public:
  Reading(Host& host, const std::string& folder) : host_(host) { found_.folder = folder; }

  Fact<FlaskSource> run(const std::string& module) {
    read(module, true);
    if (files_ == 0) {
      if (denied_) return *denied_;
      return undecidable(
          fmt::format("the source of the application: no {} in {}", module, found_.folder));
    }
    resolve();
    return std::move(found_);
  }

 private:
  struct Written {
    std::string blueprint{};  ///< "" : the application itself
    std::string path{};
    Evidence from{};
  };

  void read(const std::string& module, bool first) {
    if (!seen_.insert(module).second) return;
    if (seen_.size() > kMostFiles) {
      found_.whole = false;
      return;
    }
    std::string path = found_.folder + "/" + module;
    std::replace(path.begin() + static_cast<std::ptrdiff_t>(found_.folder.size()), path.end(), '.',
                 '/');
    for (const char* ending : {".py", "/__init__.py"}) {
      const Answer answer = host_.ask(ask::reduce(path + ending, "flask-1"));
      if (answer.status == Answer::Status::unseen) {
        denied_ = answer.why;
        found_.whole = false;
      }
      if (answer.status != Answer::Status::present) continue;
      ++files_;
      return take(path + ending, module, first, flask_lines(answer.text));
    }
  }

  void take(const std::string& file, const std::string& module, bool first,
            const std::vector<FlaskLine>& lines) {
    const auto place = [&](const FlaskLine& line, std::string text) {
      return Evidence{EvidenceKind::file, file, line.number, std::move(text), false};
    };
    std::set<std::string> apps;
    std::vector<std::string> imports;
    for (const auto& line : lines) {
      const auto word = [&](std::size_t i) { return i < line.words.size() ? line.words[i] : ""; };
      if (line.words[0] == "app") {
        apps.insert(word(1));
        if (first)
          found_.apps.push_back({module + ":" + word(1), place(line, word(1) + " = Flask(...)")});
      }
      if (line.words[0] == "blueprint") prefixes_[word(1)].push_back(word(2));
      if (line.words[0] == "register") registered_[word(1)].push_back(word(2));
      if (line.words[0] == "import") imports.push_back(word(1));
      if (line.words[0] == "truncated") found_.whole = false;
      if (line.words[0] == "run") take_run(line, place(line, word(1) + ".run(...)"));
      if (line.words[0] == "route" && word(2) == "GET" && word(3).find('<') == std::string::npos) {
        written_.push_back({apps.count(word(1)) > 0 ? "" : word(1), word(3),
                            place(line, fmt::format("@{}.route(\"{}\")", word(1), word(3)))});
      }
    }
    for (std::string import : imports) {
      // Relative imports begin at the module's own package.
      const auto package = module.rfind('.');
      if (import.starts_with('.')) {
        import.erase(0, 1);
        const bool is_package = file.ends_with("/__init__.py");
        const std::string base = is_package                     ? module
                                 : package == std::string::npos ? ""
                                                                : module.substr(0, package);
        if (!base.empty()) import.insert(0, base + (import.empty() ? "" : "."));
      }
      if (!import.empty() && is_here(import)) read(import, false);
    }
  }

  void take_run(const FlaskLine& line, Evidence from) {
    FlaskSource::Run run;
    run.app = line.words.size() > 1 ? line.words[1] : "";
    run.host = flask_option(line, "host");
    run.debug =
        flask_option(line, "debug") == "True" && flask_option(line, "use_debugger") != "False";
    const std::string port = flask_option(line, "port");
    std::from_chars(port.data(), port.data() + port.size(), run.port);
    from.text = fmt::format("{}.run({})", run.app, run.debug ? "debug=True" : "...");
    run.from = std::move(from);
    found_.runs.push_back(std::move(run));
  }

  /// The standard library and packages do not lie beside the application.
  bool is_here(const std::string& module) {
    const std::string top = module.substr(0, module.find('.'));
    if (!listed_) {
      const auto names = entries_in(host_.ask(ask::list(found_.folder)));
      names_ = {names.begin(), names.end()};
      listed_ = true;
    }
    return names_.count(top) > 0 || names_.count(top + ".py") > 0;
  }

  /// Routes of blueprints, where one and the same prefix is surely theirs.
  void resolve() {
    for (auto& each : written_) {
      std::string prefix;
      if (!each.blueprint.empty()) {
        const auto made = prefixes_.find(each.blueprint);
        const auto registered = registered_.find(each.blueprint);
        const bool known = made != prefixes_.end() && made->second.size() == 1 &&
                           registered != registered_.end() && registered->second.size() == 1;
        if (!known) continue;
        prefix = registered->second[0] == "-" ? made->second[0] : registered->second[0];
        if (prefix == "?") continue;
        if (prefix == "-") prefix.clear();
      }
      found_.routes.push_back({prefix + each.path, std::move(each.from)});
    }
  }

  Host& host_;
  FlaskSource found_{};
  std::vector<Written> written_{};
  std::map<std::string, std::vector<std::string>> prefixes_{};
  std::map<std::string, std::vector<std::string>> registered_{};
  std::set<std::string> seen_{};
  std::set<std::string> names_{};
  bool listed_{false};
  std::size_t files_{0};
  std::optional<Unseen> denied_{};
};

/// Where the server runs, which is where Python looks for the application first.
std::string folder_of(const Deployment& host, const AppServer& server) {
  if (const auto* table = host.processes().if_seen()) {
    for (const auto& process : table->seen_items()) {
      if (process.pid == server.pid && process.cwd.seen()) return *process.cwd;
    }
  }
  const Unit* unit = unit_named(host, server.unit);
  const auto* folder = unit == nullptr ? nullptr : unit->setting("WorkingDirectory");
  return folder == nullptr ? "" : folder->value;
}

/// "shop" of "python3 /srv/shop/shop.py"; the file's folder takes the place of the server's own.
std::string script_of(const Deployment& host, const AppServer& server, std::string& folder) {
  const auto* table = host.processes().if_seen();
  if (table == nullptr) return {};
  for (const auto& process : table->seen_items()) {
    if (process.pid != server.pid) continue;
    for (const auto& word : process.argv) {
      if (!word.ends_with(".py") || word.size() < 4) continue;
      const auto slash = word.rfind('/');
      const std::string name =
          word.substr(slash == std::string::npos ? 0 : slash + 1,
                      word.size() - 3 - (slash == std::string::npos ? 0 : slash + 1));
      if (slash != std::string::npos)
        folder = (word[0] == '/' ? "" : folder + "/") + word.substr(0, slash);
      return name;
    }
  }
  return {};
}

}  // namespace

Fact<FlaskSource> flask_source(const Deployment& host, const std::string& folder,
                               const std::string& module) {
  const bool plain = module.find_first_of("/ ") == std::string::npos && !module.empty();
  if (!folder.starts_with('/') || !plain)
    return undecidable("where the application's module " + module + " lies");
  return Reading(host.state().host, folder).run(module);
}

Fact<FlaskSource> flask_source(const Deployment& host, const AppServer& server) {
  std::string folder = folder_of(host, server);
  std::string module = server.app.substr(0, server.app.find(':'));
  if (module.ends_with(".py")) module.resize(module.size() - 3);
  const bool script = server.kind == AppServer::Kind::other || module.empty();
  if (script) module = script_of(host, server, folder);
  // Flask looks for these where it is told of none.
  if (module.empty() && server.kind == AppServer::Kind::flask) {
    for (const char* name : {"wsgi", "app"}) {
      const auto source = flask_source(host, folder, name);
      if (source.seen()) return source;
    }
  }
  return flask_source(host, folder, module);
}

Fact<std::vector<Located<std::string>>> applications_in(const Deployment& host,
                                                        const std::string& folder) {
  std::vector<Located<std::string>> found;
  Host& machine = host.state().host;
  const Answer listing = machine.ask(ask::list(folder));
  if (listing.status != Answer::Status::present) return undecidable("what lies in " + folder);
  std::size_t files = 0;
  for (const auto& name : files_in(listing)) {
    if (!name.ends_with(".py")) continue;
    if (++files > kMostFiles)
      return undecidable("which of many modules in " + folder + " is meant");
    const std::string path = folder + "/" + name;
    const Answer answer = machine.ask(ask::reduce(path, "flask-1"));
    if (answer.status != Answer::Status::present) return undecidable("what " + path + " makes");
    for (const auto& line : flask_lines(answer.text)) {
      if (line.words[0] != "app" || line.words.size() < 2) continue;
      found.push_back(
          {name.substr(0, name.size() - 3) + ":" + line.words[1],
           {EvidenceKind::file, path, line.number, line.words[1] + " = Flask(...)", false}});
    }
  }
  return found;
}

Fact<Exchange> answer_on(const Deployment& host, const Route& route, const std::string& path) {
  if (!route.requested()) return undecidable(route.name + " is never requested");
  Request request = route.request;
  request.path = path;
  return decoded<Exchange>(host.state().host.ask(ask::request(request)), request.url(),
                           decode_exchange);
}

std::optional<Evidence> handler_line(const Deployment& host, const Route& route,
                                     const std::string& path) {
  for (const auto& endpoint : route.endpoints) {
    const auto app = host.app_behind(endpoint);
    if (!app.seen() || *app == nullptr) continue;
    const auto source = flask_source(host, **app);
    if (!source.seen()) continue;
    for (const auto& each : source->routes) {
      if (each.path == path) return each.from;
    }
  }
  return std::nullopt;
}

}  // namespace hopcheck
