// One way through the host: from a source and a destination address to what answers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/app.h"
#include "hopcheck/http.h"
#include "hopcheck/nginx.h"
#include "hopcheck/settings.h"

namespace hopcheck {

/// The end of a route: one member of an upstream, or an address named by proxy_pass, or the
/// app server that the load balancer talks to itself.
struct Endpoint {
  nginx::Member member{};
  /// "socket:/run/x.sock" or "listener:127.0.0.1:8000".
  std::string node() const;
};

/// A route is known as far as it could be followed; `cut` says where and why it ends early.
struct Route {
  enum class Kind { probe, site, written };  ///< only the first two are ever requested
  Kind kind{Kind::written};
  std::string name{};  ///< "lb GET /health", "site GET /", "shop.conf:12 /static/"
  const Target* target{nullptr};
  Request request{};  ///< of the requested kinds
  const nginx::Instance* instance{nullptr};
  const nginx::ServerBlock* server{nullptr};
  const nginx::Location* location{nullptr};
  nginx::Action action{};
  std::vector<nginx::AccessRule> access{};  ///< nginx's allow and deny lines in force
  std::vector<Endpoint> endpoints{};        ///< behind nginx; or the one that is probed directly
  std::vector<std::string> nodes{};         ///< of the route graph, from the load balancer inwards
  Fact<bool> followed{true};  ///< unseen: why the route could not be followed to its end

  bool requested() const { return kind != Kind::written; }
  bool through(const std::string& node) const;
  std::string node() const { return "route:" + name; }
};

}  // namespace hopcheck
