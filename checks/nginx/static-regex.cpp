// No location with a pattern takes the files of another one's folder.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/server_blocks.h"
#include "hopcheck/static_files.h"

using namespace hopcheck;

namespace {

constexpr std::size_t kMostFolders = 20;

/// Below the place's folder one file of each ending, since patterns look at those: "css/shop.css".
std::vector<std::string> samples(const Deployment& host, const StaticPlace& place, Outcome& out) {
  std::vector<std::string> names;
  std::vector<std::string> folders{""};
  std::set<std::string> endings;
  const std::string top = place.folder + (place.folder.ends_with('/') ? "" : "/");
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const auto entries = folder_entries(host, top + folders[i]);
    // The folder itself decides; one below it may be closed to us.
    if (i == 0 && !entries.seen()) throw NotSeen(entries.unseen());
    if (out.see(entries) == nullptr) continue;
    for (const FolderEntry& entry : *entries) {
      if (entry.name.starts_with('.')) continue;
      const std::string below = folders[i] + entry.name;
      const auto dot = entry.name.rfind('.');
      if (entry.directory && folders.size() < kMostFolders) folders.push_back(below + "/");
      if (entry.directory || dot == std::string::npos) continue;
      if (endings.insert(entry.name.substr(dot)).second) names.push_back(below);
    }
  }
  return names;
}

bool has_pattern(const std::vector<nginx::Location>& locations) {
  return std::any_of(locations.begin(), locations.end(), [](const nginx::Location& one) {
    return one.match == nginx::Location::Match::regex || has_pattern(one.nested);
  });
}

/// A file of the place, and the location that nginx answers its path with instead.
struct Stolen {
  std::string path{};
  std::string file{};
  nginx::Chosen chosen{};
};

std::optional<Stolen> stolen(const StaticPlace& place, const std::string& name) {
  if (place.server->listens.empty() || !place.server->listens.front().path.empty())
    return std::nullopt;
  const auto& listen = place.server->listens.front();
  const bool slash = place.location->pattern.ends_with('/');
  Stolen found;
  found.path = place.location->pattern + (slash ? "" : "/") + name;
  found.file = place.folder + (place.folder.ends_with('/') ? "" : "/") + name;
  const auto chosen = nginx::choose(*place.instance->config, *place.instance->site, listen.address,
                                    listen.port, plain_name(*place.server), found.path);
  if (!chosen || chosen->server != place.server || chosen->location == nullptr ||
      chosen->location == place.location ||
      chosen->location->match != nginx::Location::Match::regex)
    return std::nullopt;
  found.chosen = *chosen;
  return found;
}

bool is_pass(nginx::Action::Kind kind) {
  using Kind = nginx::Action::Kind;
  return kind == Kind::proxy_pass || kind == Kind::uwsgi_pass;
}

/// No root or alias line stands around the pattern's location: nginx takes its own folder.
bool lacks_root(const Stolen& one) {
  return one.chosen.action.from == one.chosen.location->from;
}

/// The file is not where the pattern's location looks for it; a refusal or a redirect is meant.
bool looks_elsewhere(const Deployment& host, const Stolen& one) {
  const nginx::Action& action = one.chosen.action;
  if (is_pass(action.kind)) return true;
  if (action.kind != nginx::Action::Kind::static_ || action.target == one.file) return false;
  return lacks_root(one) || !host.walk(action.target)->exists();
}

/// A requested route to the same server block, a user's before the load balancer's; null: surely
/// none leads there.
const Route* page_of(const Deployment& host, const StaticPlace& place) {
  const Route* page = nullptr;
  for (const Route* route : host.requested().all()) {
    if (route->server == nullptr && !route->followed.seen())
      throw NotSeen(route->followed.unseen());
    const bool better = page == nullptr || route->kind == Route::Kind::site;
    if (route->server == place.server && better) page = route;
  }
  return page;
}

Fix without_patterns(const Deployment& host, const StaticPlace& place) {
  const std::string& pattern = place.location->pattern;
  Fix fix;
  fix.summary = fmt::format("let no pattern be asked for {}", pattern);
  const auto edit =
      replaced_in_line(host, place.location->from, "location " + pattern, "location ^~ " + pattern);
  if (!edit) return fix;
  fix.edits = {*edit};
  fix.commands = {place.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

void judge(const Deployment& host, const StaticPlace& place, const Stolen& one, Outcome& out) {
  const nginx::Action& action = one.chosen.action;
  const bool passes = is_pass(action.kind);
  const Route* page = page_of(host, place);
  Finding finding;
  finding.code = "nginx.regex-location-steals";
  finding.confidence = Confidence::likely;
  std::string got;
  finding.evidence = {place.location->from, one.chosen.location->from};
  if (!lacks_root(one)) finding.evidence.push_back(action.from);
  if (page != nullptr) {
    Request request = page->request;
    request.method = "GET";
    request.path = one.path;
    request.sent_as = "site";
    const auto answer = ask_this_host(host, request);
    if (!answer->answered() || answer->status != 404) return;
    finding.confidence = Confidence::certain;
    finding.evidence.push_back(cite(request, *answer));
    got = ", and answers 404";
  } else if (passes) {
    return;  // the application may have the file as well
  }
  const std::string does =
      passes ? fmt::format("passes {} on", one.path)
      : lacks_root(one)
          ? fmt::format("looks for {} in its own folder, since no root is set,", one.path)
          : fmt::format("looks for {} in {}", one.path, action.target);
  finding.title = fmt::format("nginx {} by location {} {}{}: the file is {}", does,
                              one.chosen.location->case_insensitive ? "~*" : "~",
                              one.chosen.location->pattern, got, one.file);
  finding.about = {place.node(), "nginx:" + place.instance->conf_path};
  finding.fixes = {without_patterns(host, place)};
  out.report(std::move(finding));
}

void judge_place(const Deployment& host, const StaticPlace& place, Outcome& out) {
  if (place.location->match != nginx::Location::Match::prefix || place.location->pattern == "/")
    return;
  if (!has_pattern(*place.server->locations) || !host.walk(place.folder)->exists()) return;
  for (const std::string& name : samples(host, place, out)) {
    const auto one = stolen(place, name);
    if (!one || !looks_elsewhere(host, *one)) continue;
    const std::size_t before = out.findings().size();
    judge(host, place, *one, out);
    if (out.findings().size() > before) return;
  }
}

}  // namespace

HOPCHECK_CHECK(nginx_static_regex) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  std::size_t places = 0;
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    for (const Unseen& unseen : instance.site->missing) out.not_seen(unseen);
    const auto all = static_places(instance);
    places += all.size();
    out.each(all, [&](const StaticPlace& place) { judge_place(host, place, out); });
  });
  if (places == 0) return out.not_applicable("nginx serves no folder of files");
}
