// Who is, or is meant to be, behind an endpoint.
#include <algorithm>

#include "model/state.h"

namespace hopcheck {
namespace {

bool is_app_service(const Unit& unit) {
  return unit.name != "nginx.service" && unit.name.ends_with(".service") && !unit.file.empty();
}

const Unit* named(const std::vector<Unit>& units, const std::string& name) {
  const auto found =
      std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
  return found == units.end() ? nullptr : &*found;
}

/// A Python program that no server is known by, of the distribution itself: a daemon, not a site.
bool is_system_daemon(const AppServer& app) {
  return app.kind == AppServer::Kind::other && (app.app.empty() || app.app.rfind("/usr/", 0) == 0);
}

bool same_place(const nginx::Member& endpoint, const nginx::Member& bind) {
  if (endpoint.is_unix()) return socket_path(bind.path) == socket_path(endpoint.path);
  return bind.port != 0 && bind.port == endpoint.port;
}

}  // namespace

std::string socket_path(const std::string& path) {
  std::string clean;
  for (const char c : path) {
    if (c != '/' || clean.empty() || clean.back() != '/') clean += c;
  }
  if (clean.rfind("/var/run/", 0) == 0) clean.erase(0, 4);
  return clean;
}

std::vector<Listener> absolute(std::vector<Listener> listeners, const Partial<Process>* processes) {
  for (auto& listener : listeners) {
    if (listener.path.empty() || listener.path[0] == '/' || listener.path[0] == '@') continue;
    if (processes == nullptr || listener.pids.seen_items().empty()) continue;
    for (const auto& process : processes->seen_items()) {
      if (process.pid != listener.pids.seen_items().front() || !process.cwd.seen()) continue;
      listener.path = *process.cwd + "/" + listener.path;
      break;
    }
  }
  return listeners;
}

const Listener* Deployment::listener_of(const Endpoint& endpoint) const {
  const nginx::Member& member = endpoint.member;
  const std::string host = member.host == "localhost" ? "127.0.0.1" : member.host;
  // Whose directory was not seen may have bound a relative path that is this one.
  const auto name = "/" + member.path.substr(member.path.rfind('/') + 1);
  for (const auto& listener : listeners()->seen_items()) {
    const bool relative =
        !listener.path.empty() && listener.path[0] != '/' && listener.path[0] != '@';
    if (member.is_unix() && relative && ("/" + listener.path).ends_with(name)) {
      throw NotSeen({Unseen::Why::denied, "where the socket " + listener.path + " lies", "root"});
    }
  }
  return listeners()->find([&](const Listener& listener) {
    return member.is_unix()
               ? !listener.path.empty() && socket_path(listener.path) == socket_path(member.path)
               : listener.serves(host, member.port);
  });
}

bool Deployment::surely_unserved(const Endpoint& endpoint) const {
  try {
    return *is_local(endpoint) && listener_of(endpoint) == nullptr;
  } catch (const NotSeen&) {
    return false;
  }
}

Fact<bool> Deployment::is_local(const Endpoint& endpoint) const {
  const std::string& host = endpoint.member.host;
  if (endpoint.member.is_unix() || host == "localhost" || is_loopback(host) || host == "0.0.0.0")
    return true;
  const auto own = addresses();
  if (!own.seen()) return own.unseen();
  return std::find(own->begin(), own->end(), host) != own->end();
}

Fact<const AppServer*> Deployment::app_behind(const Endpoint& endpoint) const {
  const auto& apps = app_servers();
  if (!apps.seen()) return apps.unseen();
  try {
    const Listener* listener = listener_of(endpoint);
    if (listener == nullptr) return static_cast<const AppServer*>(nullptr);
    for (const AppServer& app : *apps) {
      for (const int pid : app.pids) {
        const auto& holders = listener->pids.seen_items();
        if (std::find(holders.begin(), holders.end(), pid) != holders.end()) return &app;
      }
    }
    if (!listener->pids.complete()) return listener->pids.missing().front();
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
  return static_cast<const AppServer*>(nullptr);
}

Fact<const Unit*> Deployment::unit_behind(const Route& route) const {
  const auto& known = units();
  if (!known.seen()) return known.unseen();
  const auto& all = known->seen_items();
  const auto& binds = state_->unit_binds.get([&] {
    std::vector<std::vector<nginx::Member>> of_each;
    for (const auto& unit : all) of_each.push_back(binds_of(unit, state_->host));
    return of_each;
  });
  for (const auto& endpoint : route.endpoints) {
    const auto app = app_behind(endpoint);
    if (app.seen() && *app != nullptr) return named(all, (*app)->unit);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool binds_it =
          std::any_of(binds[i].begin(), binds[i].end(),
                      [&](const nginx::Member& bind) { return same_place(endpoint.member, bind); });
      if (!binds_it) continue;
      const std::string& name = all[i].name;
      const Unit* service = name.ends_with(".socket")
                                ? named(all, name.substr(0, name.size() - 7) + ".service")
                                : &all[i];
      if (service != nullptr) return service;
    }
  }
  if (route.target != nullptr && !route.target->app.unit.value.empty())
    return named(all, route.target->app.unit.value);
  // Behind nginx, the only application unit is the one that is meant.
  if (route.instance == nullptr) return static_cast<const Unit*>(nullptr);
  const auto first = std::find_if(all.begin(), all.end(), is_app_service);
  if (first == all.end()) {
    if (!known->complete()) return known->missing().front();
    return static_cast<const Unit*>(nullptr);
  }
  const bool only = std::none_of(first + 1, all.end(), is_app_service);
  return only ? &*first : nullptr;
}

Fact<std::optional<Deployment::Candidate>> Deployment::looks_meant(const Endpoint& endpoint) const {
  const auto& apps = app_servers();
  if (!apps.seen()) return apps.unseen();
  if (!processes()->complete()) return processes()->missing().front();
  // A route that was not followed may lead to the very listener that looks free.
  if (!endpoints().complete()) return endpoints().missing().front();
  const auto led_to = [&](const Listener& listener) {
    const auto& known = endpoints().seen_items();
    return std::any_of(known.begin(), known.end(), [&](const Endpoint& other) {
      return other.member.is_unix() ? socket_path(other.member.path) == socket_path(listener.path)
                                    : listener.serves(other.member.host, other.member.port);
    });
  };
  std::vector<Candidate> free, alike;
  for (const auto& app : *apps) {
    if (is_system_daemon(app)) continue;
    if (!app.listeners_complete)
      return Unseen{Unseen::Why::denied, "which sockets " + app.text() + " holds", "root"};
    for (const auto& listener : app.listeners) {
      if (led_to(listener)) continue;
      free.push_back({&app, &listener});
      const bool is_unix = listener.kind == Listener::Kind::unix_stream;
      if (is_unix == endpoint.member.is_unix()) alike.push_back(free.back());
    }
  }
  if (alike.size() == 1) return std::optional<Candidate>(alike.front());
  return free.size() == 1 ? std::optional<Candidate>(free.front()) : std::nullopt;
}

}  // namespace hopcheck
