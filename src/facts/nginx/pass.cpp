// Handing a request on, and the handlers that are no files.
#include "facts/nginx/address.h"
#include "facts/nginx/escape.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/walk.h"
#include "hopcheck/proxy_pass.h"

namespace hopcheck::nginx {

namespace {

using Kind = Action::Kind;

}  // namespace

/// The directive in force by which the request is handed on: in an `if`, or under limit_except,
/// that of the location where there is none.
void Walk::handle() {
  const Directive outer = config_.at(*visit_.handler);
  const std::string_view name = handler_of(outer)->name();
  Action action = *handler_action(outer);
  if (name == "empty_gif" || name == "stub_status") {
    const bool reads = visit_.method == "GET" || visit_.method == "HEAD";
    action.status = reads ? 200 : 405;
    return reads ? finish(std::move(action)) : respond(std::move(action));
  }
  if (!name.ends_with("_pass")) return finish(std::move(action));
  const std::uint32_t location = visit_.chain.back()->directive;
  for (auto at = visit_.around.rbegin(); at != visit_.around.rend(); ++at) {
    if (const auto line = config_.at(*at).child(name)) {
      action.from = line->evidence();
      if (action.kind != Kind::other) action.target = line->arg(0);
      return pass(std::move(action), name);
    }
    if (*at == location) break;
  }
  respond(own_answer(500, action.from, "the block in force has no " + std::string(name)));
}

/// A target with variables; false where nginx could make nothing of it.
bool Walk::resolve(Action& action) {
  auto target = expand(visit_, action.target);
  if (!target) return true;
  action.target = std::move(*target);
  const auto place = parse_place(action.kind, action.target);
  if (!place) return action.kind == Kind::other;
  if (place->port > 0 || !place->path.empty()) return true;
  return !upstream_of(*visit_.site, action).empty();
}

/// The URI that the other side gets.
std::string Walk::sent_uri(const Action& action, bool variables) {
  std::string part = proxy_pass_of(action.target).uri;
  if (variables && !part.empty()) return (part.starts_with('?') ? "/" : "") + part;
  if (part.empty() && visit_.unparsed_valid) return visit_.request_uri;
  const Location* owner = nullptr;
  for (const Location* location : visit_.chain) {
    if (config_.at(location->directive).child("proxy_pass")) owner = location;
  }
  const bool by_prefix = owner != nullptr && (owner->match == Location::Match::exact ||
                                              owner->match == Location::Match::prefix ||
                                              owner->match == Location::Match::prefix_no_regex);
  std::size_t cut = 0;
  if (visit_.location_valid && !part.empty() && by_prefix) cut = owner->pattern.size();
  if (cut > visit_.uri.size()) {
    visit_.notes.emplace_back(
        "nginx reads past the end of a URI that is shorter than the location");
  }
  std::string rest = visit_.uri.substr(std::min(cut, visit_.uri.size()));
  if (visit_.quoted || visit_.internal) rest = escaped(rest, Escape::uri);
  if (!visit_.location_valid) part.clear();
  return part + rest + (visit_.args.empty() ? "" : "?" + visit_.args);
}

void Walk::pass(Action action, std::string_view directive) {
  const bool variables = action.target.find('$') != std::string::npos;
  if (variables && !resolve(action)) {
    return respond(own_answer(500, action.from, "no URL comes of the variables"));
  }
  const bool known = action.target.find('$') == std::string::npos;
  action.upstream = upstream_of(*visit_.site, action);
  if (known && action.kind == Kind::proxy_pass) {
    action.sends = sent_uri(action, variables);
  }
  if (!known) action.sure = false;
  if (!known && action.reason.empty())
    action.reason = "the target depends on variables that only nginx knows";
  const PassEnd end = known && visit_.asked->answered ? visit_.asked->answered(action) : PassEnd{};
  action.status = end.status;
  const std::string module(directive.substr(0, directive.find('_')));
  const bool intercepts = end.status >= 300 && visit_.asked->error_pages &&
                          is_on(visit_, module + "_intercept_errors", false) &&
                          has_error_page(end.status);
  if (end.gave_up || intercepts) return respond(std::move(action));
  finish(std::move(action));
}

}  // namespace hopcheck::nginx
