// What the application answers reaches the client through nginx.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/proxy_pass.h"

using namespace hopcheck;

namespace {

/// What nginx answers of its own accord is what it was told to; a login and a redirect may be
/// meant for those who come through it alone.
bool is_meant(const Exchange& exchange) {
  const int status = exchange.status;
  const bool guard = status == 401 || status == 403 || (status >= 300 && status < 400);
  return exchange.answered() && (guard || author(exchange) == Author::nginx);
}

Request sent_past_nginx(const Route& route, const Endpoint& endpoint) {
  Request request = route.request;
  request.socket = endpoint.member.path;
  if (!endpoint.member.is_unix()) {
    request.address = endpoint.member.host;
    request.port = endpoint.member.port;
  }
  return request;
}

/// The good answer of the application to what nginx sends on, else to the path as it came in.
const Exchange* good_answer(const Deployment& host, const Route& route, const Endpoint& endpoint,
                            Fact<Exchange>& direct, Deployment::Path& path) {
  for (const auto one : {Deployment::Path::as_passed_on, Deployment::Path::as_asked}) {
    path = one;
    direct = host.direct(route, endpoint, path);
    if (is_good(route, *direct)) return direct.if_seen();
  }
  return nullptr;
}

std::string who(const Deployment& host, const Endpoint& endpoint) {
  const auto app = host.app_behind(endpoint);
  if (!app.seen() || *app == nullptr) return endpoint.member.text();
  return (*app)->text() + " on " + endpoint.member.text();
}

}  // namespace

HOPCHECK_CHECK(nginx_same_answer) {
  std::vector<const Route*> passed;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    const bool http = route->action.kind == nginx::Action::Kind::proxy_pass;
    if (route->requested() && route->instance != nullptr && http) passed.push_back(route);
  }
  if (passed.empty())
    return out.not_applicable("no requested route passes through nginx to an HTTP application");
  out.each(passed, [&](const Route* route) {
    const Fact<Exchange> probe = host.probe(*route);
    const Exchange& through = *probe;
    if (is_good(*route, through) || is_meant(through)) return;
    // Where requests hang, the probe's own is asked past nginx; a second one would wait as long
    // again.
    if (route->kind == Route::Kind::site && through.outcome == Exchange::Outcome::timed_out) return;
    const Endpoint& endpoint = route->endpoints.front();
    Fact<Exchange> direct;
    Deployment::Path path{};
    const Exchange* answer = good_answer(host, *route, endpoint, direct, path);
    if (answer == nullptr) return;
    const Exchange& past = *answer;
    Finding finding;
    finding.code = "nginx.answer-differs-from-app";
    finding.title =
        fmt::format("{} {}: {} through nginx, {} from {} itself: the answer changes in nginx",
                    route->request.method, route->request.path,
                    through.answered() ? std::to_string(through.status) : describe(through),
                    past.status, who(host, endpoint));
    finding.about = {route->node()};
    finding.evidence = {cite(route->request, through),
                        cite(sent_past_nginx(*route, endpoint), past)};
    if (route->location != nullptr) finding.evidence.push_back(route->location->from);
    finding.evidence.push_back(route->action.from);
    if (path == Deployment::Path::as_asked) {
      finding.detail = fmt::format(
          "The application knows {} and not the path that nginx makes of it: what "
          "stands behind the address in proxy_pass replaces what the location names.",
          route->request.path);
    }
    out.report(std::move(finding));
  });
}
