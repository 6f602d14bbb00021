// Follows a request inside its server block, through nginx's internal redirects, to an action.
#include <algorithm>

#include "facts/nginx/address.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/site.h"
#include "facts/nginx/uri.h"
#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

namespace {

using Kind = Action::Kind;
using Match = Location::Match;

// NGX_HTTP_MAX_URI_CHANGES
constexpr int kMaxChanges = 10;

Action own_answer(int status, Evidence from, std::string reason) {
  Action out;
  out.kind = Kind::return_;
  out.status = status;
  out.target = std::to_string(status);
  out.from = std::move(from);
  out.reason = std::move(reason);
  return out;
}

class Walk {
 public:
  Walk(Visit& visit, const Site& site) : visit_(visit), site_(site), config_(*visit.config) {}

  Chosen run() {
    server_phase();
    for (int changes = 0; !done_; ++changes) {
      if (changes > kMaxChanges) {
        finish(own_answer(500, visit_.server->from, "rewrite or internal redirection cycle"));
      } else {
        location_phase();
      }
    }
    Chosen out;
    out.server = visit_.server;
    out.location = chain_.empty() ? nullptr : chain_.back();
    out.uri = visit_.uri;
    out.action = std::move(action_);
    out.access = std::move(access_);
    return out;
  }

 private:
  void server_phase();
  void location_phase();
  void content_phase();
  bool fall_back(const Directive& try_files);
  void try_first(std::string_view candidate);
  void go_named(std::string_view name, const Directive& try_files);
  void go_to(const std::string& uri, const Directive& try_files);
  Action own_action();
  Action file_action();
  std::string file_path(const Files& files, const Location* owner);
  std::vector<Directive> access_lines() const;
  std::optional<Action> refused();
  void resolve(Action& action);
  void throw_where_blind();
  void finish(Action action);
  std::uint32_t block() const {
    return chain_.empty() ? visit_.server->directive : chain_.back()->directive;
  }

  Visit& visit_;
  const Site& site_;
  const Config& config_;
  std::vector<const Location*> chain_{};
  std::optional<std::uint32_t> inside_{};
  bool named_{false};      ///< the chain was set by try_files, not found by URI
  bool fell_back_{false};  ///< the URI is what try_files ended with
  bool done_{false};
  Action action_{};
  std::vector<AccessRule> access_{};
};

void Walk::finish(Action action) {
  for (const std::string& reason : visit_.notes) note(action, reason);
  action_ = std::move(action);
  done_ = true;
}

void Walk::server_phase() {
  const Rewritten result = run_rewrites(visit_, visit_.server->directive);
  if (result.answer) finish(*result.answer);
}

// An include that could not be read may hold another server name, location or handler.
void Walk::throw_where_blind() {
  const bool sure = !chain_.empty() && chain_.back()->match == Match::exact;
  if (sure || site_.missing.empty()) return;
  if (const auto hole = config_.at(visit_.server->directive).child("include")) {
    throw NotSeen(
        {Unseen::Why::undecidable,
         "which location answers " + visit_.uri + ": " + cited(*hole) + " could not be read",
         {}});
  }
}

void Walk::location_phase() {
  bool redirect = false;
  if (!named_) {
    Found found = find_location(visit_);
    chain_ = std::move(found.chain);
    redirect = found.redirect;
    throw_where_blind();
  }
  named_ = false;
  inside_.reset();
  if (redirect) {
    Action action = own_answer(301, chain_.back()->from, "nginx appends the slash itself");
    action.target = chain_.back()->pattern;
    return finish(std::move(action));
  }
  if (chain_.empty()) return content_phase();
  if (!visit_.internal && config_.at(block()).child("internal")) {
    return finish(own_answer(404, config_.at(block()).child("internal")->evidence(),
                             "the location is internal"));
  }
  const Rewritten result = run_rewrites(visit_, block());
  if (result.answer) return finish(*result.answer);
  inside_ = result.inside;
  if (!result.changed) content_phase();
}

/// The allow and deny lines in force: those of an outer block hold only where a block has none.
std::vector<Directive> Walk::access_lines() const {
  std::vector<std::uint32_t> blocks;
  for (auto at = chain_.rbegin(); at != chain_.rend(); ++at) blocks.push_back((*at)->directive);
  blocks.push_back(visit_.server->directive);
  if (const auto http = http_around(config_, visit_.server->directive)) blocks.push_back(*http);
  std::vector<Directive> lines;
  for (const std::uint32_t index : blocks) {
    for (const Directive& child : config_.at(index).children()) {
      if (child.name() == "allow" || child.name() == "deny") lines.push_back(child);
    }
    if (!lines.empty()) break;
  }
  return lines;
}

std::optional<Action> Walk::refused() {
  const auto lines = access_lines();
  access_.clear();
  for (const Directive& line : lines) {
    access_.push_back({line.name() == "allow", std::string(line.arg(0)), line.evidence()});
  }
  if (lines.empty() || access_.front().source != "all") {
    if (!lines.empty())
      visit_.notes.push_back(cited(lines.front()) + " and its like decide by the client's address");
    return std::nullopt;
  }
  if (access_.front().allows) return std::nullopt;
  return deny_action(lines.front());
}

void Walk::content_phase() {
  if (auto action = refused()) return finish(std::move(*action));
  const auto try_files = config_.at(block()).child("try_files");
  // In an `if` whose condition holds, try_files of the location around it is not in force.
  if (try_files && !inside_ && !fell_back_ && fall_back(*try_files)) return;
  finish(own_action());
}

/// True where the request goes elsewhere, or ends; false: the block's own handler goes on.
bool Walk::fall_back(const Directive& try_files) {
  const auto args = try_files.args();
  if (args.size() < 2) return false;
  const std::string_view last = args.back();
  if (last.starts_with('=')) {
    visit_.notes.push_back(std::string(last.substr(1)) + " where the file is missing (" +
                           cited(try_files) + ")");
    try_first(args.front());
    return false;
  }
  visit_.notes.push_back("where none of the files of " + cited(try_files) + " exists");
  if (last.starts_with('@')) {
    go_named(last, try_files);
    return true;
  }
  const auto uri = expand(visit_, last);
  if (!uri) {
    Action action;
    action.from = try_files.evidence();
    action.target = last;
    action.reason = "the last argument depends on variables that only nginx knows";
    finish(std::move(action));
    return true;
  }
  go_to(*uri, try_files);
  return true;
}

// Which of the files exists is for others to see; the first is what the block is written for.
void Walk::try_first(std::string_view candidate) {
  if (candidate.ends_with('/')) return;
  auto uri = expand(visit_, candidate);
  if (uri && uri->starts_with('/')) visit_.uri = std::move(*uri);
}

void Walk::go_named(std::string_view name, const Directive& try_files) {
  const auto& all = visit_.server->locations;
  const auto found = std::find_if(all.begin(), all.end(), [name](const Location& one) {
    return one.match == Match::named && one.pattern == name;
  });
  if (found == all.end()) {
    return finish(own_answer(500, try_files.evidence(),
                             "could not find named location \"" + std::string(name) + "\""));
  }
  chain_ = {&*found};
  named_ = visit_.internal = true;
}

void Walk::go_to(const std::string& uri, const Directive& try_files) {
  const std::size_t question = uri.find('?');
  const std::string path = uri.substr(0, question);
  if (!path.starts_with('/')) {
    return finish(own_answer(500, try_files.evidence(), "the fallback is no URI: " + path));
  }
  visit_.args = question == std::string::npos ? "" : uri.substr(question + 1);
  visit_.uri = path;
  visit_.internal = fell_back_ = true;
  server_phase();
}

Action Walk::own_action() {
  if (inside_) {
    if (auto action = handler_action(config_.at(*inside_))) {
      resolve(*action);
      return std::move(*action);
    }
  }
  const Directive here = config_.at(block());
  auto action = handler_action(here);
  if (action) {
    resolve(*action);
    return std::move(*action);
  }
  if (here.child("include") && !site_.missing.empty()) {
    throw NotSeen({Unseen::Why::undecidable,
                   "what " + cited(here) + " does: an include in it could not be read",
                   {}});
  }
  return file_action();
}

// A target that `set` alone decides is no secret.
void Walk::resolve(Action& action) {
  if (action.target.find('$') != std::string::npos) {
    if (auto expanded = expand(visit_, action.target)) action.target = std::move(*expanded);
  }
  action.upstream = upstream_of(site_, action);
}

Action Walk::file_action() {
  Files files;
  const Location* owner = nullptr;
  const auto http = http_around(config_, visit_.server->directive);
  if (http) inherit_files(config_, *http, files);
  inherit_files(config_, visit_.server->directive, files);
  for (const Location* location : chain_) {
    const auto before = files.directive;
    inherit_files(config_, location->directive, files);
    if (files.directive != before) owner = location;
  }
  if (inside_) inherit_files(config_, *inside_, files);
  Action out;
  out.kind = Kind::static_;
  out.from = config_.at(files.directive.value_or(block())).evidence();
  out.target = file_path(files, owner);
  if (out.target.empty()) {
    out.kind = Kind::unknown;
    out.target = files.path;
    out.reason = "the path depends on variables that only nginx knows";
  }
  return out;
}

/// "" where it cannot be known.
std::string Walk::file_path(const Files& files, const Location* owner) {
  const auto expanded = expand(visit_, files.path);
  if (!expanded) return {};
  std::string path = *expanded;
  if (!path.starts_with('/') && !config_.prefix.empty()) {
    path = config_.prefix + (config_.prefix.ends_with('/') ? "" : "/") + path;
  }
  if (!files.alias) {
    if (path.size() > 1 && path.ends_with('/')) path.pop_back();
    return path == "/" ? visit_.uri : path + visit_.uri;
  }
  // The alias of a regex location is the whole path.
  if (owner == nullptr || owner->match == Match::regex) return path;
  return path + visit_.uri.substr(std::min(owner->pattern.size(), visit_.uri.size()));
}

}  // namespace

Chosen answer(Visit& visit, const Site& site) {
  const auto host = normal_host(visit.http_host);
  auto uri = normal_uri(visit.request_uri, visit.merge_slashes);
  if (!host || !uri) {
    Chosen out;
    out.server = visit.server;
    out.uri = visit.request_uri;
    out.action = own_answer(400, visit.server->from,
                            host ? "the URI is invalid" : "the Host header is invalid");
    return out;
  }
  visit.host = *host;
  visit.uri = std::move(uri->path);
  visit.args = std::move(uri->args);
  return Walk(visit, site).run();
}

}  // namespace hopcheck::nginx
