// Paths that would answer the load balancer.
#include "hopcheck/health_path.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "hopcheck/flask_source.h"
#include "hopcheck/lines.h"
#include "model/state.h"

namespace hopcheck {
namespace {

using nginx::Action;
using nginx::Location;

constexpr std::size_t kMostAsked = 3;

struct Candidate {
  std::string path{};
  Evidence from{};
};

bool sounds_like_health(const std::string& path) {
  constexpr const char* kWords[] = {"health", "ping",      "status", "alive", "ready",
                                    "live",   "heartbeat", "check",  "/up"};
  return std::any_of(std::begin(kWords), std::end(kWords),
                     [&](const char* word) { return path.find(word) != std::string::npos; });
}

/// The path of a redirect to the same host and scheme.
std::string redirected_path(const Route& route, const Exchange& seen) {
  std::string location = seen.header("Location");
  const std::string own =
      route.request.scheme + "://" +
      (route.request.host.empty() ? route.request.address : route.request.host) + "/";
  if (location.rfind(own, 0) == 0) location.erase(0, own.size() - 1);
  const bool plain = location.size() > 1 && location[0] == '/' && location[1] != '/' &&
                     location.find_first_of("?# \"'") == std::string::npos;
  // A login page answers everybody, whether the application works or not.
  return plain && location == route.request.path + "/" ? location : "";
}

void add_nginx(const Route& route, std::vector<Candidate>& all) {
  if (route.server == nullptr) return;
  for (const auto& location : *route.server->locations) {
    if (location.match != Location::Match::exact || location.action.kind != Action::Kind::return_)
      continue;
    if (location.action.status == 200) all.push_back({location.pattern, location.from});
  }
}

void add_app(const Deployment& host, const Route& route, std::vector<Candidate>& all) {
  if (route.endpoints.empty()) return;
  const auto app = host.app_behind(route.endpoints.front());
  if (!app.seen() || *app == nullptr) return;
  const auto source = flask_source(host, **app);
  if (!source.seen()) return;
  for (const auto& each : source->routes) {
    if (sounds_like_health(each.path)) all.push_back({each.path, each.from});
  }
}

std::string indentation_of(const std::string& line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

/// The line ends where its block begins, so that what follows it is inside.
bool opens_block(const std::string& line) {
  const auto last = line.find_last_not_of(" \t\r");
  return last != std::string::npos && line[last] == '{';
}

std::string block(const std::string& indent, const std::string& path,
                  const std::vector<std::string>& lines) {
  std::string text = indent + "location = " + path + " {\n";
  for (const auto& line : lines) text += indent + "    " + line + "\n";
  return text + indent + "}";
}

bool is_plain_path(const std::string& path) {
  return !path.empty() && path.find_first_of(" \t\r\n;{}\"'$\\#") == std::string::npos;
}

std::string without_query(const std::string& path) {
  return path.substr(0, path.find('?'));
}

}  // namespace

std::optional<AnsweringPath> answering_path(const Deployment& host, const Route& route,
                                            const Exchange& seen) {
  if (route.kind != Route::Kind::probe) return std::nullopt;
  std::vector<Candidate> all;
  const std::string redirected = redirected_path(route, seen);
  if (!redirected.empty()) {
    all.push_back(
        {redirected, {EvidenceKind::probe, "Location of the answer", 0, redirected, true}});
  }
  add_app(host, route, all);
  add_nginx(route, all);
  std::set<std::string> asked{route.request.path};
  for (const auto& candidate : all) {
    if (!asked.insert(candidate.path).second) continue;
    if (asked.size() > kMostAsked + 1) break;
    const auto exchange = answer_on(host, route, candidate.path);
    if (exchange.seen() && exchange->answered() &&
        route.target->lb.codes.value.contains(exchange->status))
      return AnsweringPath{candidate.path, *exchange, candidate.from};
  }
  return std::nullopt;
}

std::string other_name(const Route& route) {
  const std::string& url = route.target->site.url.value;
  const auto scheme = url.find("://");
  std::string name;
  if (scheme != std::string::npos)
    name = url.substr(scheme + 3, url.find_first_of(":/?", scheme + 3) - scheme - 3);
  if (name.empty() && route.server != nullptr && !route.server->names.empty())
    name = route.server->names.front();
  const bool plain = name.find_first_not_of(
                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                         "0123456789-.") == std::string::npos;
  return plain && name != route.request.host ? name : "";
}

Fact<Exchange> answer_to_name(const Deployment& host, const Route& route, const std::string& name) {
  Request request = route.request;
  request.host = name;
  return decoded<Exchange>(host.state().host.ask(ask::request(request)), request.url(),
                           decode_exchange);
}

std::optional<Edit> own_location(const Deployment& host, const Route& route,
                                 const std::vector<std::string>& lines) {
  const std::string path = without_query(route.request.path);
  if (route.location == nullptr || !is_plain_path(path)) return std::nullopt;
  const Evidence& at = route.location->from;
  const auto line = line_of(host, at.source, at.line);
  if (!line.seen() || !opens_block(*line)) return std::nullopt;
  const std::string inside = indentation_of(*line) + "    ";
  if (route.location->match == Location::Match::exact) {
    std::string text;
    for (const auto& each : lines) text += (text.empty() ? "" : "\n") + inside + each;
    return Edit{at.source, at.line + 1, {}, text};
  }
  const bool prefix = route.location->match == Location::Match::prefix ||
                      route.location->match == Location::Match::prefix_no_regex;
  const bool passes = route.action.kind == Action::Kind::proxy_pass ||
                      route.action.kind == Action::Kind::uwsgi_pass;
  if (!prefix || !passes || !route.location->nested.empty()) return std::nullopt;
  auto all = lines;
  // A URI after proxy_pass takes the place of the location's pattern, which is another one now.
  const std::string& target = route.action.target;
  const auto scheme = target.find("://");
  const bool has_uri = scheme != std::string::npos && target.rfind("http://unix:", 0) != 0 &&
                       target.find('/', scheme + 3) != std::string::npos;
  if (has_uri) return std::nullopt;
  all.push_back(route.action.from.text);
  return Edit{at.source, at.line + 1, {}, block(inside, path, all)};
}

namespace {

/// The `if` of the server block itself that holds the directive which answers.
std::optional<nginx::Directive> condition_around(const Route& route) {
  const Evidence& answer = route.action.from;
  for (const auto& condition : route.instance->config->at(route.server->directive).children("if")) {
    for (const auto& inside : condition.children()) {
      const Evidence at = inside.evidence();
      if (at.source == answer.source && at.line == answer.line) return condition;
    }
  }
  return std::nullopt;
}

/// A location of the block itself hands the path to somebody.
bool passes_on(const nginx::ServerBlock& server, const std::string& path) {
  return std::any_of(server.locations->begin(), server.locations->end(), [&](const Location& one) {
    const bool prefix =
        one.match == Location::Match::prefix || one.match == Location::Match::prefix_no_regex;
    const bool pass =
        one.action.kind == Action::Kind::proxy_pass || one.action.kind == Action::Kind::uwsgi_pass;
    return prefix && pass && path.starts_with(one.pattern);
  });
}

/// `break` ends the server block's own rewriting: the request goes on to its location.
std::optional<Edit> past_condition(const Deployment& host, const Route& route,
                                   const std::string& path) {
  if (route.instance == nullptr || route.server == nullptr || route.location != nullptr)
    return std::nullopt;
  const auto condition = condition_around(route);
  if (!condition || !passes_on(*route.server, path)) return std::nullopt;
  const Evidence at = condition->evidence();
  const auto line = line_of(host, at.source, at.line);
  if (!line.seen()) return std::nullopt;
  const std::string indent = indentation_of(*line);
  return Edit{at.source,
              at.line,
              {},
              indent + "if ($uri = " + path + ") {\n" + indent + "    break;\n" + indent + "}"};
}

}  // namespace

std::optional<Edit> past_redirect(const Deployment& host, const Route& route) {
  const std::string path = without_query(route.request.path);
  if (route.action.kind != Action::Kind::return_ || !is_plain_path(path)) return std::nullopt;
  if (auto edit = past_condition(host, route, path)) return edit;
  std::set<std::string> passes;
  for (const Route& other : host.routes()) {
    const bool same = other.instance == route.instance && other.server != route.server &&
                      other.action.kind == Action::Kind::proxy_pass && other.location != nullptr &&
                      other.location->pattern == "/";
    if (same) passes.insert(other.action.from.text);
  }
  if (passes.size() != 1) return std::nullopt;
  const Evidence& at = route.location == nullptr ? route.action.from : route.location->from;
  const auto line = line_of(host, at.source, at.line);
  if (!line.seen() || line->find("[redacted]") != std::string::npos) return std::nullopt;
  const std::string indent = indentation_of(*line);
  const std::string own = block(indent, path, {*passes.begin()});
  if (route.location != nullptr) return Edit{at.source, at.line, {}, own};
  // The block itself redirects, before any location is looked at: its line moves into one.
  if (!route.server->locations->empty() || line->substr(indent.size()) != at.text)
    return std::nullopt;
  return Edit{
      at.source, at.line, *line,
      own + "\n" + indent + "location / {\n" + indent + "    " + at.text + "\n" + indent + "}"};
}

}  // namespace hopcheck
