// The access module: allow and deny by the client's address.
#include "facts/socket/ip.h"
#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

const AccessRule* deciding_rule(const std::vector<AccessRule>& rules, const std::string& client) {
  const auto network = parse_network(client);
  if (!network) throw NotSeen({Unseen::Why::malformed, "'" + client + "' is no address", {}});
  for (const auto& rule : rules) {
    if (rule.source == "all") return &rule;
    const auto named = parse_network(rule.source);
    if (!named) continue;  // "unix:" and the like: not for a client with an address
    const Overlap share = overlap(*network, *named);
    if (share == Overlap::whole) return &rule;
    if (share == Overlap::partial) {
      throw NotSeen({Unseen::Why::undecidable,
                     rule.from.source + ":" + std::to_string(rule.from.line) +
                         " holds for a part of " + client,
                     {}});
    }
  }
  return nullptr;
}

}  // namespace hopcheck::nginx
