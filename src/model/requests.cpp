// Requests: the route's own, and the same one past nginx.
#include "hopcheck/proxy_pass.h"
#include "model/state.h"

namespace hopcheck {
namespace {

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
  const bool tls = route.action.target.starts_with("https://");
  return ask_past_nginx(
      *this, route, endpoint.member, tls ? "https" : "http",
      path == Path::as_passed_on ? passed_path(route, route.request.path) : route.request.path);
}

Fact<Exchange> ask_past_nginx(const Deployment& host, const Route& route,
                              const nginx::Member& member, const std::string& scheme,
                              const std::string& path) {
  if (!route.requested())
    return Unseen{Unseen::Why::out_of_scope, route.name + " is never requested", {}};
  Request request = route.request;
  if (!is_responsive(host, route)) request.timeout_ms = kShortPatienceMs;
  request.scheme = scheme;
  request.path = path;
  request.sent_as = "app";
  if (member.is_unix()) {
    request.socket = member.path;
    request.address.clear();
    request.port = 0;
  } else {
    request.address = member.host == "localhost" ? "127.0.0.1" : member.host;
    request.port = member.port;
  }
  const auto exchange = decoded<Exchange>(host.state().host.ask(ask::request(request)),
                                          request.url(), decode_exchange);
  // Our own rights are not nginx's: a refusal of us says nothing of the application.
  if (exchange.seen() && exchange->outcome == Exchange::Outcome::denied) {
    return Unseen{Unseen::Why::denied, "what the application at " + member.text() + " answers",
                  "root"};
  }
  return exchange;
}

}  // namespace hopcheck
