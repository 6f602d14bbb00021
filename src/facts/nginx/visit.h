// One request on its way through the server block and its locations.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "facts/nginx/regex.h"
#include "facts/nginx/site.h"
#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// What is known of the request so far; nginx's internal redirects change it.
struct Visit {
  const Config* config{nullptr};
  const Site* site{nullptr};
  const ServerBlock* server{nullptr};
  const Asked* asked{nullptr};
  bool tls{false};
  bool mapped{false};   ///< IPv4 on an IPv6 socket: addresses are "::ffff:10.0.0.1"
  bool proxied{false};  ///< the socket expects the PROXY protocol

  std::string client{};        ///< "": not known
  bool client_is_real{false};  ///< a trusted proxy named it

  std::string http_host{};    ///< as sent; of a bad first line nothing is read
  std::string host{};         ///< normalised, "" where none was sent
  std::string request_uri{};  ///< as sent, without the host of an absolute target
  bool headers_read{true};    ///< false: a bad Host ended the reading

  long long body{0};  ///< bytes that are still to come
  std::string method{};
  std::string uri{};  ///< decoded, rewritten
  std::string args{};
  bool quoted{false};           ///< a "%" was in the path
  bool escapes{false};          ///< a "%" or "+" was: what goes into redirects is escaped
  bool unparsed_valid{true};    ///< the URI as sent still stands
  bool location_valid{true};    ///< the location's pattern is the URI's begin
  bool internal{false};         ///< after a redirect inside nginx
  bool uri_after_alias{false};  ///< try_files found a file under a regex location's alias

  std::map<std::string, std::optional<std::string>, std::less<>> values{};  ///< nothing: not known
  std::vector<std::string> captures{};                                      ///< $1 is number 1
  std::optional<std::map<std::string, std::vector<std::uint32_t>>> defined{};

  int lookups{0};       ///< by maps, so far
  int lookup_depth{0};  ///< of maps that ask maps, now

  std::vector<const Location*> chain{};    ///< from the outermost to the one that answers
  std::vector<std::uint32_t> around{};     ///< the block in force last, before it those around it
  std::optional<std::uint32_t> handler{};  ///< the block whose pass, or the like, answers
  std::vector<std::string> notes{};
  std::vector<Step> steps{};
};

/// A part of a text with variables.
struct Piece {
  enum class Kind { literal, capture, variable };
  Kind kind{Kind::literal};
  std::string_view text{};  ///< the literal, the capture's digit, the variable's name
};
std::vector<Piece> pieces_of(std::string_view text);

/// $1 and its like; "" where nothing was captured.
std::string capture(const Visit& visit, std::string_view digit);

/// A variable's value; nothing where nginx alone knows it. `fresh`: what may have changed is
/// looked up again.
std::optional<std::string> value_of(Visit& visit, std::string_view name, bool fresh = true);

/// The text's pieces with their values; nothing where one is known to nginx alone, or where looking
/// up one changes another before it: nginx measures first and writes then.
std::optional<std::vector<std::string>> values_of(Visit& visit, const std::vector<Piece>& pieces,
                                                  bool fresh = true);

/// The text with its variables replaced; nothing where one is known to nginx alone.
std::optional<std::string> expand(Visit& visit, std::string_view text, bool fresh = true);

/// A request header by its name in variables ("x_forwarded_for"), "" where there is none; nothing
/// where it is not known.
std::optional<std::string> sent_header(const Visit& visit, std::string_view name);

/// Puts the client in the place of the proxy that set_real_ip_from names where the request is now.
void take_real_client(Visit& visit);

/// By `map`, `geo` and `split_clients` blocks; nothing where they cannot be decided.
std::optional<std::string> looked_up(Visit& visit, const Directive& block);

/// Whether the pattern matches; if so, its parentheses become $1 … and variables.
bool matches(Visit& visit, std::string_view pattern, bool caseless, std::string_view subject);

/// The directive of that name in force where the request is now.
std::optional<Directive> in_force(const Visit& visit, std::string_view name);
/// All of that name in the nearest block that has one.
std::vector<Directive> all_in_force(const Visit& visit, std::string_view name);
bool is_on(const Visit& visit, std::string_view name, bool otherwise);
/// "8m" in bytes; -1 where it is no size.
long long size_of(std::string_view text);

/// The first name of a server block as nginx itself writes it.
std::string own_name(const ServerBlock& server);
/// $server_addr, $remote_addr; "" where the latter is not known.
std::string own_address(const Visit& visit);
std::string client_address(const Visit& visit);

/// The file that nginx looks for now: root, or alias, and the URI. Nothing where that depends on
/// what nginx alone knows; `refused` where nginx answers 500.
struct FilePath {
  std::string text{};
  std::size_t root{0};  ///< the length of what stands before the URI
  bool refused{false};
};
std::optional<FilePath> file_path(Visit& visit);
/// root and alias in force.
struct Base {
  Files files{};
  const Location* owner{nullptr};  ///< of an alias
  std::size_t cut{0};              ///< so much of the URI an alias replaces
  bool whole{false};               ///< the alias of a regex location is the whole path
};
Base base_of(const Visit& visit);

Fact<FileSeen> look(const Visit& visit, const std::string& path);

/// What the rewrite directives of one block came to.
struct Rewritten {
  std::optional<Action> answer{};  ///< a return, a redirect, or what cannot be known
  bool error{false};               ///< the answer is a status with nginx's own page
  bool changed{false};             ///< another location is to be looked for
};
/// Runs return, rewrite, set, if and break of the block at `index`.
Rewritten run_rewrites(Visit& visit, std::uint32_t index);

/// Where a URI leads: the locations from the outermost to the one that answers; empty: the
/// server block itself. `redirect`: "/x" is sent to "/x/" (301).
struct Found {
  std::vector<const Location*> chain{};
  bool redirect{false};
};
Found find_location(Visit& visit);

/// The answer to a request that has its server block. `failed`: the status with which reading it
/// ended, else 0.
Chosen answer(Visit& visit, int failed, const std::string& why);

}  // namespace hopcheck::nginx
