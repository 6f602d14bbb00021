// Which request headers nginx sends on, as written: what it sets, what its inheritance drops, and
// whose address it takes for the client's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// A header that nginx sets itself; an empty value removes the client's.
struct SentHeader {
  std::string name{};   ///< as in HTTP, also where a uwsgi_param sets it
  std::string value{};  ///< as written: "$scheme"
  Evidence from{};
};

/// The headers that a block sets. A block with any of its own inherits none.
struct SentHeaders {
  std::vector<SentHeader> set{};
  std::vector<SentHeader> dropped{};  ///< of the nearest block around that sets any, where the
                                      ///< block's own replace them
  bool passes_clients{true};          ///< the client's other headers go on, too
  std::uint32_t block{0};             ///< that holds `set`; the asked one where nothing is set

  /// The one of that name (any case) in force; null: none is set.
  const SentHeader* find(const std::string& name) const;
  /// The one that the block around sets and this one neither keeps nor replaces.
  const SentHeader* lost(const std::string& name) const;
};

/// With what the block at `index` passes a request on by `kind`. Throws NotSeen where an include
/// that could not be read may hold more.
SentHeaders sent_headers(const Config& config, std::uint32_t index, Action::Kind kind);

/// A request as it comes to nginx, as far as headers are made of it.
struct Received {
  std::string scheme{};                          ///< of the connection: $scheme
  std::string host{};                            ///< of the Host header
  std::map<std::string, std::string> headers{};  ///< lower-case names
};

/// A header's value with the request's own put in, by way of `map` blocks as well; nothing where
/// it depends on more.
std::optional<std::string> sent_value(const Config& config, const std::string& value,
                                      const Received& request);

/// The header of that name as it comes to the application: nginx's own, else the client's; "" where
/// none arrives. Nothing where that cannot be told.
std::optional<std::string> arriving(const Config& config, const SentHeaders& headers,
                                    const std::string& name, const Received& request);

/// Like the one of nginx.h, for a request that carries these X-Forwarded headers (lower-case names)
/// and no others.
std::optional<Chosen> choose(const Config& config, const Site& site, const std::string& address,
                             int port, const std::string& host, const std::string& path,
                             const std::map<std::string, std::string>* forwarded);

/// What becomes of X-Forwarded-For.
enum class ForwardedFor {
  passed,    ///< as it came
  appended,  ///< with $remote_addr behind it
  replaced,  ///< by $remote_addr
  removed,
  other
};
ForwardedFor forwarded_for(const SentHeaders& headers);

/// The realip module: whose word nginx takes for the client's address.
struct RealIp {
  std::vector<std::string> trusted{};  ///< set_real_ip_from; empty: it is not in use
  std::string header{"X-Real-IP"};
  bool recursive{false};
  std::vector<Evidence> from{};
};
RealIp real_ip(const Config& config, std::uint32_t index);

}  // namespace hopcheck::nginx
