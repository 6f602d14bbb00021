// nginx looks for the connection's own address first, then for the wildcard.
#include "facts/nginx/sockets.h"

#include <algorithm>

#include "facts/nginx/address.h"
#include "facts/nginx/site.h"

namespace hopcheck::nginx {

namespace {

/// Takers of the listens that `fits` accepts, a server at most once.
template <class Fits>
std::vector<Taker> takers(const Site& site, Fits&& fits) {
  std::vector<Taker> out;
  for (const ServerBlock& server : site.servers) {
    const Listen* found = nullptr;
    for (const Listen& listen : server.listens) {
      if (fits(listen) && (found == nullptr || listen.default_server)) found = &listen;
    }
    if (found != nullptr) out.push_back({&server, found});
  }
  return out;
}

std::vector<Taker> takers_at(const Site& site, const std::string& address, int port) {
  return takers(site, [&](const Listen& listen) {
    return listen.path.empty() && listen.port == port && listen.address == address;
  });
}

void throw_where_names_decide(const Site& site, int port) {
  const auto named = takers(site, [&](const Listen& listen) {
    return listen.path.empty() && listen.port == port && canonical_ip(listen.address).empty();
  });
  if (named.empty()) return;
  throw NotSeen({Unseen::Why::undecidable,
                 "which address \"listen " + named.front().listen->address + "\" stands for",
                 {}});
}

}  // namespace

std::vector<Taker> connection_takers(const Site& site, const std::string& where, int port) {
  const std::string path = where.starts_with("unix:") ? where.substr(5) : where;
  if (path.starts_with('/')) {
    return takers(site, [&](const Listen& listen) { return listen.path == path; });
  }
  const std::string address = canonical_ip(where);
  auto out = takers_at(site, address, port);
  if (!out.empty()) return out;
  throw_where_names_decide(site, port);
  const bool v6 = address.find(':') != std::string::npos;
  out = takers_at(site, v6 ? "::" : "0.0.0.0", port);
  if (v6 || !out.empty()) return out;
  out = takers_at(site, "::", port);
  const bool both =
      std::any_of(out.begin(), out.end(), [](const Taker& one) { return !one.listen->only_v6; });
  if (!both) out.clear();
  return out;
}

Taker default_of(const std::vector<Taker>& all) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [](const Taker& one) { return one.listen->default_server; });
  return found == all.end() ? all.front() : *found;
}

std::vector<const ServerBlock*> servers_taking(const Site& site, const std::string& address,
                                               int port) {
  std::vector<const ServerBlock*> out;
  for (const Taker& taker : connection_takers(site, address, port)) out.push_back(taker.server);
  return out;
}

}  // namespace hopcheck::nginx
