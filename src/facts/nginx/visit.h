// One request on its way through the server block and its locations.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "facts/nginx/regex.h"
#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// What is known of the request so far; nginx's internal redirects change it.
struct Visit {
  const Config* config{nullptr};
  const ServerBlock* server{nullptr};
  const Listen* listen{nullptr};
  std::string address{};
  int port{0};
  std::string http_host{};    ///< as sent
  std::string host{};         ///< normalised
  std::string request_uri{};  ///< as sent
  std::string uri{};          ///< decoded, rewritten
  std::string args{};
  /// X-Forwarded headers as sent, under lower-case names; nullptr: not known.
  const std::map<std::string, std::string>* forwarded{nullptr};
  std::map<std::string, std::optional<std::string>, std::less<>> variables{};  ///< of `set`
  Captures captures{};
  bool merge_slashes{true};
  bool internal{false};  ///< after a redirect inside nginx
  std::vector<std::string> notes{};
};

/// The text with its variables replaced; nothing where one is known to nginx alone.
std::optional<std::string> expand(const Visit& visit, std::string_view text);

/// What the rewrite directives of one block came to.
struct Rewritten {
  std::optional<Action> answer{};         ///< a return, a redirect, or what cannot be known
  bool changed{false};                    ///< another location is to be looked for
  std::optional<std::uint32_t> inside{};  ///< the `if` block whose condition held last
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

/// The answer to a request that has its server block.
Chosen answer(Visit& visit, const Site& site);

}  // namespace hopcheck::nginx
