// What nginx finds once all of http {} was read.
#include <algorithm>
#include <tuple>

#include "facts/nginx/refusal/judge.h"

namespace hopcheck::nginx {

namespace {

bool is_on(const std::optional<Directive>& directive) {
  return directive && directive->arg(0) == "on";
}

/// The zone that limit_req, limit_conn or a cache names.
std::optional<std::string_view> zone_of(std::string_view name,
                                        std::span<const std::string_view> words) {
  if (name == "limit_req") {
    for (const std::string_view word : words) {
      if (word.starts_with("zone=")) return word.substr(5);
    }
    return std::nullopt;
  }
  if (words.front() == "off" || words.front().find('$') != std::string_view::npos)
    return std::nullopt;
  return words.front();
}

}  // namespace

void Judge::finish_http(std::uint32_t http) {
  if (whole()) {
    finish_upstreams(http);
    finish_keys(http);
  }
  finish_late(http);
  for (const Block::Location& twice : repeated_) {
    refuse_at_close(
        http, problem_at(twice.node, "duplicate location \"" + std::string(twice.name) + "\""));
  }
  if (!whole()) return;
  finish_tls(http);
  finish_zones(http);
  finish_variables(http);
}

/// What http {} itself sets is in force in a server block that sets nothing of the kind.
bool Judge::in_force(const Late& late, std::uint32_t http) const {
  const auto& nodes = config_.nodes;
  bool found = !late.in_http;
  for (std::uint32_t i = http + 1; !found && i < nodes[http].end; i = nodes[i].end)
    found = config_.at(i).name() == "server" && !config_.at(i).child(config_.at(late.node).name());
  return found;
}

void Judge::finish_late(std::uint32_t http) {
  for (const Late& late : late_) {
    if (!in_force(late, http)) continue;
    index_ = late.node;
    const Node& node = config_.nodes[index_];
    if (check_script(config_.arguments(node)[1])) continue;
    Problem problem = std::move(refusals_.back().problem);
    refusals_.pop_back();
    refuse_at_close(http, std::move(problem));
  }
}

/// The same place twice: nginx sorts the locations of a block and compares neighbours.
void Judge::leave_locations(Block& closed) {
  const auto key = [](const Block::Location& one) { return std::tie(one.name, one.exact); };
  std::stable_sort(closed.locations.begin(), closed.locations.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
  for (std::size_t i = 1; i < closed.locations.size(); ++i) {
    if (key(closed.locations[i]) == key(closed.locations[i - 1]))
      repeated_.push_back(closed.locations[i]);
  }
}

void Judge::finish_upstreams(std::uint32_t http) {
  for (const Passed& passed : passed_) {
    std::string message;
    if (passed.declared) {
      int members = 0;
      int backups = 0;
      for (const Directive& server : config_.at(passed.node).children("server")) {
        const auto words = server.args();
        ++members;
        if (std::find(words.begin(), words.end(), "backup") != words.end()) ++backups;
      }
      if (members == 0 || members > backups) continue;
      message = "no servers in upstream \"";
    } else {
      if (passed.port != 0 || passed.url.is_unix) continue;
      message = "no port in upstream \"";
    }
    message += passed.host + "\"";
    refuse_at_close(http, problem_at(passed.node, std::move(message)));
  }
}

/// As many keys as certificates, of the server block or else of http {}.
void Judge::finish_keys(std::uint32_t http) {
  if (!has_certificates_) return;
  const Directive block = config_.at(http);
  const auto certificates = block.children("ssl_certificate");
  const auto keys = block.children("ssl_certificate_key");
  const auto or_else = [](std::vector<Directive> own, const std::vector<Directive>& outer) {
    return own.empty() ? outer : own;
  };
  for (const Directive& server : block.children("server")) {
    const auto held = or_else(server.children("ssl_certificate"), certificates);
    if (held.size() <= or_else(server.children("ssl_certificate_key"), keys).size() ||
        is_on(server.child("ssl")))
      continue;
    std::string message = "no \"ssl_certificate_key\" is defined for certificate \"" +
                          std::string(held.back().arg(0)) + "\"";
    refuse_at_close(http, problem_at(held.back().index(), std::move(message)));
  }
}

void Judge::certificate(Arguments) {
  has_certificates_ = true;
}

void Judge::give_zone(Arguments words) {
  for (const std::string_view word : words) {
    const std::size_t equals = word.find("zone=");
    if (equals != word.npos)
      given_zones_.insert(word.substr(equals + 5, word.find(':', equals) - equals - 5));
  }
}

void Judge::use_zone(Arguments words) {
  if (zone_of(word().name, words)) zones_.push_back({index_, block().context == context::http});
}

/// Shared memory that nothing gives a size.
void Judge::finish_zones(std::uint32_t http) {
  if (zones_.empty()) return;
  for (const Late& use : zones_) {
    const Node& node = config_.nodes[use.node];
    const std::string_view name = config_.name(node);
    const auto zone = zone_of(name, config_.arguments(node));
    if (given_zones_.count(*zone) > 0) continue;
    const std::string quoted = "\"" + std::string(*zone) + "\"";
    if (name.starts_with("limit_")) {
      refuse_at(kAtEnd, problem_at(use.node, "zero size shared memory zone " + quoted));
    } else if (in_force(use, http)) {
      refuse_at_close(http, problem_at(use.node, "\"" + std::string(name) + "\" zone " + quoted +
                                                     " is unknown"));
    }
  }
}

void Judge::finish_tls(std::uint32_t http) {
  const Directive block = config_.at(http);
  const auto given = [&](const Directive& server, std::string_view name) {
    const auto own = server.child(name);
    return own ? own : block.child(name);
  };
  for (const auto& [key, socket] : sockets_) {
    if (!socket.ssl) continue;
    const Directive server = config_.at(socket.default_server.value_or(socket.first_server));
    if (given(server, "ssl_certificate") || is_on(given(server, "ssl_reject_handshake"))) continue;
    refuse_at_close(
        http, problem_at(server.index(),
                         "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive"));
  }
}

}  // namespace hopcheck::nginx
