// The files that nginx serves are where its configuration looks for them.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/static_files.h"

using namespace hopcheck;

namespace {

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

bool is_folder(const Walk& walk) {
  return walk.exists() && walk.last().type == PathStep::Type::directory;
}

/// The root or alias line with another path or another name.
Fix changed_line(const Deployment& host, const StaticPlace& place, const std::string& from,
                 const std::string& to, const std::string& summary) {
  Fix fix;
  fix.summary = summary;
  if (auto edit = replaced_in_line(host, place.from, from, to)) fix.edits = {std::move(*edit)};
  fix.commands = {place.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

/// Finding about a place: cites the location, the line, and a page that asks for its files.
Finding about(const Deployment& host, const StaticPlace& place, const std::string& code) {
  Finding finding;
  finding.code = code;
  finding.confidence = Confidence::likely;
  finding.about = {place.node(), "nginx:" + place.instance->conf_path};
  finding.evidence = {place.location->from};
  if (place.own) finding.evidence.push_back(place.from);
  const Route* page = nullptr;
  const std::string url = asked_for(host, place, &page);
  if (url.empty()) return finding;
  finding.confidence = Confidence::certain;
  finding.evidence.push_back(
      {EvidenceKind::probe, "GET " + page->request.url(), 0, "the page asks for " + url, true});
  return finding;
}

/// `location /static/ { alias /srv/static; }`: "/static/a.css" becomes "/srv/statica.css".
bool lacks_slash(const StaticPlace& place) {
  return place.alias && place.location->match != nginx::Location::Match::regex &&
         place.location->pattern.size() > 1 && place.location->pattern.ends_with('/') &&
         !place.path.ends_with('/');
}

Finding missing_slash(const Deployment& host, const StaticPlace& place) {
  Finding finding = about(host, place, "nginx.static-alias-missing-slash");
  const std::string& pattern = place.location->pattern;
  finding.title = fmt::format("nginx looks for {}x in {}x: alias {} lacks the slash at its end",
                              pattern, place.path, place.path);
  finding.fixes = {changed_line(host, place, place.path + ";", place.path + "/;",
                                fmt::format("end the alias with a slash, as {} does", pattern))};
  return finding;
}

/// The part of the root that the location's prefix repeats, "" where it repeats none.
std::string repeated(const StaticPlace& place) {
  if (place.alias || !place.own || place.location->match == nginx::Location::Match::regex)
    return {};
  const std::string part = without_slash(place.location->pattern);
  return part.size() > 1 && without_slash(place.path).ends_with(part) ? part : "";
}

Finding doubled(const Deployment& host, const StaticPlace& place, const std::string& part) {
  Finding finding = about(host, place, "nginx.static-root-doubled");
  const std::string root = without_slash(place.path);
  finding.title = fmt::format("nginx looks for {0}x in {1}{0}x: root adds the whole URL, {2} twice",
                              place.location->pattern, root, part);
  const std::string above = root.substr(0, root.size() - part.size());
  const bool has_slash = place.from.text.find(root + "/;") != std::string::npos;
  const std::string written = fmt::format("root {}{};", root, has_slash ? "/" : "");
  finding.fixes = {above.empty()
                       ? changed_line(host, place, written, fmt::format("alias {}/;", root),
                                      "use alias, which takes the place of the prefix")
                       : changed_line(host, place, written, fmt::format("root {};", above),
                                      fmt::format("point root above {}", part))};
  return finding;
}

/// The folders of applications that run here.
std::vector<std::string> app_folders(const Deployment& host) {
  std::vector<std::string> folders;
  if (!host.app_servers().seen() || !host.processes().seen()) return folders;
  for (const AppServer& app : *host.app_servers()) {
    for (const Process& process : host.processes()->seen_items()) {
      if (process.pid == app.pid && process.cwd.seen() && *process.cwd != "/")
        folders.push_back(*process.cwd);
    }
  }
  return folders;
}

/// A folder of the missing one's name in an application's folder, or one below that; "" for none.
std::string candidate(const Deployment& host, const StaticPlace& place) {
  const std::string wanted = without_slash(place.folder);
  const std::string name = wanted.substr(wanted.rfind('/') + 1);
  for (const std::string& folder : app_folders(host)) {
    std::vector<std::string> tried{folder};
    if (const auto entries = folder_entries(host, folder); entries.seen()) {
      for (const FolderEntry& entry : *entries) {
        if (entry.directory && tried.size() < 20) tried.push_back(folder + "/" + entry.name);
      }
    }
    for (const std::string& below : tried) {
      const auto walk = host.walk(below + "/" + name);
      if (walk.seen() && walk->whole.seen() && is_folder(*walk)) return below + "/" + name;
    }
  }
  return {};
}

Finding missing(const Deployment& host, const StaticPlace& place, const Walk& walk) {
  Finding finding = about(host, place, "nginx.static-path-missing");
  finding.title = fmt::format("nginx serves {} from {}, which is not there",
                              place.location->pattern, without_slash(place.folder));
  finding.evidence.push_back(cite(walk.last()));
  const std::string found = place.own ? candidate(host, place) : "";
  Fix fix;
  if (!found.empty()) {
    const std::string from = place.from.text.substr(0, place.from.text.find(';'));
    const std::string end = place.location->pattern.ends_with('/') ? "/" : "";
    fix = changed_line(host, place, from, "alias " + found + end,
                       "serve the folder that the application has");
  } else {
    fix.summary = fmt::format(
        "put the files there: the deploy that builds or copies them did not; or correct line {} "
        "of {}",
        place.from.line, place.from.source);
    fix.on = On::repo;
  }
  finding.fixes = {std::move(fix)};
  return finding;
}

bool judge_path(const Deployment& host, const StaticPlace& place, Outcome& out) {
  if (lacks_slash(place)) {
    const auto written = host.walk(place.path);
    if (is_folder(*written)) {
      out.report(missing_slash(host, place));
      return true;
    }
  }
  const auto walk = host.walk(without_slash(place.folder));
  if (walk->exists()) return false;
  const std::string part = repeated(place);
  if (!part.empty() && is_folder(*host.walk(without_slash(place.path)))) {
    out.report(doubled(host, place, part));
    return true;
  }
  // A page of the server block itself is judged where it is requested.
  if (place.falls_back || place.quiet_miss || place.location->pattern == "/") return true;
  // What users upload gets its folder with the first of them.
  for (const char* later : {"upload", "media", "download", "error"}) {
    if (place.location->pattern.find(later) != std::string::npos) return true;
  }
  out.report(missing(host, place, *walk));
  return true;
}

}  // namespace

HOPCHECK_CHECK(nginx_static_path) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  std::size_t places = 0;
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    for (const Unseen& unseen : instance.site->missing) out.not_seen(unseen);
    const auto all = static_places(instance);
    places += all.size();
    out.each(all, [&](const StaticPlace& place) { judge_path(host, place, out); });
  });
  if (places == 0) return out.not_applicable("nginx serves no folder of files");
}
