// The application's own Python files: from the module that its server loads along its imports.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "facts/app/python_forwarding.h"
#include "facts/text/words.h"
#include "hopcheck/forwarded.h"
#include "model/state.h"

namespace hopcheck {
namespace {

// A larger application is looked at in part, and said to be.
constexpr std::size_t kMostFiles = 40;

Unseen undecidable(std::string what) {
  return {Unseen::Why::undecidable, std::move(what), {}};
}

/// Where the server runs, which is where Python looks for the application's modules first.
Fact<std::string> directory_of(const Deployment& host, const AppServer& server) {
  Unseen why = undecidable("the working directory of " + server.text());
  if (const auto* table = host.processes().if_seen()) {
    for (const auto& process : table->seen_items()) {
      if (process.pid != server.pid) continue;
      if (process.cwd.seen()) return process.cwd;
      why = process.cwd.unseen();
    }
  }
  const auto& units = host.units();
  if (!units.seen()) return why;
  for (const auto& unit : units->seen_items()) {
    const auto* folder = unit.setting("WorkingDirectory");
    if (unit.name == server.unit && folder != nullptr && folder->value.starts_with('/'))
      return folder->value;
  }
  return why;
}

/// Follows the imports that lead to files of the application.
class Walk {
 public:
  Walk(Host& host, std::string folder) : host_(host), folder_(std::move(folder)) {}

  AppSource run(const std::string& module) {
    import(module, "");
    while (!open_.empty() && seen_.size() < kMostFiles) {
      const auto [path, package] = open_.back();
      open_.pop_back();
      look_into(path, package);
    }
    if (!open_.empty()) miss(undecidable("the application has more files than are looked at"));
    if (fixes_.size() == 1 && !found_.own_way) found_.proxy_fix = fixes_.front();
    if (fixes_.size() > 1 && !found_.own_way) found_.own_way = fixes_[1].from;
    return std::move(found_);
  }
  bool any() const { return !seen_.empty(); }

 private:
  void miss(const Unseen& why) {
    if (!found_.rest) found_.rest = why;
  }

  const std::set<std::string>& entries(const std::string& folder) {
    const auto known = listed_.find(folder);
    if (known != listed_.end()) return known->second;
    const Answer listing = host_.ask(ask::list(folder));
    if (listing.status == Answer::Status::unseen) miss(listing.why);
    const auto names = entries_in(listing);
    return listed_[folder] = {names.begin(), names.end()};
  }

  /// Opens "shop.views" from the folder, or ".views" from the package that names it.
  void import(std::string module, const std::string& package) {
    std::string folder = folder_;
    if (module.starts_with('.')) {
      folder = package;
      module.erase(0, 1);
      for (; module.starts_with('.'); module.erase(0, 1))
        folder = folder.substr(0, folder.rfind('/'));
      if (module.empty() || folder.empty()) return;
    }
    for (std::size_t begin = 0; begin < module.size();) {
      const std::size_t end = std::min(module.find('.', begin), module.size());
      const std::string name = module.substr(begin, end - begin);
      begin = end + 1;
      const auto& here = entries(folder);
      if (here.count(name + ".py") > 0) return open(folder + "/" + name + ".py", folder);
      if (here.count(name) == 0) return;
      folder += "/" + name;
      if (entries(folder).count("__init__.py") > 0) open(folder + "/__init__.py", folder);
    }
  }

  void open(const std::string& path, const std::string& package) {
    if (seen_.insert(path).second) open_.emplace_back(path, package);
  }

  void look_into(const std::string& path, const std::string& package) {
    const Answer answer = host_.ask(ask::reduce(path, "python-forwarding-1"));
    if (answer.status == Answer::Status::unseen) return miss(answer.why);
    if (answer.status == Answer::Status::absent) return;
    found_.files.push_back(path);
    PythonForwarding file = python_forwarding(path, answer.text);
    const auto move_all = [](std::vector<Evidence>& from, std::vector<Evidence>& to) {
      to.insert(to.end(), from.begin(), from.end());
    };
    move_all(file.asks_scheme, found_.asks_scheme);
    move_all(file.asks_host, found_.asks_host);
    move_all(file.asks_address, found_.asks_address);
    fixes_.insert(fixes_.end(), file.proxy_fixes.begin(), file.proxy_fixes.end());
    if (!file.own_ways.empty() && !found_.own_way) found_.own_way = file.own_ways.front();
    if (file.truncated)
      miss({Unseen::Why::truncated, path + " is larger than what is looked at", {}});
    for (const auto& module : file.imports) import(module, package);
  }

  Host& host_;
  std::string folder_;
  AppSource found_{};
  std::vector<ProxyFix> fixes_{};
  std::set<std::string> seen_{};
  std::vector<std::pair<std::string, std::string>> open_{};
  std::map<std::string, std::set<std::string>> listed_{};
};

Fact<AppSource> read_source(const Deployment& host, const AppServer& server) {
  const std::string module = server.app.substr(0, server.app.find(':'));
  if (module.empty()) return undecidable("which Python module " + server.text() + " loads");
  const auto folder = directory_of(host, server);
  if (!folder.seen()) return folder.unseen();
  Walk walk(host.state().host, *folder);
  AppSource source = walk.run(module);
  if (source.files.empty()) {
    if (source.rest) return *source.rest;
    return undecidable(
        fmt::format("the source of {}: no file of {} lies in {}", server.text(), module, *folder));
  }
  return source;
}

}  // namespace

Fact<AppSource> app_source(const Deployment& host, const AppServer& server) {
  const auto& all = host.state().app_sources.get([&] {
    std::map<int, Fact<AppSource>> sources;
    const auto* servers = host.app_servers().if_seen();
    if (servers == nullptr) return sources;
    for (const auto& one : *servers) sources[one.pid] = read_source(host, one);
    return sources;
  });
  const auto found = all.find(server.pid);
  return found == all.end() ? read_source(host, server) : found->second;
}

}  // namespace hopcheck
