// Which server block takes a connection and a Host header.
#include <algorithm>
#include <unordered_set>

#include "facts/nginx/address.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/site.h"
#include "facts/nginx/uri.h"
#include "facts/nginx/visit.h"
#include "hopcheck/nginx_headers.h"

namespace hopcheck::nginx {

namespace {

/// A server block and the listen through which it takes the connection.
struct Taker {
  const ServerBlock* server{nullptr};
  const Listen* listen{nullptr};
};

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

/// nginx looks for the connection's own address first, then for the wildcard.
std::vector<Taker> connection_takers(const Site& site, const std::string& where, int port) {
  std::string path = where.starts_with("unix:") ? where.substr(5) : where;
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

struct NameMatch {
  Taker taker{};
  std::size_t length{0};
};

/// The name tables of one listening address; of equal names the first counts.
class NameTable {
 public:
  explicit NameTable(const std::string& host) : host_(host) {}

  void add(const Taker& taker, std::string_view written) {
    const std::string name = lower(written);
    if (name.starts_with('~')) {
      regexes_.push_back({taker, written.substr(1)});
    } else if (name == "$hostname") {
      hostname_ = true;
    } else if (name.starts_with("*.")) {
      leading(taker, name.substr(1));
    } else if (name.starts_with('.')) {
      if (!plain_.insert(name.substr(1)).second) return;
      if (host_ == name.substr(1) && leading_.length < name.size() && !heads_.contains(name)) {
        leading_ = {taker, name.size()};
      }
      leading(taker, name);
    } else if (name.ends_with(".*")) {
      trailing(taker, name.substr(0, name.size() - 1));
    } else if (plain_.insert(name).second && name == host_) {
      exact_ = {taker, name.size()};
    }
  }

  std::optional<std::pair<Taker, Chosen::By>> find() const {
    if (exact_.taker.server != nullptr) return {{exact_.taker, Chosen::By::exact}};
    if (leading_.taker.server != nullptr) {
      return {{leading_.taker, Chosen::By::leading_wildcard}};
    }
    if (trailing_.taker.server != nullptr) {
      return {{trailing_.taker, Chosen::By::trailing_wildcard}};
    }
    if (host_.empty()) return std::nullopt;
    for (const auto& [taker, pattern] : regexes_) {
      const bool caseless = lower(pattern) != pattern;
      if (regex_match(pattern, caseless, host_)) return {{taker, Chosen::By::regex}};
    }
    return std::nullopt;
  }
  /// Some name is that of the machine, which a configuration does not tell.
  bool has_hostname() const { return hostname_; }

 private:
  void leading(const Taker& taker, const std::string& suffix) {
    if (!heads_.insert(suffix).second || !host_.ends_with(suffix)) return;
    if (leading_.length < suffix.size()) leading_ = {taker, suffix.size()};
  }
  void trailing(const Taker& taker, const std::string& prefix) {
    if (!tails_.insert(prefix).second || !host_.starts_with(prefix)) return;
    if (trailing_.length < prefix.size()) trailing_ = {taker, prefix.size()};
  }

  const std::string& host_;
  NameMatch exact_{};
  NameMatch leading_{};
  NameMatch trailing_{};
  std::vector<std::pair<Taker, std::string_view>> regexes_{};
  std::unordered_set<std::string> plain_{};
  std::unordered_set<std::string> heads_{};
  std::unordered_set<std::string> tails_{};
  bool hostname_{false};
};

Taker default_of(const std::vector<Taker>& all) {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [](const Taker& one) { return one.listen->default_server; });
  return found == all.end() ? all.front() : *found;
}

/// An include outside every server block could not be read: other blocks may be in it.
const Unseen* missing_servers(const Config& config, const Site& site) {
  if (site.missing.empty()) return nullptr;
  for (const Directive& node : config.top()) {
    const bool hole = node.name() == "include" || (node.name() == "http" && node.child("include"));
    if (hole) return &site.missing.front();
  }
  return nullptr;
}

std::pair<Taker, Chosen::By> by_name(const Config& config, const Site& site,
                                     const std::vector<Taker>& all, const std::string& host) {
  NameTable table(host);
  for (const Taker& taker : all) {
    if (taker.server->names.empty()) table.add(taker, "");
    for (const std::string& name : taker.server->names) table.add(taker, name);
  }
  const auto found = table.find();
  if (found && found->second == Chosen::By::exact && !host.empty()) return *found;
  if (const Unseen* hole = missing_servers(config, site)) throw NotSeen(*hole);
  if (table.has_hostname() && !host.empty()) {
    throw NotSeen({Unseen::Why::undecidable,
                   "whether " + host + " is the $hostname that a server_name means",
                   {}});
  }
  const Taker fallback = default_of(all);
  if (!found || (host.empty() && found->first.server == fallback.server)) {
    return {fallback, Chosen::By::default_};
  }
  return *found;
}

/// The URI is read before the Host: the default server's setting counts.
bool merges_slashes(const Config& config, const ServerBlock& server) {
  auto setting = config.at(server.directive).child("merge_slashes");
  const auto http = http_around(config, server.directive);
  if (!setting && http) setting = config.at(*http).child("merge_slashes");
  return !setting || !equal_lower(setting->arg(0), "off");
}

/// What the parentheses of the server's regex name matched.
Captures name_captures(const ServerBlock& server, const std::string& host) {
  for (const std::string& name : server.names) {
    if (!name.starts_with('~')) continue;
    if (auto match = regex_match(name.substr(1), lower(name) != name, host)) return *match;
  }
  return {};
}

Chosen answer_of(const Config& config, const Site& site, const Taker& taker,
                 const ServerBlock& first, const Asked& asked) {
  Visit visit;
  visit.config = &config;
  visit.server = taker.server;
  visit.listen = taker.listen;
  visit.address = asked.address;
  visit.port = asked.port;
  visit.http_host = asked.host;
  visit.request_uri = asked.path;
  visit.forwarded = asked.forwarded;
  visit.merge_slashes = merges_slashes(config, first);
  const auto name = normal_host(asked.host);
  if (name && fitting_name(*taker.server, *name) == Chosen::By::regex)
    visit.captures = name_captures(*taker.server, *name);
  return answer(visit, site);
}

}  // namespace

std::optional<Chosen::By> fitting_name(const ServerBlock& server, const std::string& host) {
  NameTable table(host);
  const Taker taker{&server, nullptr};
  for (const std::string& name : server.names) table.add(taker, name);
  const auto found = table.find();
  return found ? std::optional(found->second) : std::nullopt;
}

std::vector<const ServerBlock*> servers_taking(const Site& site, const std::string& address,
                                               int port) {
  std::vector<const ServerBlock*> out;
  for (const Taker& taker : connection_takers(site, address, port)) out.push_back(taker.server);
  return out;
}

Chosen answer_in(const Config& config, const Site& site, const ServerBlock& server,
                 const Asked& asked) {
  static const Listen none;
  const Listen* listen = server.listens.empty() ? &none : &server.listens.front();
  return answer_of(config, site, {&server, listen}, server, asked);
}

std::optional<Chosen> choose(const Config& config, const Site& site, const Asked& asked) {
  const auto all = connection_takers(site, asked.address, asked.port);
  if (all.empty()) {
    if (const Unseen* hole = missing_servers(config, site)) throw NotSeen(*hole);
    return std::nullopt;
  }
  const auto name = normal_host(asked.host);
  const auto [taker, by] =
      name ? by_name(config, site, all, *name) : std::pair(default_of(all), Chosen::By::default_);
  Chosen out = answer_of(config, site, taker, *default_of(all).server, asked);
  out.server_by = by;
  return out;
}

std::optional<Chosen> choose(const Config& config, const Site& site, const std::string& address,
                             int port, const std::string& host, const std::string& path) {
  return choose(config, site, address, port, host, path, nullptr);
}

std::optional<Chosen> choose(const Config& config, const Site& site, const std::string& address,
                             int port, const std::string& host, const std::string& path,
                             const std::map<std::string, std::string>* forwarded) {
  Asked asked;
  asked.address = address;
  asked.port = port;
  asked.host = host;
  asked.path = path;
  asked.forwarded = forwarded;
  return choose(config, site, asked);
}

}  // namespace hopcheck::nginx
