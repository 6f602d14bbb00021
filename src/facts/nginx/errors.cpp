// What becomes of a status that nginx answers with itself: error_page, and redirects inside nginx.
#include <algorithm>
#include <charconv>

#include "facts/nginx/walk.h"

namespace hopcheck::nginx {

namespace {

constexpr int kPlainToTls = 497;
constexpr int kBadRequest = 400;
constexpr int kCloses = 444;

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The codes of an error_page line, and the status that it answers with instead.
struct Page {
  std::vector<int> codes{};
  std::optional<int> instead{};  ///< 0 for "=": that of whoever answers
  std::string_view target{};
};

Page page_of(const Directive& line) {
  Page out;
  auto args = line.args();
  if (args.size() < 2) return out;
  out.target = args.back();
  args = args.first(args.size() - 1);
  if (args.back().starts_with('=')) {
    out.instead = number(args.back().substr(1)).value_or(0);
    args = args.first(args.size() - 1);
  }
  for (const std::string_view word : args) {
    if (const auto code = number(word)) out.codes.push_back(*code);
  }
  return out;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Statuses of nginx's own that clients see as 400.
int public_status(int status) {
  return status >= 494 && status <= kPlainToTls ? kBadRequest : status;
}

const Directive* line_for(const std::vector<Directive>& lines, int status) {
  for (const Directive& line : lines) {
    const auto codes = page_of(line).codes;
    if (std::find(codes.begin(), codes.end(), status) != codes.end()) return &line;
  }
  return nullptr;
}

std::string step_text(const Directive& line, const std::string& to) {
  return line.text() + " -> " + to;
}

}  // namespace

bool Walk::has_error_page(int status) {
  return line_for(all_in_force(visit_, "error_page"), status) != nullptr;
}

/// nginx's own page with the action's status, or what error_page makes of it.
void Walk::respond(Action action) {
  error_status_ = action.status;
  if (!action.location.empty() || is_redirect(action.status)) redirect_to_ = action.location;
  if (action.status != kCloses && visit_.asked->error_pages && error_page(action.status, action)) {
    return;
  }
  error_status_ = public_status(error_status_);
  finish(std::move(action));
}

bool Walk::error_page(int status, const Action& failed) {
  const auto lines = all_in_force(visit_, "error_page");
  if (error_page_taken_ || lines.empty() || changes_left_ == 0) return false;
  if (!is_on(visit_, "recursive_error_pages", false)) error_page_taken_ = true;
  const Directive* line = line_for(lines, status);
  if (line == nullptr) return false;
  visit_.steps.push_back(
      {std::to_string(status) + " by " + failed.from.text, visit_.uri, failed.from});
  use_error_page(*line, status);
  return true;
}

void Walk::use_error_page(const Directive& line, int status) {
  const Page page = page_of(line);
  if (page.instead) error_status_ = *page.instead;
  if (!page.instead) error_status_ = public_status(status);
  const auto target = expand(visit_, page.target);
  if (!target) {
    Action action;
    action.from = line.evidence();
    action.target = page.target;
    action.sure = false;
    action.reason = cited(line) + " depends on variables that only nginx knows";
    return finish(std::move(action));
  }
  if (target->starts_with('/')) {
    if (visit_.method != "HEAD") visit_.method = "GET";
    const std::size_t question = target->find('?');
    std::string uri = target->substr(0, question);
    std::string args = question == std::string::npos ? "" : target->substr(question + 1);
    Step step{step_text(line, uri), uri, line.evidence()};
    return redirect(std::move(uri), std::move(args), std::move(step));
  }
  if (target->starts_with('@')) {
    return go_named(*target, {step_text(line, *target), visit_.uri, line.evidence()});
  }
  send_elsewhere(line, *target, page.instead.value_or(0));
}

void Walk::send_elsewhere(const Directive& line, std::string target, int status) {
  Action action;
  action.kind = Action::Kind::error_page;
  action.status = is_redirect(status) ? status : 302;
  action.target = target;
  action.from = line.evidence();
  error_status_ = action.status;
  redirect_to_ = std::move(target);
  finish(std::move(action));
}

bool Walk::one_more_change(const Evidence& from) {
  if (--changes_left_ > 0) return true;
  respond(own_answer(500, from, "rewrite or internal redirection cycle"));
  return false;
}

/// An internal redirect begins anew, with the rewrite directives of the server block.
void Walk::redirect(std::string uri, std::string args, Step step) {
  if (!one_more_change(step.from)) return;
  visit_.uri = std::move(uri);
  visit_.args = std::move(args);
  visit_.internal = true;
  visit_.unparsed_valid = false;
  visit_.uri_after_alias = false;
  visit_.location_valid = true;
  visit_.steps.push_back(std::move(step));
  next_ = Next::server;
}

void Walk::go_named(std::string_view name, Step step) {
  if (!one_more_change(step.from)) return;
  const auto& all = *visit_.server->locations;
  const auto found = std::find_if(all.begin(), all.end(), [name](const Location& one) {
    return one.match == Location::Match::named && one.pattern == name;
  });
  if (visit_.uri.empty() || found == all.end()) {
    return respond(
        own_answer(500, step.from, "could not find named location \"" + std::string(name) + "\""));
  }
  visit_.internal = true;
  visit_.steps.push_back(std::move(step));
  stand({&*found});
  apply_limit_except();
  next_ = Next::rewrite;
}

/// A redirect's target as the client gets it.
std::string Walk::absolute(const std::string& location) {
  if (!location.starts_with('/') || !is_on(visit_, "absolute_redirect", true)) return location;
  std::string host = visit_.host.empty() ? own_address(visit_) : visit_.host;
  if (is_on(visit_, "server_name_in_redirect", false)) host = own_name(*visit_.server);
  const int port = visit_.asked->port;
  const bool usual = port == (visit_.tls ? 443 : 80) || port == 0;
  std::string out = (visit_.tls ? "https://" : "http://") + host;
  if (!usual && is_on(visit_, "port_in_redirect", true)) out += ":" + std::to_string(port);
  return out + location;
}

}  // namespace hopcheck::nginx
