// What stands behind proxy_pass, taken apart, and requests past nginx to where it leads.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// "http://127.0.0.1:5000/x" in its parts.
struct ProxyPass {
  std::string scheme{};  ///< "http", "https"; "" where a variable holds it
  std::string place{};   ///< "127.0.0.1:5000", "unix:/run/x.sock", "$backend"
  std::string uri{};     ///< "/x"; "" where none is written
};
ProxyPass proxy_pass_of(const std::string& target);

namespace nginx {

/// A text with the values of variables in it, and the `set` lines that give them.
struct Valued {
  std::string text{};
  std::vector<Evidence> from{};
};
/// Puts in the variables to which the `set` lines of the block at `index`, or of those around it,
/// give one value; what depends on the request stays as it is.
Valued with_values(const Config& config, std::uint32_t index, const std::string& text);

}  // namespace nginx

/// The location that passes a route's requests on: "location:shop.example.com /api/".
std::string location_node(const Route& route);

/// The answer is such as the load balancer, or a user of the site, wants it.
bool is_good(const Route& route, const Exchange& exchange);

/// The target as it stands in the file, where `action.target` may have the values of variables.
std::string written_target(const Route& route);

/// The path of a request to the application when nginx was asked for `path` on this route: a URI
/// part in proxy_pass replaces the location's prefix, or all of it where there are variables.
std::string passed_path(const Route& route, const std::string& path);

/// The route's own request past nginx, for `path`. We speak "http" or "https" to `member`.
Fact<Exchange> ask_past_nginx(const Deployment& host, const Route& route,
                              const nginx::Member& member, const std::string& scheme,
                              const std::string& path);

}  // namespace hopcheck
