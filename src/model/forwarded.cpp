// Whom an application server believes, and where https is lost on a request's way.
#include "hopcheck/forwarded.h"

#include <algorithm>

#include <fmt/format.h>

#include "facts/socket/ip.h"
#include "facts/text/words.h"
#include "hopcheck/packages.h"
#include "model/state.h"

namespace hopcheck {
namespace {

// gunicorn's release from which forwarded_allow_ips takes networks, and the one from which its
// default holds ::1 as well.
constexpr const char* kTakesNetworks = "24.1.1";
constexpr const char* kTrustsIpv6Loopback = "23.0.0";

Unseen undecidable(std::string what) {
  return {Unseen::Why::undecidable, std::move(what), {}};
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> items;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string item(trimmed(std::string_view(text).substr(begin, end - begin)));
    if (!item.empty()) items.push_back(item);
    begin = end + 1;
  }
  return items;
}

/// Whether `peer` (an address or a network) is among the trusted.
bool is_trusted(const std::string& peer, const std::vector<std::string>& trusted, bool networks) {
  const auto source = parse_network(peer);
  const bool dressed = peer.starts_with("::ffff:");
  if (dressed && networks)
    throw NotSeen(undecidable("whether this gunicorn takes " + peer + " for an IPv4 address"));
  for (const auto& entry : trusted) {
    if (entry == "*" || (dressed && entry == peer)) return true;
    if (dressed) continue;  // compared by letter
    if (!networks && entry.find('/') != std::string::npos) continue;
    const auto named = parse_network(entry);
    if (!source || !named) continue;
    const Overlap share = overlap(*source, *named);
    if (share == Overlap::whole) return true;
    if (share == Overlap::partial)
      throw NotSeen(undecidable(fmt::format("{} is trusted, which is a part of {}", entry, peer)));
  }
  return false;
}

/// The addresses from which connections to `endpoint` come.
std::vector<std::string> peers_of(const Deployment& host, const Route& route,
                                  const Endpoint& endpoint) {
  if (route.instance == nullptr) {
    if (is_loopback(route.request.address)) return {"127.0.0.1"};
    return route.target->lb.sources.value;
  }
  if (!*host.is_local(endpoint))
    throw NotSeen(undecidable("whom " + endpoint.member.text() + " on another host trusts"));
  const std::string& to = endpoint.member.host;
  std::string from = to == "localhost" || to.starts_with("127.") ? "127.0.0.1" : to;
  if (const auto bind = nginx::in_force(*route.instance->config, block_of(route), "proxy_bind")) {
    from = bind->arg(0);
    if (from == "off") from = to;
  }
  if (!parse_ip(from)) throw NotSeen(undecidable("from which address nginx connects: " + from));
  // A socket for both families shows IPv4 peers in IPv6's clothes.
  const Listener* listener = host.listener_of(endpoint);
  if (listener != nullptr && listener->address == "::" && from.find(':') == std::string::npos)
    from = "::ffff:" + from;
  return {from};
}

bool only_loopback(const std::vector<std::string>& trusted) {
  return std::all_of(trusted.begin(), trusted.end(),
                     [](const std::string& entry) { return is_loopback(entry); });
}

}  // namespace

std::uint32_t block_of(const Route& route) {
  return route.location != nullptr ? route.location->directive : route.server->directive;
}

bool is_https_site(const Route& route) {
  return route.kind == Route::Kind::site && route.target->site.url.value.starts_with("https://");
}

Fact<Belief> gunicorn_belief(const Deployment& host, const Route& route, const Endpoint& endpoint,
                             const AppServer& server) {
  Belief belief;
  if (endpoint.member.is_unix()) {
    belief.believes = true;
    belief.peer = "a Unix socket";
    return belief;
  }
  try {
    const Located<std::string>& allowed = *server.gunicorn.forwarded_allow_ips;
    belief.from = allowed.from;
    auto trusted = split_list(allowed.value);
    const bool by_default = allowed.from.kind == EvidenceKind::default_;
    const bool has_network = allowed.value.find('/') != std::string::npos;
    if (by_default || has_network) {
      belief.version = *installed_version(host, server, "gunicorn");
      if (by_default && compare_versions(belief.version, kTrustsIpv6Loopback) >= 0)
        trusted.emplace_back("::1");
    }
    const bool networks =
        !belief.version.empty() && compare_versions(belief.version, kTakesNetworks) >= 0;
    const auto peers = peers_of(host, route, endpoint);
    const bool all = std::find(trusted.begin(), trusted.end(), "*") != trusted.end();
    if (peers.empty()) {
      if (!all && !only_loopback(trusted))
        return undecidable("from which addresses the load balancer connects (--lb-source)");
      belief.peer = "an address that is not told (--lb-source)";
      belief.believes = all;
      return belief;
    }
    belief.peer = peers.front();
    belief.believes = std::all_of(peers.begin(), peers.end(), [&](const std::string& peer) {
      return all || is_trusted(peer, trusted, networks);
    });
    return belief;
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

namespace {

/// Throws NotSeen where that cannot be told.
std::string scheme_told(const Route& route) {
  const bool ends_here = route.request.scheme == "https";
  const bool lb_tells = !ends_here && route.target->lb.proxies.value > 0;
  if (!*route.followed) throw NotSeen(undecidable(route.name + " was not followed to its end"));
  if (route.instance == nullptr) {
    if (!lb_tells && !ends_here)
      throw NotSeen(undecidable("whether the load balancer sends X-Forwarded-Proto"));
    return lb_tells ? "https" : "";
  }
  nginx::Received received;
  received.scheme = ends_here ? "https" : "http";
  received.host = route.request.host;
  if (lb_tells) received.headers["x-forwarded-proto"] = "https";
  const auto headers =
      nginx::sent_headers(*route.instance->config, block_of(route), route.action.kind);
  const auto* own = headers.find("X-Forwarded-Proto");
  if (!lb_tells && !ends_here && (own == nullptr || own->value != "$scheme"))
    throw NotSeen(undecidable("whether the load balancer sends X-Forwarded-Proto (proxies is 0)"));
  const auto told =
      nginx::arriving(*route.instance->config, headers, "X-Forwarded-Proto", received);
  if (!told)
    throw NotSeen(undecidable("what nginx makes of " + own->value + " (" + own->from.source + ":" +
                              std::to_string(own->from.line) + ")"));
  return *told;
}

using Lost = HttpsPath::Lost;

/// uWSGI takes the scheme from nginx's parameters and from the header alike.
bool server_believes(const Deployment& host, const Route& route, const AppServer& server) {
  if (server.kind == AppServer::Kind::uwsgi) return true;
  if (server.kind == AppServer::Kind::flask) return false;
  if (server.kind != AppServer::Kind::gunicorn)
    throw NotSeen(undecidable("whose forwarded headers " + server.text() + " believes"));
  const std::string& worker = server.gunicorn.worker_class->value;
  if (worker.find("vicorn") != std::string::npos)
    throw NotSeen(undecidable("whose forwarded headers " + worker + " believes"));
  return gunicorn_belief(host, route, route.endpoints.front(), server)->believes;
}

/// What the application makes of "https" in a header that its server does not believe.
Lost lost_at_app(const Deployment& host, const AppServer& server, const std::string& told) {
  const AppSource source = *app_source(host, server);
  if (source.own_way)
    throw NotSeen(undecidable(
        fmt::format("what the application makes of forwarded headers: {}:{} has a way of its own",
                    source.own_way->source, source.own_way->line)));
  if (!source.proxy_fix) {
    if (source.rest) throw NotSeen(*source.rest);
    return server.kind == AppServer::Kind::gunicorn ? Lost::server : Lost::untrusted;
  }
  if (!source.proxy_fix->x_proto)
    throw NotSeen(undecidable("how many proxies ProxyFix trusts: " + source.proxy_fix->from.text));
  const int wanted = *source.proxy_fix->x_proto;
  if (wanted == 0) return server.kind == AppServer::Kind::gunicorn ? Lost::server : Lost::untrusted;
  const auto values = split_list(told);
  return wanted > static_cast<int>(values.size()) ? Lost::count : Lost::nowhere;
}

}  // namespace

Fact<std::string> told_scheme(const Route& route) {
  try {
    return scheme_told(route);
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

Fact<HttpsPath> https_path(const Deployment& host, const Route& route) {
  try {
    if (!*route.followed || route.endpoints.empty())
      return undecidable(route.name + " does not end at an application");
    HttpsPath path;
    path.ends_here = route.request.scheme == "https";
    path.told = scheme_told(route);
    if (path.told == "http") {
      path.lost = Lost::nginx;
      return path;
    }
    const AppServer* server = *host.app_behind(route.endpoints.front());
    if (server == nullptr) return undecidable("which server answers for " + route.name);
    if (path.told.empty()) {
      const bool by_parameter = server->kind == AppServer::Kind::uwsgi && path.ends_here;
      path.lost = by_parameter ? Lost::nowhere : Lost::untold;
      return path;
    }
    Fact<bool> believes{false};
    try {
      believes = server_believes(host, route, *server);
    } catch (const NotSeen& not_seen) {
      believes = not_seen.unseen();
    }
    if (believes.seen() && *believes && split_list(path.told).size() == 1) return path;
    const Lost lost = lost_at_app(host, *server, path.told);
    // A server of unknown belief may do what the application does not.
    if (lost != Lost::nowhere && !believes.seen()) return believes.unseen();
    path.lost = lost;
    return path;
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

}  // namespace hopcheck
