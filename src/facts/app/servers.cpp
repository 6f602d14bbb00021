// The application servers that run: masters, their workers, and the sockets they hold.
#include "facts/app/servers.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "facts/app/command.h"
#include "facts/app/uwsgi.h"
#include "facts/systemd/app_command.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

using Kind = AppServer::Kind;

struct Candidate {
  const Process* process{nullptr};
  ServerCommand command{};
};

// Python's multiprocessing starts workers as "python -c 'from multiprocessing.spawn import …'".
bool is_multiprocessing(const Process& process) {
  const auto option = std::find(process.argv.begin(), process.argv.end(), "-c");
  if (option == process.argv.end() || option + 1 == process.argv.end()) return false;
  return (option + 1)->substr(0, 20) == "from multiprocessing";
}

// Long-running Python programs that serve something other than an application.
bool is_no_application(std::string_view script) {
  static constexpr std::array<std::string_view, 6> names{"supervisord", "fail2ban-server",
                                                         "certbot",     "salt-master",
                                                         "salt-minion", "ansible-playbook"};
  return std::find(names.begin(), names.end(), script) != names.end();
}

class Finder {
 public:
  Finder(const Partial<Process>& processes, const Partial<Listener>* listeners,
         const ReadFile& read_file)
      : listeners_(listeners), read_file_(read_file) {
    for (const Process& process : processes.seen_items()) {
      by_pid_[process.pid] = &process;
      children_[process.parent].push_back(&process);
      if (const auto command = server_command(process.argv))
        candidates_[process.pid] = {&process, *command};
    }
  }

  std::vector<AppServer> run() {
    std::vector<AppServer> servers;
    for (const auto& [pid, candidate] : candidates_) {
      if (!has_master(candidate)) add(candidate, servers);
    }
    for (const auto& [pid, process] : by_pid_) {
      if (taken_.count(pid) == 0 && candidates_.count(pid) == 0) add_script(*process, servers);
    }
    std::sort(servers.begin(), servers.end(),
              [](const AppServer& a, const AppServer& b) { return a.pid < b.pid; });
    return servers;
  }

 private:
  // Whether two processes of one kind are one server: a fork keeps the command line, titles differ
  // by the role, and flask's reloader starts itself anew.
  static bool same_server(const Candidate& parent, const Candidate& child) {
    if (parent.command.kind != child.command.kind ||
        parent.command.program != child.command.program)
      return false;
    if (child.command.worker || child.process->argv == parent.process->argv) return true;
    if (child.command.kind == Kind::flask) return true;
    return child.command.title && parent.command.title &&
           child.command.named == parent.command.named;
  }

  bool has_master(const Candidate& candidate) const {
    const auto parent = candidates_.find(candidate.process->parent);
    return parent != candidates_.end() && parent->first != candidate.process->pid &&
           same_server(parent->second, candidate);
  }

  void add(const Candidate& candidate, std::vector<AppServer>& servers) {
    const Process& master = *candidate.process;
    AppServer server = basics(master);
    server.kind = candidate.command.kind;
    if (server.kind == Kind::other) server.program = candidate.command.program;
    server.pids = family(candidate);
    take_workers_rights(server);
    hold_listeners(server);
    if (!understand(server, candidate)) return;
    taken_.insert(server.pids.begin(), server.pids.end());
    servers.push_back(std::move(server));
  }

  static AppServer basics(const Process& process) {
    AppServer server;
    server.pid = process.pid;
    server.pids = {process.pid};
    server.credentials = process.credentials;
    server.unit = process.unit;
    return server;
  }

  // False where it serves nothing itself.
  bool understand(AppServer& server, const Candidate& candidate) {
    const Process& process = *candidate.process;
    server.app = application(candidate.command, process.argv);
    const std::string* cwd = process.cwd.if_seen();
    const std::string directory = cwd != nullptr ? *cwd : "";
    if (server.kind == Kind::uwsgi && !candidate.command.title) {
      const UwsgiSettings settings = uwsgi_settings(process.argv, directory, read_file_);
      server.app = settings.app;
      return !settings.emperor;
    }
    if (server.kind == Kind::flask && server.app.empty() && process.environment.seen()) {
      const auto named = process.environment->find("FLASK_APP");
      if (named != process.environment->end()) server.app = named->second;
    }
    if (server.kind == Kind::gunicorn) read_gunicorn(server, process, directory);
    return true;
  }

  void read_gunicorn(AppServer& server, const Process& process, const std::string& cwd) {
    const Evidence source{
        EvidenceKind::kernel, "/proc/" + std::to_string(process.pid) + "/cmdline", 0, {}, false};
    // With --chdir the process is no longer where relative paths began.
    const bool moved = gunicorn_changes_directory(process.argv, process.environment);
    server.gunicorn =
        gunicorn_settings(process.argv, source, process.environment, moved ? "" : cwd, read_file_);
    if (!server.gunicorn.app.empty()) server.app = server.gunicorn.app;
    if (contradicted(server)) forget_defaults(server.gunicorn);
  }

  // It listens somewhere, yet not where "no configuration file" would have it listen: there is one
  // that was not found (the process may have changed its directory).
  static bool contradicted(const AppServer& server) {
    const auto* bind = server.gunicorn.bind.if_seen();
    if (bind == nullptr || bind->empty() || bind->front().from.kind != EvidenceKind::default_)
      return false;
    if (server.listeners.empty()) return false;
    return std::none_of(
        server.listeners.begin(), server.listeners.end(),
        [](const Listener& listener) { return listener.serves("127.0.0.1", 8000); });
  }

  template <class T>
  static void forget(Fact<Located<T>>& fact) {
    const Located<T>* located = fact.if_seen();
    if (located != nullptr && located->from.kind == EvidenceKind::default_) fact = not_found();
  }

  static Unseen not_found() {
    return {Unseen::Why::undecidable,
            "gunicorn listens elsewhere than by default: what it was told so by was not found",
            {}};
  }

  static void forget_defaults(GunicornSettings& settings) {
    settings.bind = not_found();
    each_setting([](auto& setting) { forget(setting); }, settings);
  }

  // The master and all below it that belong to the same server.
  std::vector<int> family(const Candidate& master) const {
    std::vector<int> pids{master.process->pid};
    std::set<int> seen{master.process->pid};
    for (std::size_t i = 0; i < pids.size(); ++i) {
      const auto children = children_.find(pids[i]);
      if (children == children_.end()) continue;
      for (const Process* child : children->second) {
        if (belongs(*by_pid_.at(pids[i]), *child) && seen.insert(child->pid).second)
          pids.push_back(child->pid);
      }
    }
    return pids;
  }

  bool belongs(const Process& parent, const Process& child) const {
    const auto above = candidates_.find(parent.pid);
    const auto below = candidates_.find(child.pid);
    if (above != candidates_.end() && below != candidates_.end())
      return same_server(above->second, below->second);
    return is_multiprocessing(child) || (!child.argv.empty() && child.argv == parent.argv);
  }

  void take_workers_rights(AppServer& server) const {
    if (server.pids.size() > 1) server.credentials = by_pid_.at(server.pids[1])->credentials;
  }

  // Who may read where a process works may read its descriptors: the kernel asks for the same
  // right.
  bool all_looked_into(const AppServer& server) const {
    return std::all_of(server.pids.begin(), server.pids.end(),
                       [this](int pid) { return by_pid_.at(pid)->cwd.seen(); });
  }

  void hold_listeners(AppServer& server) const {
    server.listeners_complete =
        listeners_ != nullptr &&
        std::all_of(listeners_->missing().begin(), listeners_->missing().end(),
                    [](const Unseen& missing) { return missing.why == Unseen::Why::denied; });
    if (listeners_ == nullptr) return;
    const bool looked_into = all_looked_into(server);
    for (const Listener& listener : listeners_->seen_items()) {
      const auto& holders = listener.pids.seen_items();
      const bool holds = std::any_of(holders.begin(), holders.end(), [&server](int pid) {
        return std::find(server.pids.begin(), server.pids.end(), pid) != server.pids.end();
      });
      if (holds) server.listeners.push_back(listener);
      if (!holds && !looked_into && !listener.pids.complete()) server.listeners_complete = false;
    }
  }

  // "python app.py" with a listening TCP socket.
  void add_script(const Process& process, std::vector<AppServer>& servers) {
    const std::string script = python_script(process.argv);
    if (script.empty() || is_no_application(script)) return;
    const auto parent = by_pid_.find(process.parent);
    if (parent != by_pid_.end() && parent->second != &process &&
        parent->second->argv == process.argv)
      return;
    AppServer server = basics(process);
    server.program = script;
    server.pids = family({&process, {}});
    take_workers_rights(server);
    hold_listeners(server);
    const bool listens =
        std::any_of(server.listeners.begin(), server.listeners.end(),
                    [](const Listener& listener) { return listener.kind == Listener::Kind::tcp; });
    if (listens) servers.push_back(std::move(server));
  }

  const Partial<Listener>* listeners_;
  const ReadFile& read_file_;
  std::map<int, const Process*> by_pid_{};
  std::map<int, std::vector<const Process*>> children_{};
  std::map<int, Candidate> candidates_{};
  std::set<int> taken_{};
};

template <class T>
void complete(Fact<T>& fact, const Fact<T>& from) {
  if (!fact.seen() && from.seen()) fact = from;
}

// Whether the unit's command line could have led to what the process listens on; where it names no
// bind the sockets may be systemd's.
bool agrees(const GunicornSettings& told, const AppCommand& command, const AppServer& server) {
  const auto* binds = told.bind.if_seen();
  if (binds == nullptr || binds->empty() || server.listeners.empty()) return true;
  if (binds->front().from.kind == EvidenceKind::default_) return true;
  return std::any_of(binds->begin(), binds->end(), [&](const Located<std::string>& bind) {
    const auto wanted = bind_listener(bind.value, command.cwd);
    return wanted && std::any_of(server.listeners.begin(), server.listeners.end(),
                                 [&wanted](const Listener& listener) {
                                   return listener.kind == wanted->kind &&
                                          listener.port == wanted->port &&
                                          listener.path == wanted->path;
                                 });
  });
}

}  // namespace

std::vector<AppServer> app_servers(const Partial<Process>& processes,
                                   const Partial<Listener>* listeners, const ReadFile& read_file) {
  return Finder(processes, listeners, read_file).run();
}

void complete_from_unit(AppServer& server, const Unit& unit, const ReadFile& read_file) {
  const auto command = app_command(unit);
  if (!command || command->kind != server.kind || server.unit != unit.name) return;
  if (server.app.empty()) server.app = command->app;
  if (server.kind != AppServer::Kind::gunicorn) return;
  const UnitState* state = unit.state.if_seen();
  if (state != nullptr && state->needs_daemon_reload) return;  // the file is newer than the process
  const GunicornSettings told = unit_gunicorn(*command, read_file);
  if (!agrees(told, *command, server)) return;
  complete(server.gunicorn.bind, told.bind);
  each_setting([](auto& setting, const auto& from) { complete(setting, from); }, server.gunicorn,
               told);
  if (server.gunicorn.app.empty()) server.gunicorn.app = told.app;
  if (server.gunicorn.config_file.empty()) server.gunicorn.config_file = told.config_file;
}

}  // namespace hopcheck
