// How requests arrive at this host: where the load balancer sends them, and what it changes.
#pragma once

#include <string>

#include "hopcheck/deployment.h"
#include "model/url.h"

namespace hopcheck {

/// An address of this host, loopback included; false also where its addresses were not seen.
bool is_own_address(const Deployment& deployment, const std::string& address);

/// Where the load balancer's packets arrive: loopback where it is said to be on this host. Throws
/// NotSeen.
std::string arrival_address(const Deployment& deployment, const LbSettings& lb);

/// nginx ends TLS for the site itself where it listens with ssl on the URL's port.
bool ends_tls_here(const Deployment& deployment, int port);

/// A user's request as it arrives here.
struct Arrival {
  Request request{};
  bool lb_ends_tls{false};  ///< the user spoke TLS, and what arrives is plain
};

/// What arrives where a user asks for `url` through this target's load balancer; with `address`,
/// there. A URL that names an address of this host is taken at its word, load balancer or not.
/// Throws NotSeen.
Arrival arrival_of(const Deployment& deployment, const Target& target, const Url& url,
                   const std::string& address = {});

/// The request of the load balancer's probe or of the site's URL that is this one, with all that
/// they send besides; else the request itself.
Request known_request(const Deployment& deployment, const Request& request);

}  // namespace hopcheck
