// Files that nginx serves itself: which URL leads to which folder.
#include "hopcheck/static_files.h"

#include <algorithm>

#include "facts/nginx/site.h"
#include "model/state.h"

namespace hopcheck {
namespace {

using Kind = nginx::Action::Kind;
using Match = nginx::Location::Match;

bool is_prefix(const nginx::Location& location) {
  return location.match == Match::prefix || location.match == Match::prefix_no_regex;
}

bool leads_elsewhere(const nginx::Config& config, const nginx::Location& location) {
  const auto tries = config.at(location.directive).child("try_files");
  if (tries && !tries->args().empty() && !tries->args().back().starts_with('=')) return true;
  const auto page = nginx::in_force(config, location.directive, "error_page");
  if (!page) return false;
  const auto args = page->args();
  const bool missing = std::find(args.begin(), args.end(), "404") != args.end();
  return missing && std::any_of(args.begin(), args.end(), [](std::string_view word) {
           return word.starts_with('=') || word.starts_with('@');
         });
}

bool asks_who(const nginx::Config& config, std::uint32_t block) {
  for (const char* name : {"auth_basic", "auth_request", "allow", "deny"}) {
    const auto line = nginx::in_force(config, block, name);
    if (line && line->arg(0) != "off" && line->text() != "allow all;") return true;
  }
  return false;
}

/// One location of which nginx takes files; nothing where that is no folder known here.
std::optional<StaticPlace> place_of(const nginx::Instance& instance,
                                    const nginx::ServerBlock& server,
                                    const nginx::Location& location, const nginx::Files& files) {
  const nginx::Config& config = *instance.config;
  const bool regex = location.match == Match::regex;
  const bool by_try_files = config.at(location.directive).child("try_files").has_value();
  const bool serves_files = location.action.kind == Kind::static_ ||
                            (location.action.kind == Kind::rewrite && by_try_files);
  if (!serves_files || !files.directive || (!is_prefix(location) && !regex)) return std::nullopt;
  if ((regex && files.alias) || files.path.find('$') != std::string::npos) return std::nullopt;
  if (config.at(location.directive).child("internal") ||
      location.pattern.starts_with("/.well-known"))
    return std::nullopt;
  StaticPlace place;
  place.instance = &instance;
  place.server = &server;
  place.location = &location;
  place.alias = files.alias;
  place.path = files.path;
  if (place.path.empty() || (place.path[0] != '/' && config.prefix.empty())) return std::nullopt;
  if (place.path[0] != '/') place.path = config.prefix + "/" + place.path;
  place.folder = place.path;
  if (!place.alias) {
    if (place.folder.size() > 1 && place.folder.back() == '/') place.folder.pop_back();
    if (!regex) place.folder = (place.folder == "/" ? "" : place.folder) + location.pattern;
  }
  const nginx::Directive line = config.at(*files.directive);
  place.from = line.evidence();
  const auto& node = config.nodes[location.directive];
  place.own = *files.directive > location.directive && *files.directive < node.end;
  place.falls_back = leads_elsewhere(config, location);
  place.guarded = asks_who(config, location.directive);
  const auto quiet = nginx::in_force(config, location.directive, "log_not_found");
  place.quiet_miss = quiet && quiet->arg(0) == "off";
  return place;
}

void add_places(const nginx::Instance& instance, const nginx::ServerBlock& server,
                const std::vector<nginx::Location>& locations, const nginx::Files& outer,
                std::vector<StaticPlace>& places) {
  for (const auto& location : locations) {
    nginx::Files files = outer;
    nginx::inherit_files(*instance.config, location.directive, files);
    add_places(instance, server, location.nested, files, places);
    if (auto place = place_of(instance, server, location, files))
      places.push_back(std::move(*place));
  }
}

/// The URL in a page that begins with this prefix behind a quote.
std::string link_in(const std::string& body, const std::string& prefix) {
  for (const char quote : {'"', '\''}) {
    const auto at = body.find(quote + prefix);
    if (at == std::string::npos) continue;
    const auto end = body.find_first_of("\"'?# <>", at + 1);
    // A URL that the body's end cuts names no file.
    if (end != std::string::npos) return body.substr(at + 1, end - at - 1);
  }
  return {};
}

}  // namespace

std::string StaticPlace::node() const {
  return "location:" + server->label() + " " + location->pattern;
}

std::vector<StaticPlace> static_places(const nginx::Instance& instance) {
  std::vector<StaticPlace> places;
  if (!instance.site.seen() || instance.config == nullptr) return places;
  // The http block is long where there are many servers: it is looked through once.
  std::optional<std::uint32_t> around;
  nginx::Files outer;
  for (const auto& server : instance.site->servers) {
    const auto http = nginx::http_around(*instance.config, server.directive);
    if (http != around) {
      around = http;
      outer = {};
      if (http) nginx::inherit_files(*instance.config, *http, outer);
    }
    nginx::Files files = outer;
    nginx::inherit_files(*instance.config, server.directive, files);
    add_places(instance, server, *server.locations, files, places);
  }
  return places;
}

Fact<std::vector<FolderEntry>> folder_entries(const Deployment& host, const std::string& folder) {
  const Answer answer = host.state().host.ask(ask::list(folder));
  const auto text = text_of(answer, folder + ": not there");
  if (!text.seen()) return text.unseen();
  const auto files = files_in(answer);
  std::vector<FolderEntry> entries;
  for (auto& name : entries_in(answer)) {
    const bool file = std::find(files.begin(), files.end(), name) != files.end();
    entries.push_back({std::move(name), !file});
  }
  return entries;
}

std::string asked_for(const Deployment& host, const StaticPlace& place, const Route** page) {
  if (!is_prefix(*place.location) || place.location->pattern == "/") return {};
  for (const auto& route : host.routes()) {
    if (!route.requested() || route.server != place.server) continue;
    const auto exchange = host.probe(route);
    if (!exchange.seen() || !exchange->answered()) continue;
    std::string url = link_in(exchange->body, place.location->pattern);
    if (url.empty()) continue;
    if (page != nullptr) *page = &route;
    return url;
  }
  return {};
}

bool serves(const StaticPlace& place, const std::string& name) {
  if (!is_prefix(*place.location) || place.server->listens.empty()) return false;
  const std::string& pattern = place.location->pattern;
  const std::string slash = pattern.back() == '/' ? "" : "/";
  const auto& listen = place.server->listens.front();
  const std::string& known = place.server->names.empty() ? "" : place.server->names.front();
  const bool plain = known.find_first_of("*~$") == std::string::npos;
  const auto chosen = nginx::choose(*place.instance->config, *place.instance->site, listen.address,
                                    listen.port, plain ? known : "", pattern + slash + name);
  if (!chosen || chosen->server != place.server) return false;
  const std::string folder = place.folder + (place.folder.back() == '/' ? "" : "/");
  if (chosen->action.kind == Kind::static_) return chosen->action.target == folder + name;
  // Where the file is there, try_files never comes to what it ends with.
  const auto tries = place.instance->config->at(place.location->directive).child("try_files");
  return tries && tries->arg(0) == "$uri" &&
         chosen->action.reason.find(nginx::cited(*tries)) != std::string::npos;
}

}  // namespace hopcheck
