// Addresses as nginx's directives write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// The same text for the same IP address ("::0" is "::", "[::1]" is "::1"), "" for anything else.
std::string canonical_ip(std::string_view text);

/// The sockets of a `listen` directive: one, or one a port of a range. Empty: nginx refuses it.
std::vector<Listen> parse_listen(const Directive& directive);

/// A `server` line of an upstream block; nothing where it cannot be understood.
std::optional<Member> parse_member(const Directive& directive);

/// The scheme is cut off: "http://127.0.0.1:8000/x" is {127.0.0.1, 8000}.
struct Place {
  std::string host{};  ///< empty for a Unix socket
  int port{0};         ///< 0: none written and the scheme has no default
  std::string path{};  ///< Unix socket
};
/// What a pass directive names; nothing where it depends on variables or cannot be understood.
std::optional<Place> parse_place(Action::Kind kind, std::string_view target);

/// A port number, or -1.
int parse_port(std::string_view text);

}  // namespace hopcheck::nginx
