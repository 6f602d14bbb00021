// Follows a request inside its server block, phase by phase.
#include <algorithm>

#include "facts/nginx/escape.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/walk.h"

namespace hopcheck::nginx {

namespace {

using Match = Location::Match;

/// Whether `limit_except` with these methods holds for the request's.
bool limits(const Directive& line, const std::string& method) {
  const auto listed = line.args();
  const auto has = [&listed](std::string_view name) {
    return std::any_of(listed.begin(), listed.end(),
                       [name](std::string_view one) { return equal_lower(one, name); });
  };
  return !has(method) && !(method == "HEAD" && has("GET"));
}

}  // namespace

Action own_answer(int status, Evidence from, std::string reason) {
  Action out;
  out.kind = Action::Kind::return_;
  out.status = status;
  out.target = std::to_string(status);
  out.from = std::move(from);
  out.reason = std::move(reason);
  return out;
}

Chosen Walk::run(int failed, const std::string& why) {
  visit_.around.clear();
  stand({});
  if (failed == 0) {
    take_real_client(visit_);
  } else {
    respond(own_answer(failed, visit_.server->from, why));
  }
  while (next_ != Next::done) {
    switch (next_) {
      case Next::server:
        server_phase();
        break;
      case Next::find:
        find_phase();
        break;
      case Next::rewrite:
        rewrite_phase();
        break;
      case Next::access:
        access_phase();
        break;
      case Next::done:
        break;
    }
  }
  Chosen out;
  out.server = visit_.server;
  out.location = visit_.chain.empty() ? nullptr : visit_.chain.back();
  out.uri = visit_.uri;
  out.args = visit_.args;
  out.action = std::move(action_);
  out.access = std::move(access_);
  out.steps = std::move(visit_.steps);
  return out;
}

/// The settings of the innermost of these locations, or of the server block, are in force now.
void Walk::stand(std::vector<const Location*> chain) {
  visit_.chain = std::move(chain);
  visit_.around.clear();
  limited_ = false;
  const std::uint32_t server = visit_.server->directive;
  if (const auto http = http_around(config_, server)) visit_.around.push_back(*http);
  visit_.around.push_back(server);
  for (const Location* location : visit_.chain) visit_.around.push_back(location->directive);
  visit_.handler.reset();
  if (!visit_.chain.empty() && handler_of(config_.at(block()))) visit_.handler = block();
}

void Walk::apply_limit_except() {
  if (visit_.chain.empty()) return;
  const auto line = config_.at(block()).child("limit_except");
  if (!line || !limits(*line, visit_.method)) return;
  limited_ = true;
  const auto own = handler_of(*line);
  const auto outer = handler_of(config_.at(block()));
  visit_.around.push_back(line->index());
  // Passes go on in there, other handlers do not.
  if (own) {
    visit_.handler = line->index();
  } else if (outer && !outer->name().ends_with("_pass")) {
    visit_.handler.reset();
  }
}

void Walk::server_phase() {
  stand({});
  next_ = Next::find;
  note_programs({"server_rewrite_by_lua"});
  Rewritten result = run_rewrites(visit_, visit_.server->directive);
  if (!result.answer) return;
  if (result.error) return respond(std::move(*result.answer));
  finish(std::move(*result.answer));
}

// An include that could not be read may hold another server name, location or handler.
void Walk::throw_where_blind() {
  const bool sure = !visit_.chain.empty() && visit_.chain.back()->match == Match::exact;
  if (sure || visit_.site->missing.empty()) return;
  if (const auto hole = config_.at(visit_.server->directive).child("include")) {
    throw NotSeen(
        {Unseen::Why::undecidable,
         "which location answers " + visit_.uri + ": " + cited(*hole) + " could not be read",
         {}});
  }
}

bool Walk::is_internal() const {
  return std::any_of(visit_.chain.begin(), visit_.chain.end(), [&](const Location* one) {
    return config_.at(one->directive).child("internal").has_value();
  });
}

bool Walk::too_large() const {
  const auto limit = in_force(visit_, "client_max_body_size");
  const long long most = limit ? size_of(limit->arg(0)) : 1LL << 20;
  return most > 0 && visit_.body > most;
}

void Walk::find_phase() {
  stand({});
  Found found = find_location(visit_);
  stand(std::move(found.chain));
  throw_where_blind();
  if (!visit_.internal && is_internal()) {
    const Evidence from = visit_.chain.back()->from;
    return respond(own_answer(404, from, "the location is internal"));
  }
  apply_limit_except();
  if (too_large()) {
    const auto limit = in_force(visit_, "client_max_body_size");
    visit_.body = 0;
    return respond(own_answer(413, limit ? limit->evidence() : visit_.server->from,
                              "the body is larger than client_max_body_size"));
  }
  if (found.redirect) {
    const Location* location = visit_.chain.back();
    Action action = own_answer(301, location->from, "nginx appends the slash itself");
    action.target = location->pattern;
    action.location = escaped(location->pattern, Escape::uri);
    if (!visit_.args.empty()) action.location += "?" + visit_.args;
    return respond(std::move(action));
  }
  next_ = Next::rewrite;
}

void Walk::rewrite_phase() {
  next_ = Next::access;
  // What limit_except holds has no rewrite directives, and hides the location's.
  if (visit_.chain.empty() || limited_) return;
  note_programs({"rewrite_by_lua"});
  const std::uint32_t location = visit_.chain.back()->directive;
  Rewritten result = run_rewrites(visit_, location);
  if (result.answer) {
    if (result.error) return respond(std::move(*result.answer));
    return finish(std::move(*result.answer));
  }
  if (!result.changed) return;
  if (one_more_change(config_.at(location).evidence())) next_ = Next::find;
}

/// What a program decides, nobody knows who only reads the configuration.
void Walk::note_programs(std::initializer_list<std::string_view> beginnings) {
  for (auto at = visit_.around.rbegin(); at != visit_.around.rend(); ++at) {
    for (const Directive& line : config_.at(*at).children()) {
      const bool program =
          std::any_of(beginnings.begin(), beginnings.end(),
                      [&](std::string_view begin) { return line.name().starts_with(begin); });
      if (program) return visit_.notes.push_back(cited(line) + " may decide otherwise");
    }
  }
}

void Walk::content_phase() {
  const auto try_files = config_.at(block()).child("try_files");
  if (try_files && !fell_back_ && fall_back(*try_files)) return;
  if (visit_.handler) return handle();
  if (config_.at(block()).child("include") && !visit_.site->missing.empty()) {
    throw NotSeen(
        {Unseen::Why::undecidable,
         "what " + cited(config_.at(block())) + " does: an include in it could not be read",
         {}});
  }
  files();
}

void Walk::finish(Action action) {
  for (const std::string& reason : visit_.notes) note(action, reason);
  if (action.status != 0 && error_status_ != 0) action.status = error_status_;
  const bool redirects = action.status >= 301 && action.status <= 308 && action.status != 304;
  if (redirects && !is_pass(action.kind)) action.location = absolute(redirect_to_);
  if (!redirects) action.location.clear();
  action_ = std::move(action);
  next_ = Next::done;
}

Chosen answer(Visit& visit, int failed, const std::string& why) {
  return Walk(visit).run(failed, why);
}

}  // namespace hopcheck::nginx
