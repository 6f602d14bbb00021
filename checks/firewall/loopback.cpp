// The host's firewall lets nginx talk to the application on this host.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/firewall.h"

using namespace hopcheck;

namespace {

Finding blocked(const Deployment& host, const Endpoint& endpoint, const FirewallVerdict& verdict) {
  const FirewallPart& part = verdict.parts.front();
  Finding finding;
  finding.code = "firewall.loopback-blocked";
  finding.title = fmt::format("{} {} this host's own connections to {} ({})", verdict.front_end,
                              part.action == FirewallPart::Action::drop ? "drops" : "rejects",
                              endpoint.member.text(), part.rule.chain_text());
  finding.about = {endpoint.node()};
  for (const auto& sender : host.senders(endpoint)) finding.evidence.push_back(sender.from);
  finding.evidence.push_back(cite(part.rule));
  finding.fixes = verdict.fixes;
  return finding;
}

}  // namespace

HOPCHECK_CHECK(firewall_loopback) {
  if (out.none(host.endpoints())) return out.not_applicable("nginx passes no request on");
  out.each(host.endpoints().seen_items(), [&](const Endpoint& endpoint) {
    if (endpoint.member.is_unix() || host.senders(endpoint).empty()) return;
    if (!*host.is_local(endpoint)) return;
    const std::string address =
        endpoint.member.host == "localhost" ? "127.0.0.1" : endpoint.member.host;
    const auto fact = firewall_inside(host, address, endpoint.member.port);
    const FirewallVerdict& verdict = *fact;
    const FirewallPart& part = verdict.parts.front();
    if (part.action == FirewallPart::Action::unknown) {
      out.not_seen({Unseen::Why::undecidable,
                    fmt::format("whether the firewall lets this host talk to {}: {}: {}",
                                endpoint.member.text(), part.rule.chain_text(), part.rule.text),
                    {}});
    } else if (part.action != FirewallPart::Action::accept) {
      out.report(blocked(host, endpoint, verdict));
    }
  });
}
