// What nginx finds once all of http {} was read.
#include <algorithm>

#include "facts/nginx/refusal/judge.h"

namespace hopcheck::nginx {

namespace {

constexpr int kDeepest = 100;

bool is_on(const std::optional<Directive>& directive) {
  return directive && directive->arg(0) == "on";
}

}  // namespace

void Judge::finish_http(std::uint32_t http) {
  if (whole()) finish_upstreams(http);
  for (Problem& problem : late_) refuse_at(config_.nodes[http].end, std::move(problem));
  const Directive block = config_.at(http);
  for (const Directive& server : block.children("server")) {
    finish_locations(http, server.index(), 0);
  }
  if (!whole()) return;
  finish_tls(http);
  finish_variables(http);
}

/// The same place twice: nginx sorts the locations of a block and compares neighbours.
void Judge::finish_locations(std::uint32_t http, std::uint32_t around, int depth) {
  if (depth > kDeepest) return;
  std::map<std::pair<std::string_view, bool>, int> seen;
  std::vector<std::pair<std::string_view, std::uint32_t>> twice;
  for (const Directive& child : config_.at(around).children("location")) {
    finish_locations(http, child.index(), depth + 1);
    const auto place = places_.find(child.index());
    if (place == places_.end() || place->second.regex || place->second.named) continue;
    if (++seen[{place->second.name, place->second.exact}] == 2)
      twice.emplace_back(place->second.name, child.index());
  }
  std::sort(twice.begin(), twice.end());
  for (const auto& [name, node] : twice) {
    refuse_at(config_.nodes[http].end,
              problem_at(node, "duplicate location \"" + std::string(name) + "\""));
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
    refuse_at(config_.nodes[http].end, problem_at(passed.node, std::move(message)));
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
    refuse_at(config_.nodes[http].end,
              problem_at(server.index(),
                         "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive"));
  }
}

}  // namespace hopcheck::nginx
