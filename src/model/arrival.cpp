// How requests arrive at this host: where the load balancer sends them, and what it changes.
#include "model/arrival.h"

#include <algorithm>

#include "facts/nginx/address.h"
#include "model/state.h"

namespace hopcheck {
namespace {

constexpr int kHttpsPort = 443;

/// The address that a URL names without a resolver, "" where it names none.
std::string literal_address(const Url& url) {
  if (url.host == "localhost") return "127.0.0.1";
  return nginx::canonical_ip(url.host);
}

/// As a client sends it: with the port where that is not the scheme's own.
std::string host_header(const Url& url) {
  const int own = url.scheme == "https" ? kHttpsPort : 80;
  const bool v6 = url.host.find(':') != std::string::npos;
  if (url.port != own) return address_text(url.host, url.port);
  return v6 ? "[" + url.host + "]" : url.host;
}

/// What the load balancer makes of a request that a user sent to it.
void pass_on(const Deployment& deployment, const LbSettings& lb, const Url& url, Arrival& arrival) {
  Request& request = arrival.request;
  if (url.scheme == "https" && ends_tls_here(deployment, url.port)) {
    request.scheme = "https";
    request.port = url.port;
    return;
  }
  const bool speaks_tls = lb.protocol.value == "https";
  arrival.lb_ends_tls = url.scheme == "https";
  request.scheme = arrival.lb_ends_tls && speaks_tls ? "https" : "http";
  const bool own_port = !arrival.lb_ends_tls && (url.port_given || speaks_tls);
  if (!own_port) request.port = lb.port.value;
  if (lb.proxies.value > 0) request.headers.emplace_back("X-Forwarded-Proto", url.scheme);
}

bool is_wildcard(const std::string& address) {
  return address == "0.0.0.0" || address == "::";
}

/// Of files alone: where nginx listens on this port. Any address will do where it listens on all.
std::string written_address(const Deployment& deployment, int port) {
  std::vector<std::string> named;
  bool on_all = false;
  for (const auto& instance : *deployment.nginx()) {
    for (const auto& server : instance.site->servers) {
      for (const auto& listen : server.listens) {
        if (!listen.path.empty() || listen.port != port) continue;
        on_all = on_all || is_wildcard(listen.address);
        if (!is_wildcard(listen.address)) named.push_back(listen.address);
      }
    }
  }
  std::sort(named.begin(), named.end());
  named.erase(std::unique(named.begin(), named.end()), named.end());
  if (named.empty()) return "0.0.0.0";
  if (named.size() == 1 && !on_all) return named.front();
  throw NotSeen({Unseen::Why::undecidable,
                 "nginx listens on " + named.front() +
                     " and on others: where the request arrives is not known (--address IP)",
                 {}});
}

bool same_request(const Request& a, const Request& b) {
  return a.method == b.method && a.scheme == b.scheme && a.address == b.address &&
         a.port == b.port && a.host == b.host && a.path == b.path;
}

}  // namespace

bool is_own_address(const Deployment& deployment, const std::string& address) {
  if (is_loopback(address)) return true;
  const auto own = deployment.addresses();
  return own.seen() && std::find(own->begin(), own->end(), address) != own->end();
}

std::string arrival_address(const Deployment& deployment, const LbSettings& lb) {
  const auto& sources = lb.sources.value;
  const bool local =
      !sources.empty() && std::all_of(sources.begin(), sources.end(), [](const std::string& cidr) {
        return is_loopback(cidr.substr(0, cidr.find('/')));
      });
  if (local) return sources.front().find(':') != std::string::npos ? "::1" : "127.0.0.1";
  const auto addresses = deployment.addresses();
  if (addresses->empty()) return "127.0.0.1";
  const auto& sockets = deployment.listeners();
  if (sockets.seen()) {
    for (const auto& address : *addresses) {
      for (const auto& listener : sockets->seen_items()) {
        if (listener.serves(address, lb.port.value)) return address;
      }
    }
    // With nothing known of the load balancer, a service on loopback is behind a local proxy.
    if (lb.port.from == From::observation && lb.sources.assumed()) {
      for (const auto& listener : sockets->seen_items()) {
        if (listener.serves("127.0.0.1", lb.port.value)) return "127.0.0.1";
      }
    }
  }
  return addresses->front();
}

bool ends_tls_here(const Deployment& deployment, int port) {
  const auto* instances = deployment.nginx().if_seen();
  if (instances == nullptr) return false;
  for (const auto& instance : *instances) {
    if (!instance.site.seen()) continue;
    for (const auto& server : instance.site->servers) {
      for (const auto& listen : server.listens) {
        if (listen.ssl && listen.port == port) return true;
      }
    }
  }
  return false;
}

Arrival arrival_of(const Deployment& deployment, const Target& target, const Url& url,
                   const std::string& address) {
  Arrival arrival;
  Request& request = arrival.request;
  request.scheme = url.scheme;
  request.port = url.port;
  request.host = host_header(url);
  request.path = url.path;
  const std::string literal = literal_address(url);
  // The load balancer is left out: the URL says itself where on this host it goes.
  const bool direct = !literal.empty() && is_own_address(deployment, literal);
  if (!direct) pass_on(deployment, target.lb, url, arrival);
  if (!address.empty() || direct) {
    request.address = direct && address.empty() ? literal : address;
  } else if (deployment.files_only()) {
    request.address = written_address(deployment, request.port);
  } else {
    request.address = arrival_address(deployment, target.lb);
  }
  return arrival;
}

Request known_request(const Deployment& deployment, const Request& request) {
  const auto known = requested_routes(deployment);
  for (const Route& route : known.seen_items()) {
    if (same_request(route.request, request)) return route.request;
  }
  return request;
}

}  // namespace hopcheck
