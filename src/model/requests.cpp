// Requests: the route's own, and the same one past nginx.
#include "model/state.h"

namespace hopcheck {
namespace {

/// The URI that nginx would send on: a URI part in proxy_pass replaces the location's prefix.
std::string passed_uri(const Route& route) {
  const std::string& path = route.request.path;
  if (route.location == nullptr || route.action.kind != nginx::Action::Kind::proxy_pass)
    return path;
  std::string target = route.action.target;
  const auto scheme = target.find("://");
  if (scheme == std::string::npos) return path;
  target.erase(0, scheme + 3);
  std::size_t uri = std::string::npos;
  if (target.rfind("unix:", 0) == 0) {
    const auto colon = target.find(':', 5);
    if (colon != std::string::npos) uri = colon + 1;
  } else {
    uri = target.find('/');
  }
  if (uri == std::string::npos) return path;
  const std::string& pattern = route.location->pattern;
  using Match = nginx::Location::Match;
  const bool prefix = route.location->match == Match::prefix ||
                      route.location->match == Match::prefix_no_regex ||
                      route.location->match == Match::exact;
  if (!prefix || path.rfind(pattern, 0) != 0) return path;
  return target.substr(uri) + path.substr(pattern.size());
}

/// Whether the target's probe got an answer or a plain failure. Where it was waited for in vain,
/// each further request would cost as much time, and perhaps one more worker.
bool is_responsive(const Deployment& host, const Route& route) {
  // Not of routes(): requests are sent before those are known.
  const auto requests = requested_routes(host);
  for (const Route& other : requests.seen_items()) {
    if (other.kind != Route::Kind::probe || other.target != route.target) continue;
    const auto probe = host.probe(other);
    return probe.seen() && probe->outcome != Exchange::Outcome::timed_out;
  }
  return true;
}

}  // namespace

Request request_of(const Deployment& host, const Route& route) {
  Request request = route.request;
  if (route.kind == Route::Kind::site && !is_responsive(host, route))
    request.timeout_ms = kShortPatienceMs;
  return request;
}

Fact<Exchange> Deployment::probe(const Route& route) const {
  if (!route.requested())
    return Unseen{Unseen::Why::out_of_scope, route.name + " is never requested", {}};
  return decoded<Exchange>(state_->host.ask(ask::request(request_of(*this, route))),
                           route.request.url(), decode_exchange);
}

Fact<Exchange> Deployment::direct(const Route& route, const Endpoint& endpoint, Path path) const {
  if (!route.requested())
    return Unseen{Unseen::Why::out_of_scope, route.name + " is never requested", {}};
  if (route.instance != nullptr && route.action.kind != nginx::Action::Kind::proxy_pass) {
    return Unseen{Unseen::Why::undecidable, endpoint.member.text() + " does not speak HTTP", {}};
  }
  Request request = route.request;
  if (!is_responsive(*this, route)) request.timeout_ms = kShortPatienceMs;
  request.scheme = route.action.target.rfind("https://", 0) == 0 ? "https" : "http";
  if (path == Path::as_passed_on) request.path = passed_uri(route);
  request.sent_as = "app";
  if (endpoint.member.is_unix()) {
    request.socket = endpoint.member.path;
    request.address.clear();
    request.port = 0;
  } else {
    request.address = endpoint.member.host == "localhost" ? "127.0.0.1" : endpoint.member.host;
    request.port = endpoint.member.port;
  }
  const auto exchange =
      decoded<Exchange>(state_->host.ask(ask::request(request)), request.url(), decode_exchange);
  // Our own rights are not nginx's: a refusal of us says nothing of the application.
  if (exchange.seen() && exchange->outcome == Exchange::Outcome::denied) {
    return Unseen{Unseen::Why::denied,
                  "what the application at " + endpoint.member.text() + " answers", "root"};
  }
  return exchange;
}

}  // namespace hopcheck
