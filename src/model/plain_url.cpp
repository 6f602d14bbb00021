// What an answer and a source show of http:// URLs on an https site.
#include <algorithm>

#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"
#include "model/state.h"
#include "model/url.h"

namespace hopcheck {
namespace {

Unseen undecidable(std::string what) {
  return {Unseen::Why::undecidable, std::move(what), {}};
}

/// The server believes a header from us as much as from those who connect for clients.
void require_same_belief(const Deployment& host, const Route& route) {
  if (route.instance != nullptr || route.endpoints.empty()) return;
  const AppServer* server = *host.app_behind(route.endpoints.front());
  if (server == nullptr || server->kind != AppServer::Kind::gunicorn) return;
  Target ours = *route.target;
  ours.lb.sources.value = {route.request.address};
  Route from_us = route;
  from_us.target = &ours;
  const auto belief = gunicorn_belief(host, route, route.endpoints.front(), *server);
  const auto in_us = gunicorn_belief(host, from_us, route.endpoints.front(), *server);
  if (belief->believes != in_us->believes)
    throw NotSeen(undecidable(server->text() + " does not believe this host as it believes the " +
                              "load balancer: its answer to us is not the one to clients"));
}

std::optional<PlainUrl> in_location(const std::string& location, const Url& site) {
  const auto to = parse_url(location);
  if (!to || to->host != site.host) return std::nullopt;
  if (to->scheme == "http") return PlainUrl{PlainUrl::Kind::redirect, location};
  if (to->port == site.port && to->path == site.path)
    return PlainUrl{PlainUrl::Kind::loop, location};
  return std::nullopt;
}

/// The first http:// URL of the site's own name in a page.
std::optional<PlainUrl> in_page(const std::string& body, const Url& site) {
  const std::string wanted = "http://" + site.host;
  for (auto at = body.find(wanted); at != std::string::npos; at = body.find(wanted, at + 1)) {
    const std::size_t behind = at + wanted.size();
    const std::size_t end = std::min(body.find_first_of("\"'<> )\r\n\\", at), body.size());
    if (end < behind) continue;
    // "http://shop.example.com.evil" is somebody else's.
    if (behind == end || body[behind] == '/' || body[behind] == ':' || body[behind] == '?')
      return PlainUrl{PlainUrl::Kind::link, body.substr(at, end - at)};
  }
  return std::nullopt;
}

}  // namespace

Fact<std::optional<PlainUrl>> plain_url(const Deployment& host, const Route& route) {
  using Found = std::optional<PlainUrl>;
  try {
    const auto site = parse_url(route.target->site.url.value);
    const Fact<Exchange> exchange = host.probe(route);
    if (!site || !exchange->answered()) return Found{};
    require_same_belief(host, route);
    const int status = exchange->status;
    if (status >= 300 && status < 400) return in_location(exchange->header("Location"), *site);
    return in_page(exchange->body, *site);
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

namespace {

void add_answer(const Deployment& host, const Route& route, const PlainUrl& plain, Minds& minds) {
  const Fact<Exchange> exchange = host.probe(route);
  minds.seen = true;
  minds.evidence.push_back(cite(route.request, *exchange));
  const bool link = plain.kind == PlainUrl::Kind::link;
  minds.evidence.push_back({EvidenceKind::probe, minds.evidence.back().source, 0,
                            (link ? "the page: " : "Location: ") + plain.url, true});
  minds.words = plain.kind == PlainUrl::Kind::loop ? "it redirects " + plain.url + " to itself"
                : link                             ? "its page links to " + plain.url
                                                   : "it redirects to " + plain.url;
}

void add_source(const AppSource& source, Minds& minds) {
  Evidence from;
  if (!source.asks_scheme.empty()) {
    from = source.asks_scheme.front();
  } else if (source.proxy_fix && source.proxy_fix->x_proto.value_or(0) > 0) {
    from = source.proxy_fix->from;
  } else {
    return;
  }
  minds.words = from.source + ":" + std::to_string(from.line) + " asks for the scheme";
  minds.evidence.push_back(std::move(from));
}

}  // namespace

Fact<Minds> minds_scheme(const Deployment& host, const Route& route) {
  Minds minds;
  const auto plain = plain_url(host, route);
  if (plain.seen() && *plain) {
    add_answer(host, route, **plain, minds);
    return minds;
  }
  try {
    const AppServer* server =
        route.endpoints.empty() ? nullptr : *host.app_behind(route.endpoints.front());
    if (server == nullptr) return undecidable("which application answers for " + route.name);
    const AppSource source = *app_source(host, *server);
    add_source(source, minds);
    if (!minds.any() && source.rest) return *source.rest;
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
  if (!minds.any() && !plain.seen()) return plain.unseen();
  return minds;
}

}  // namespace hopcheck
