// Host names: what this system makes of them without asking anybody, and whom it would ask.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// The addresses that /etc/hosts gives a name, in its order; none where it does not have it.
Fact<std::vector<std::string>> addresses_in_hosts(const Deployment& host, const std::string& name);

/// The name servers of /etc/resolv.conf, in its order.
Fact<std::vector<std::string>> name_servers(const Deployment& host);

/// The name for which nginx must ask a resolver of its own on this route, whose target has a
/// variable: "" where it is an address, a socket or the name of an upstream block. Unseen where the
/// request decides it.
Fact<std::string> name_to_resolve(const Route& route);

}  // namespace hopcheck
