// nginx serves no more files than are meant for everybody.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/static_files.h"

using namespace hopcheck;

namespace {

using Match = nginx::Location::Match;

/// `location /static { alias /srv/static/; }`: "/static../x" becomes "/srv/static/../x".
bool can_be_left(const StaticPlace& place) {
  const bool prefix =
      place.location->match == Match::prefix || place.location->match == Match::prefix_no_regex;
  return place.alias && prefix && !place.location->pattern.ends_with('/') &&
         place.path.ends_with('/');
}

void judge_prefix(const Deployment& host, const StaticPlace& place, Outcome& out) {
  if (!can_be_left(place) || place.guarded) return;
  const std::string& pattern = place.location->pattern;
  const auto walk = host.walk(place.path.substr(0, place.path.size() - 1));
  if (!walk->exists() || walk->last().type != PathStep::Type::directory) return;
  const std::string folder = place.path.substr(0, place.path.size() - 1);
  Finding finding;
  finding.code = "nginx.static-alias-traversal";
  finding.when = When::if_attacked;
  finding.confidence = Confidence::likely;
  finding.title = fmt::format("anybody can download what lies beside {}: {}../x is {}../x", folder,
                              pattern, place.path);
  finding.about = {place.node(), "nginx:" + place.instance->conf_path};
  finding.evidence = {place.location->from, place.from};
  Fix fix;
  fix.summary = "end the location with a slash, as the alias does";
  if (auto edit = replaced_in_line(host, place.location->from, pattern + " {", pattern + "/ {"))
    fix.edits = {std::move(*edit)};
  fix.commands = {place.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

/// What a folder of a web application holds that is not for everybody.
bool is_source(const FolderEntry& entry) {
  if (entry.directory) return entry.name == ".git";
  if (entry.name == ".env" || entry.name == "requirements.txt") return true;
  constexpr std::array<std::string_view, 5> kEndings{".py", ".sqlite3", ".sqlite", ".db", ".pem"};
  return std::any_of(kEndings.begin(), kEndings.end(),
                     [&](std::string_view ending) { return entry.name.ends_with(ending); });
}

std::vector<std::string> exposed_files(const Deployment& host, const StaticPlace& place,
                                       const std::string& folder) {
  const Credentials& worker = *place.instance->worker;
  std::vector<std::string> files;
  const auto entries = folder_entries(host, folder);
  for (const FolderEntry& entry : *entries) {
    if (!is_source(entry) || files.size() == 4) continue;
    const std::string name = entry.directory ? entry.name + "/config" : entry.name;
    if (!serves(place, name)) continue;
    const auto walk = host.walk(folder + "/" + name);
    if (walk->exists() && denied_at(worker, *walk, Access::read) == nullptr) files.push_back(name);
  }
  return files;
}

/// A package index or a course's examples are Python files for everybody; an application is not.
bool is_application(const std::vector<std::string>& files) {
  return std::any_of(files.begin(), files.end(), [](const std::string& name) {
    return name == ".env" || name == ".git/config" || name == "requirements.txt" ||
           name == "app.py" || name == "wsgi.py" || name == "config.py" || name == "manage.py";
  });
}

/// The application that runs here was started in this folder.
bool runs_here(const Deployment& host, const std::string& folder) {
  if (!host.app_servers().seen() || !host.processes().seen()) return false;
  const auto& apps = *host.app_servers();
  const auto& processes = host.processes()->seen_items();
  return std::any_of(processes.begin(), processes.end(), [&](const Process& process) {
    return process.cwd.seen() && *process.cwd == folder &&
           std::any_of(apps.begin(), apps.end(),
                       [&](const AppServer& app) { return app.pid == process.pid; });
  });
}

/// Locations that are asked before the files and refuse those that are no page.
Fix refuse(const Deployment& host, const StaticPlace& place,
           const std::vector<std::string>& files) {
  Fix fix;
  fix.summary = "refuse hidden files, and files of the kinds that hold code, data or passwords";
  // A prefix that forbids regular expressions would never ask them.
  if (place.location->match == Match::prefix_no_regex) return fix;
  std::vector<std::string> lines{R"(location ~ /\.(?!well-known/) { return 404; })",
                                 R"(location ~ \.(pyc?|db|sqlite3?|sql|bak|log|ini|cfg|pem|key)$ )"
                                 "{ return 404; }"};
  if (std::find(files.begin(), files.end(), "requirements.txt") != files.end())
    lines.emplace_back(R"(location ~ /requirements\.txt$ { return 404; })");
  for (const std::string& line : lines) {
    if (auto edit = line_before(host, place.location->from, line))
      fix.edits.push_back(std::move(*edit));
  }
  fix.commands = {place.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Finding exposed(const Deployment& host, const StaticPlace& place, const std::string& folder,
                const std::vector<std::string>& files) {
  const std::string prefix =
      place.location->pattern + (place.location->pattern.back() == '/' ? "" : "/");
  Finding finding;
  finding.code = "nginx.static-root-exposes-source";
  finding.when = When::if_attacked;
  finding.confidence = Confidence::likely;
  finding.title = fmt::format("anybody can download {}{} from {}, the application's own folder",
                              prefix, files.front(), folder);
  finding.about = {place.node(), "nginx:" + place.instance->conf_path};
  finding.detail =
      fmt::format("Who asked for it has read it: change the passwords and keys that stand in {}.",
                  files.front());
  finding.evidence = {place.location->from, place.from};
  for (const std::string& name : files) {
    finding.evidence.push_back({EvidenceKind::kernel, "stat " + folder + "/" + name, 0,
                                "served as " + prefix + name, false});
  }
  Fix apart;
  apart.summary = fmt::format(
      "better still, once the site is safe: move what is for everybody to a folder of its own, and "
      "let {}:{} name that; no list of endings is ever complete",
      place.from.source, place.from.line);
  finding.fixes = {refuse(host, place, files), std::move(apart)};
  return finding;
}

void judge_folder(const Deployment& host, const StaticPlace& place, Outcome& out) {
  if (place.guarded) return;
  std::string folder = place.folder;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  const auto walk = host.walk(folder);
  if (!walk->exists() || walk->last().type != PathStep::Type::directory) return;
  const auto files = exposed_files(host, place, folder);
  if (!files.empty() && (is_application(files) || runs_here(host, folder)))
    out.report(exposed(host, place, folder, files));
}

}  // namespace

HOPCHECK_CHECK(nginx_static_exposure) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  std::size_t places = 0;
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    for (const Unseen& unseen : instance.site->missing) out.not_seen(unseen);
    const auto all = static_places(instance);
    places += all.size();
    out.each(all, [&](const StaticPlace& place) {
      judge_prefix(host, place, out);
      judge_folder(host, place, out);
    });
  });
  if (places == 0) return out.not_applicable("nginx serves no folder of files");
}
