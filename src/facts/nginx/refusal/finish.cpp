// What nginx finds once all of http {} was read.
#include <algorithm>
#include <tuple>

#include "facts/nginx/refusal/judge.h"

namespace hopcheck::nginx {

namespace {

bool is_on(const std::optional<Directive>& directive) {
  return directive && directive->arg(0) == "on";
}

}  // namespace

void Judge::finish_http(std::uint32_t http) {
  if (whole()) finish_upstreams(http);
  finish_late(http);
  for (const Block::Location& twice : repeated_) {
    refuse_at_close(
        http, problem_at(twice.node, "duplicate location \"" + std::string(twice.name) + "\""));
  }
  if (!whole()) return;
  finish_tls(http);
  finish_variables(http);
}

/// What http {} itself sets is in force in a server block that sets nothing of the kind.
void Judge::finish_late(std::uint32_t http) {
  const auto in_force = [&](const Late& late) {
    if (!late.in_http) return true;
    const auto servers = config_.at(http).children("server");
    return std::any_of(servers.begin(), servers.end(), [&](const Directive& server) {
      return !server.child(config_.at(late.node).name());
    });
  };
  for (const Late& late : late_) {
    if (!in_force(late)) continue;
    index_ = late.node;
    const Node& node = config_.nodes[index_];
    if (check_script(config_.words[node.first_word + 1])) continue;
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
