// The graph of routes: the load balancer's probe, the site's URL, and every proxied location.
#include <algorithm>

#include "facts/nginx/site.h"
#include "hopcheck/nginx_headers.h"
#include "model/arrival.h"
#include "model/state.h"
#include "model/url.h"

namespace hopcheck {
namespace {

// How much longer than the load balancer we wait, to say how slow the answer is.
constexpr int kPatienceMs = 3000;
constexpr int kSiteTimeoutMs = 8000;

bool holds(const Listener& listener, const std::vector<int>& pids) {
  const auto& holders = listener.pids.seen_items();
  return std::any_of(pids.begin(), pids.end(), [&](int pid) {
    return std::find(holders.begin(), holders.end(), pid) != holders.end();
  });
}

std::string probe_host(const LbSettings& lb, const std::string& address) {
  if (lb.host.value) return *lb.host.value;
  // Balancers that are not told a Host send the target's address, with the port where it is
  // not the scheme's own.
  const int own = lb.protocol.value == "https" ? 443 : 80;
  return lb.port.value == own
             ? (address.find(':') == std::string::npos ? address : "[" + address + "]")
             : address_text(address, lb.port.value);
}

Route probe_of(const Deployment& deployment, const Target& target) {
  const LbSettings& lb = target.lb;
  Route route;
  route.kind = Route::Kind::probe;
  route.target = &target;
  const bool tcp = lb.protocol.value == "tcp";
  route.name = tcp ? "lb connect" : "lb " + lb.method + " " + lb.path.value;
  if (target.name != "default") route.name += " (" + target.name + ")";
  Request& request = route.request;
  request.method = tcp ? "CONNECT" : lb.method;
  request.scheme = lb.protocol.value;
  request.address = arrival_address(deployment, lb);
  request.port = lb.port.value;
  request.host = probe_host(lb, request.address);
  request.path = tcp ? "/" : lb.path.value;
  request.timeout_ms = lb.timeout_ms.value + kPatienceMs;
  request.sent_as = lb.profile.value;
  if (!lb.user_agent.empty()) request.headers.emplace_back("User-Agent", lb.user_agent);
  return route;
}

std::optional<Route> site_of(const Deployment& deployment, const Target& target) {
  if (target.site.url.value.empty()) return std::nullopt;
  const auto url = parse_url(target.site.url.value);
  if (!url) return std::nullopt;
  Route route;
  route.kind = Route::Kind::site;
  route.target = &target;
  route.name = "site GET " + url->path;
  if (target.name != "default") route.name += " (" + target.name + ")";
  Request& request = route.request;
  request.address = arrival_address(deployment, target.lb);
  request.port = target.lb.port.value;
  request.host = url->host;
  request.path = url->path;
  request.timeout_ms = kSiteTimeoutMs;
  request.sent_as = "site";
  if (ends_tls_here(deployment, url->port)) {
    request.scheme = "https";
    request.port = url->port;
  } else if (target.lb.proxies.value > 0) {
    request.headers.emplace_back("X-Forwarded-Proto", url->scheme);
  }
  return route;
}

/// The X-Forwarded headers of a request, which are all that it has of them.
std::map<std::string, std::string> forwarded_headers(const Request& request) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) {
    std::string lower;
    for (const char c : name) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    if (lower.starts_with("x-forwarded-")) headers[lower] = value;
  }
  return headers;
}

/// Follows one route; throws NotSeen where it cannot be followed further.
class Follower {
 public:
  Follower(const Deployment& deployment, Route& route) : deployment_(deployment), route_(route) {}

  void follow() {
    const Request& request = route_.request;
    const Listener* listener = find_listener();
    route_.nodes.push_back("listener:" + (listener != nullptr
                                              ? listener->text()
                                              : address_text(request.address, request.port)));
    if (listener != nullptr && follow_holder(*listener)) return;
    if (follow_written()) return;
    if (listener == nullptr) {
      follow_unit();
      if (route_.endpoints.empty()) add_stopped_nginx();
      return;
    }
    throw NotSeen({Unseen::Why::undecidable,
                   "who answers on port " + std::to_string(request.port) +
                       ": it is neither nginx nor a known app server",
                   listener->pids.complete() ? "" : "root"});
  }

 private:
  const Listener* find_listener() const {
    const auto& sockets = deployment_.listeners();
    if (!sockets.seen()) return nullptr;
    const auto& all = sockets->seen_items();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Listener& listener) {
      return listener.serves(route_.request.address, route_.request.port);
    });
    return found == all.end() ? nullptr : &*found;
  }

  /// By the process that holds the listener.
  bool follow_holder(const Listener& listener) {
    if (const auto* instances = deployment_.nginx().if_seen()) {
      for (const auto& instance : *instances) {
        std::vector<int> pids = instance.workers;
        pids.push_back(instance.master);
        if (instance.master != 0 && holds(listener, pids)) return follow_nginx(instance);
      }
    }
    if (const auto* apps = deployment_.app_servers().if_seen()) {
      for (const auto& app : *apps) {
        if (holds(listener, app.pids)) return follow_app();
      }
    }
    return false;
  }

  /// By what is written: an nginx whose configuration has a listen for it.
  bool follow_written() {
    const auto* instances = deployment_.nginx().if_seen();
    if (instances == nullptr) return false;
    for (const auto& instance : *instances) {
      if (follow_nginx(instance)) return true;
    }
    return false;
  }

  bool follow_nginx(const nginx::Instance& instance) {
    if (!instance.site.seen()) {
      enter(instance);
      throw NotSeen(instance.site.unseen());
    }
    const Request& request = route_.request;
    const auto forwarded = forwarded_headers(request);
    const auto chosen = nginx::choose(*instance.config, *instance.site, request.address,
                                      request.port, request.host, request.path, &forwarded);
    if (!chosen) return false;
    enter(instance);
    route_.server = chosen->server;
    route_.location = chosen->location;
    route_.action = chosen->action;
    route_.access = chosen->access;
    route_.nodes.push_back("server:" + chosen->server->label());
    if (chosen->location != nullptr) {
      route_.nodes.push_back("location:" + chosen->server->label() + " " +
                             chosen->location->pattern);
    }
    follow_action();
    return true;
  }

  void enter(const nginx::Instance& instance) {
    route_.instance = &instance;
    route_.nodes.push_back("nginx:" + instance.conf_path);
    if (!instance.unit.empty()) route_.nodes.push_back("unit:" + instance.unit);
  }

 public:
  void follow_action() {
    if (route_.action.kind == nginx::Action::Kind::unknown) {
      throw NotSeen({Unseen::Why::undecidable, route_.action.reason, {}});
    }
    if (!nginx::is_pass(route_.action.kind)) return;
    if (!route_.action.upstream.empty())
      route_.nodes.push_back("upstream:" + route_.action.upstream);
    for (const auto& member : nginx::members(*route_.instance->site, route_.action)) {
      route_.endpoints.push_back({member});
      route_.nodes.push_back(route_.endpoints.back().node());
    }
    add_unit();
  }

 private:
  bool follow_app() {
    nginx::Member member;
    member.host = route_.request.address;
    member.port = route_.request.port;
    route_.endpoints.push_back({member});
    add_unit();
    return true;
  }

  /// Nobody listens: the unit that would bind this port, if there is one.
  void follow_unit() {
    const auto& units = deployment_.units();
    if (!units.seen()) return;
    follow_app();
    const auto unit = deployment_.unit_behind(route_);
    if (!unit.seen() || *unit == nullptr) route_.endpoints.clear();
  }

  /// Nobody listens and nothing is written to: what keeps nginx from running may be why.
  void add_stopped_nginx() {
    const auto* instances = deployment_.nginx().if_seen();
    if (instances == nullptr) return;
    for (const auto& instance : *instances) {
      if (instance.running.seen() && !*instance.running)
        route_.nodes.push_back("nginx:" + instance.conf_path);
    }
  }

  void add_unit() {
    const auto unit = deployment_.unit_behind(route_);
    if (!unit.seen() || *unit == nullptr) return;
    const std::string& name = (*unit)->name;
    route_.nodes.push_back("unit:" + name);
    const std::string socket = name.substr(0, name.rfind('.')) + ".socket";
    for (const auto& other : deployment_.units()->seen_items()) {
      if (other.name == socket) route_.nodes.push_back("unit:" + socket);
    }
  }

  const Deployment& deployment_;
  Route& route_;
};

void follow(const Deployment& deployment, Route& route) {
  route.nodes.push_back(route.node());
  try {
    Follower(deployment, route).follow();
  } catch (const NotSeen& not_seen) {
    route.followed = not_seen.unseen();
  }
}

/// Whether the location answers who asks this server block for "/". True where that is not known.
bool answers_first_page(const Route& route) {
  nginx::Asked asked;
  asked.host = route.server->names.empty() ? "" : route.server->names.front();
  asked.path = "/";
  try {
    const auto chosen =
        nginx::answer_in(*route.instance->config, *route.instance->site, *route.server, asked);
    return chosen.location == route.location;
  } catch (const NotSeen&) {
    return true;
  }
}

void add_written(const Deployment& deployment, const nginx::Instance& instance,
                 const nginx::ServerBlock& server, const std::vector<nginx::Location>& locations,
                 std::vector<Route>& routes) {
  for (const auto& location : locations) {
    add_written(deployment, instance, server, location.nested, routes);
    if (!nginx::is_pass(location.action.kind)) continue;
    Route route;
    route.name = server.label() + " " + location.pattern;
    route.instance = &instance;
    route.server = &server;
    route.location = &location;
    route.action = location.action;
    route.nodes = {route.node(), "nginx:" + instance.conf_path};
    if (!instance.unit.empty()) route.nodes.push_back("unit:" + instance.unit);
    route.nodes.push_back("server:" + server.label());
    route.nodes.push_back("location:" + server.label() + " " + location.pattern);
    try {
      Follower(deployment, route).follow_action();
    } catch (const NotSeen& not_seen) {
      Unseen why = not_seen.unseen();
      const bool variable = route.action.target.find('$') != std::string::npos;
      why.aside = variable && !answers_first_page(route);
      route.followed = std::move(why);
    }
    routes.push_back(std::move(route));
  }
}

/// An nginx that does not run, is not to start at boot, and that no request leads to: what it is
/// written to pass on concerns nobody. Unseen where one of these is.
Fact<bool> is_switched_off(const Deployment& deployment, const nginx::Instance& instance,
                           const std::vector<Route>& requested) {
  if (deployment.files_only() || !instance.running.seen() || *instance.running) return false;
  for (const auto& route : requested) {
    if (route.instance == &instance || !route.followed.seen()) return false;
  }
  const auto& units = deployment.units();
  if (!units.seen()) return units.unseen();
  for (const auto& unit : units->seen_items()) {
    if (unit.name != "nginx.service" || instance.conf_path != "/etc/nginx/nginx.conf") continue;
    if (!unit.state.seen()) return unit.state.unseen();
    return unit.state->enabled == "disabled" && unit.state->active == "inactive";
  }
  return false;
}

}  // namespace

Partial<Route> requested_routes(const Deployment& deployment) {
  Partial<Route> routes;
  if (deployment.nothing_here()) return routes;
  for (const auto& target : deployment.targets()) {
    try {
      routes.add(probe_of(deployment, target));
      if (auto site = site_of(deployment, target)) routes.add(std::move(*site));
    } catch (const NotSeen& not_seen) {
      routes.add_missing(not_seen.unseen());
    }
  }
  return routes;
}

std::vector<Route> build_routes(const Deployment& deployment) {
  if (deployment.nothing_here()) return {};
  std::vector<Route> routes = requested_routes(deployment).seen_items();
  for (auto& route : routes) follow(deployment, route);
  const auto requested = routes;
  if (const auto* instances = deployment.nginx().if_seen()) {
    for (const auto& instance : *instances) {
      const Fact<bool> off = is_switched_off(deployment, instance, requested);
      if (!instance.site.seen() || (off.seen() && *off)) continue;
      const std::size_t first = routes.size();
      for (const auto& server : instance.site->servers) {
        add_written(deployment, instance, server, *server.locations, routes);
      }
      if (off.seen()) continue;
      for (std::size_t i = first; i < routes.size(); ++i) routes[i].followed = off.unseen();
    }
  }
  return routes;
}

bool Deployment::nothing_here() const {
  for (const auto& target : targets()) {
    if (target.lb.port.from > From::observation || target.lb.path.from > From::observation ||
        target.app.unit.from > From::observation || !target.site.url.value.empty()) {
      return false;
    }
  }
  if (!nginx().seen() || !nginx()->empty()) return false;
  if (const auto* apps = app_servers().if_seen()) {
    const bool any = std::any_of(apps->begin(), apps->end(), [](const AppServer& app) {
      return app.kind != AppServer::Kind::other;
    });
    if (any) return false;
  }
  const auto& known = units();
  if (!known.seen()) return true;
  return std::none_of(known->seen_items().begin(), known->seen_items().end(), [](const Unit& unit) {
    return unit.name != "nginx.service" && !unit.file.empty() &&
           unit.name.rfind(".socket") == std::string::npos;
  });
}

bool Route::through(const std::string& node) const {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

std::string Endpoint::node() const {
  return (member.is_unix() ? "socket:" : "listener:") + member.text();
}

}  // namespace hopcheck
