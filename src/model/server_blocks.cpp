// Which server block is meant for a request, where another one answers.
#include "hopcheck/server_blocks.h"

#include <algorithm>

#include "facts/nginx/address.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/names.h"
#include "facts/nginx/site.h"
#include "facts/nginx/uri.h"
#include "model/state.h"
#include "model/url.h"

namespace hopcheck {
namespace {

using nginx::Action;
using nginx::Listen;
using nginx::ServerBlock;
using Why = WrongBlock::Why;
using Grounds = WrongBlock::Grounds;

const Listen* listen_on(const ServerBlock& server, int port) {
  const auto found = std::find_if(
      server.listens.begin(), server.listens.end(),
      [port](const Listen& listen) { return listen.path.empty() && listen.port == port; });
  return found == server.listens.end() ? nullptr : &*found;
}

/// The listen by which a block takes connections to this address.
const Listen* taking(const ServerBlock& server, const std::string& address, int port) {
  const std::string own = nginx::canonical_ip(address);
  const std::string all = own.find(':') == std::string::npos ? "0.0.0.0" : "::";
  const Listen* wildcard = nullptr;
  for (const Listen& listen : server.listens) {
    if (!listen.path.empty() || listen.port != port) continue;
    if (listen.address == own) return &listen;
    if (listen.address == all || (listen.address == "::" && wildcard == nullptr))
      wildcard = &listen;
  }
  return wildcard;
}

bool leads_elsewhere(const Action& a, const Action& b) {
  return a.kind != b.kind || a.target != b.target || a.status != b.status;
}

/// A page, files or an application; a redirect or a refusal is nobody's site.
bool leads_somewhere(const Action& action) {
  return nginx::is_pass(action.kind) || action.kind == Action::Kind::static_;
}

bool share_a_name(const ServerBlock& a, const ServerBlock& b, const std::string& host) {
  return std::any_of(a.names.begin(), a.names.end(), [&](const std::string& name) {
    ServerBlock only;
    only.names = {name};
    return nginx::fitting_name(only, host) &&
           std::any_of(b.names.begin(), b.names.end(),
                       [&](const std::string& other) { return nginx::equal_lower(name, other); });
  });
}

/// One route, and the blocks that could be meant for it.
class Search {
 public:
  Search(const Route& route, std::string name)
      : route_(route), site_(*route.instance->site), name_(std::move(name)) {}

  std::optional<WrongBlock> run() {
    const auto sent = nginx::normal_host(route_.request.host);
    if (sent && *sent != name_) {
      // The load balancer's Host: compare with where the site's own name leads.
      const auto chosen = nginx::choose(*route_.instance->config, site_, route_.request.address,
                                        route_.request.port, name_, route_.request.path);
      if (chosen && chosen->server != route_.server)
        return about(*chosen->server, Why::not_named, Grounds::written);
    }
    return by_name();
  }

 private:
  std::optional<WrongBlock> by_name() {
    const ServerBlock& answers = *route_.server;
    const bool fits = nginx::fitting_name(answers, name_).has_value();
    const auto rivals = nginx::servers_taking(site_, route_.request.address, route_.request.port);
    for (const ServerBlock* server : others()) {
      if (!nginx::fitting_name(*server, name_)) continue;
      const bool rival = std::find(rivals.begin(), rivals.end(), server) != rivals.end();
      if (rival && share_a_name(answers, *server, name_))
        return about(*server, Why::same_name, Grounds::written);
      if (!rival && !fits) return about(*server, Why::listen_address, Grounds::written);
    }
    if (fits) return std::nullopt;
    for (const Grounds grounds : {Grounds::misspelt, Grounds::neighbour}) {
      for (const ServerBlock* server : others()) {
        if (is_like(*server, grounds)) return about(*server, Why::not_named, grounds);
      }
    }
    return only_other();
  }

  std::vector<const ServerBlock*> others() const {
    std::vector<const ServerBlock*> some;
    for (const ServerBlock& server : site_.servers) {
      if (&server != route_.server && listen_on(server, route_.request.port) != nullptr)
        some.push_back(&server);
    }
    return some;
  }

  bool is_like(const ServerBlock& server, Grounds grounds) const {
    return std::any_of(server.names.begin(), server.names.end(), [&](const std::string& name) {
      return grounds == Grounds::misspelt ? nginx::is_misspelt(name, name_)
                                          : nginx::is_neighbour(name, name_);
    });
  }

  std::optional<WrongBlock> only_other() {
    std::optional<WrongBlock> only;
    for (const ServerBlock* server : others()) {
      auto other = about(*server, Why::not_named, Grounds::only_other);
      if (!other) continue;
      if (only && leads_elsewhere(only->would, other->would)) return std::nullopt;
      if (!only) only = std::move(other);
    }
    return only;
  }

  std::optional<WrongBlock> about(const ServerBlock& meant, Why why, Grounds grounds) const {
    WrongBlock wrong;
    wrong.why = why;
    wrong.grounds = grounds;
    wrong.route = &route_;
    wrong.meant = &meant;
    wrong.name = name_;
    wrong.taken_by = taking(*route_.server, route_.request.address, route_.request.port);
    wrong.meant_listen = listen_on(meant, route_.request.port);
    const Request& request = route_.request;
    wrong.would = nginx::answer_in(*route_.instance->config, site_, meant,
                                   {request.address, request.port, name_, request.path})
                      .action;
    if (!leads_somewhere(wrong.would) || !leads_elsewhere(wrong.would, route_.action))
      return std::nullopt;
    return wrong;
  }

  const Route& route_;
  const nginx::Site& site_;
  std::string name_;
};

}  // namespace

std::string site_name(const Target& target) {
  const auto url = parse_url(target.site.url.value);
  if (!url || !nginx::canonical_ip(url->host).empty()) return {};
  return nginx::normal_host(url->host).value_or("");
}

Fact<std::optional<WrongBlock>> wrong_block(const Deployment&, const Route& route) {
  if (!route.requested() || route.instance == nullptr) return std::optional<WrongBlock>{};
  const std::string name = site_name(*route.target);
  if (name.empty() || name == "localhost") return std::optional<WrongBlock>{};
  if (route.server == nullptr) {
    if (!route.followed.seen()) return route.followed.unseen();
    return std::optional<WrongBlock>{};
  }
  try {
    return Search(route, name).run();
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

Fact<Exchange> probe_as(const Deployment& host, const Route& route, const std::string& name) {
  Request request = route.request;
  request.host = name;
  request.sent_as = "site";
  return ask_this_host(host, request);
}

Fact<Exchange> ask_this_host(const Deployment& host, const Request& request) {
  return decoded<Exchange>(host.state().host.ask(ask::request(request)), request.url(),
                           decode_exchange);
}

std::string plain_name(const ServerBlock& server) {
  for (const std::string& name : server.names) {
    if (!nginx::is_placeholder(name) && name.find_first_of("*~^$") == std::string::npos &&
        name.front() != '.')
      return name;
  }
  return {};
}

bool has_real_name(const ServerBlock& server) {
  return std::any_of(server.names.begin(), server.names.end(),
                     [](const std::string& name) { return !nginx::is_placeholder(name); });
}

bool server_is_named(const ServerBlock& server, const std::string& name) {
  return nginx::fitting_name(server, name).has_value();
}

bool is_default_site(const nginx::Instance& instance, const ServerBlock& server) {
  const std::string& file = server.from.source;
  const bool named = file.ends_with("/sites-enabled/default") ||
                     file.ends_with("/sites-enabled/000-default") ||
                     file.ends_with("/conf.d/default.conf");
  if (!named || has_real_name(server)) return false;
  const nginx::Config& config = *instance.config;
  // What somebody made of it may still be called so.
  const auto passes = [](const nginx::Location& location) {
    return nginx::is_pass(location.action.kind);
  };
  return config.at(server.directive).child("return") == std::nullopt &&
         std::none_of(server.locations->begin(), server.locations->end(), passes);
}

}  // namespace hopcheck
