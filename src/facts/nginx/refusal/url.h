// Addresses as nginx's directives take them, and what nginx says of those that it does not.
#pragma once

#include <string>
#include <string_view>

namespace hopcheck::nginx {

struct UrlRules {
  bool listen{false};    ///< of a `listen`: "80", "*:80", port ranges
  bool uri_part{false};  ///< a URI may follow
  int default_port{0};
};

struct Url {
  std::string error{};  ///< in nginx's words; "" where there is none
  std::string host{};   ///< as written
  int port{0};          ///< 0: none given and no default
  int last_port{0};     ///< of a range, else 0
  bool has_port{false};
  bool is_address{false};  ///< an IP address, `*` or a socket's path: no name to look up
  bool is_unix{false};
  bool has_uri{false};
  std::string address{};  ///< "0.0.0.0", "[::1]", "unix:/run/x"; "" for a name
};

/// "10.0.0.0/8", "::1": also where that is not sure.
bool is_network(std::string_view text);

Url parse_url(std::string_view text, const UrlRules& rules);

}  // namespace hopcheck::nginx
