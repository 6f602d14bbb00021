// Requests that another server block answers than the one that is written for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// Why a requested route does not come to the server block that is meant.
struct WrongBlock {
  enum class Why {
    not_named,       ///< no name of the meant block fits the Host: the default block answers
    listen_address,  ///< the meant block does not take connections to this address
    same_name        ///< an earlier block has the same name
  };
  enum class Grounds {
    written,     ///< the site's name stands in the meant block
    misspelt,    ///< one letter is another
    neighbour,   ///< with or without "www."
    only_other,  ///< no other block of this port leads anywhere
  };
  Why why{Why::not_named};
  Grounds grounds{Grounds::written};
  const Route* route{nullptr};  ///< its `server` answers
  const nginx::ServerBlock* meant{nullptr};
  const nginx::Listen* taken_by{nullptr};      ///< of the block that answers
  const nginx::Listen* meant_listen{nullptr};  ///< of the meant one, for this port
  std::string name{};                          ///< of the site
  nginx::Action would{};                       ///< what the meant block does with the path
};

/// The site's host name, lowercase; "" where none is known, or only an address.
std::string site_name(const Target& target);

/// Whether another block is written for this requested route, and leads elsewhere. Nothing where
/// the route does not pass through nginx or nothing is known of the site's name.
Fact<std::optional<WrongBlock>> wrong_block(const Deployment& host, const Route& route);

/// The route's own request with another Host.
Fact<Exchange> probe_as(const Deployment& host, const Route& route, const std::string& name);

/// A request that a load balancer or a user could send, to this host.
Fact<Exchange> ask_this_host(const Deployment& host, const Request& request);

/// The first name of a block that can be sent as a Host; "" where there is none.
std::string plain_name(const nginx::ServerBlock& server);
/// Some name of it is one that people ask for.
bool has_real_name(const nginx::ServerBlock& server);
/// One of its names fits a host, in whatever way.
bool server_is_named(const nginx::ServerBlock& server, const std::string& name);
/// The page that the distribution or nginx.org puts there to be replaced.
bool is_default_site(const nginx::Instance& instance, const nginx::ServerBlock& server);

/// Takes a file out of what nginx includes and loses nothing.
struct LeaveOut {
  std::string command{};  ///< "" where no way is known
  std::string keeps{};    ///< "it is a link, and /etc/nginx/sites-available/default stays"
};
/// A link's target stays, a file in sites-enabled moves to sites-available, and one that is read
/// for its ending gets another.
LeaveOut leave_out(const Deployment& host, const std::string& file);

/// Ways to let the meant block answer requests with these Hosts; each was tried on the
/// configuration as it is read here.
std::vector<Fix> ways_to_meant(const Deployment& host, const WrongBlock& wrong,
                               const std::vector<std::string>& hosts);

/// The warnings of `nginx -t`: "conflicting server name "x" on 0.0.0.0:80, ignored".
Fact<std::vector<std::string>> nginx_warnings(const Deployment& host,
                                              const nginx::Instance& instance);

/// A file with a server block for a name, which nginx does not read.
struct UnusedSite {
  std::string file{};
  Evidence from{};  ///< its server_name
  /// "mv …" or "ln -s …": makes an include of nginx's read it; "" where none is known.
  std::string command{};
};
/// Looked for beside the files that the instance reads, where none of those has the name.
Fact<std::optional<UnusedSite>> unused_site(const Deployment& host, const nginx::Instance& instance,
                                            const std::string& name);

}  // namespace hopcheck
