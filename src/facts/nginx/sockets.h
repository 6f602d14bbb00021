// Which server blocks take a connection, by the address that it comes to.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// A server block and the listen through which it takes the connection.
struct Taker {
  const ServerBlock* server{nullptr};
  const Listen* listen{nullptr};
};

/// In the order of the configuration. Throws NotSeen where a name that nginx resolves decides.
std::vector<Taker> connection_takers(const Site& site, const std::string& where, int port);

/// The default server of one listening address.
Taker default_of(const std::vector<Taker>& all);

}  // namespace hopcheck::nginx
