// The host's firewall lets the load balancer's connections in.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/firewall.h"

using namespace hopcheck;

namespace {

using Action = FirewallPart::Action;

bool stops(const FirewallPart& part) {
  return part.action == Action::drop || part.action == Action::reject;
}

std::string list_of(const std::vector<std::string>& words, std::size_t most = 3) {
  std::vector<std::string> some(
      words.begin(), words.begin() + static_cast<std::ptrdiff_t>(std::min(most, words.size())));
  const std::string more =
      some.size() < words.size() ? fmt::format(" and {} more", words.size() - some.size()) : "";
  return fmt::format("{}{}", fmt::join(some, ", "), more);
}

std::string who(const FirewallVerdict& verdict, const FirewallPart& part) {
  if (part.sources.empty()) return "every connection from outside";
  if (part.sources == verdict.sources) return "the load balancer (" + list_of(part.sources) + ")";
  return fmt::format("{} of the load balancer's {}", list_of(part.sources),
                     list_of(verdict.sources));
}

std::string what(const FirewallVerdict& verdict, const FirewallPart& part) {
  const std::string verb = part.action == Action::drop ? "drops" : "rejects";
  if (part.outgoing)
    return fmt::format("{} this host's answers from port {} to {}", verb, verdict.port,
                       who(verdict, part));
  if (part.later)
    return fmt::format("lets {} begin on port {} and {} what follows", who(verdict, part),
                       verdict.port, verb);
  return fmt::format("{} {} on port {}", verb, who(verdict, part), verdict.port);
}

/// The rest of the load balancer's network, where only a part of it is let in.
bool is_left_out(const FirewallVerdict& verdict, const FirewallPart& part) {
  const bool some_in =
      std::any_of(verdict.parts.begin(), verdict.parts.end(),
                  [](const FirewallPart& each) { return each.action == Action::accept; });
  return some_in && !part.names_source;
}

Finding stopped(const Route& route, const FirewallVerdict& verdict, const FirewallPart& part,
                bool answered) {
  Finding finding;
  const bool silent = part.action == Action::drop || part.later;
  finding.code = silent ? "firewall.port-dropped" : "firewall.port-rejected";
  finding.title =
      fmt::format("{} {} ({})", verdict.front_end, what(verdict, part), part.rule.chain_text());
  finding.evidence = {cite(part.rule)};
  const Evidence sources = cite("sources", route.target->lb.sources, list_of(verdict.sources));
  if (verdict.sources_known) finding.evidence.push_back(sources);
  if (answered)
    finding.detail =
        "hopcheck's own probe is answered: it comes from this host itself, by way of lo.";
  if (is_left_out(verdict, part)) finding.code = "firewall.source-too-narrow";
  // A network stands for the addresses in it that are really used.
  const bool told = verdict.sources_known && !route.target->lb.sources.assumed();
  const bool sure = told && verdict.action() == part.action;
  finding.confidence = sure ? Confidence::certain : Confidence::likely;
  if (route.target->lb.port.assumed()) finding.confidence = Confidence::possible;
  finding.fixes = verdict.fixes;
  return finding;
}

std::vector<std::string> nodes_of(const Route& route) {
  for (const auto& node : route.nodes) {
    if (node.rfind("listener:", 0) == 0) return {node, route.node()};
  }
  return {route.node()};
}

/// Where nobody is meant to answer, it does not matter who is let in.
bool leads_nowhere(const Deployment& host, const Route& route) {
  const bool listened = host.listeners()->any(
      [&](const Listener& listener) { return listener.port == route.request.port; });
  return !listened && route.instance == nullptr && route.endpoints.empty();
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  if (leads_nowhere(host, route)) return;
  const Fact<FirewallVerdict> fact = firewall_verdict(host, route);
  const FirewallVerdict& verdict = *fact;
  const bool any_in = std::any_of(verdict.parts.begin(), verdict.parts.end(),
                                  [](const FirewallPart& part) { return !stops(part); });
  // With nothing known of the load balancer, it may be among those that are let in.
  const bool judged = verdict.sources_known || !any_in;
  for (const auto& part : verdict.parts) {
    if (part.action == Action::unknown) {
      out.not_seen({Unseen::Why::undecidable,
                    fmt::format("whether the firewall lets the load balancer in: {}: {}",
                                part.rule.chain_text(), part.rule.text),
                    {}});
    }
    if (!stops(part) || !judged) continue;
    const auto probe = host.probe(route);
    Finding finding = stopped(route, verdict, part, probe.seen() && probe->answered());
    finding.about = nodes_of(route);
    out.report(std::move(finding));
  }
  const bool nobody_told = !verdict.sources_known && any_in && verdict.action() != Action::accept;
  if (nobody_told) {
    out.not_seen({Unseen::Why::undecidable,
                  "whether the firewall lets the load balancer in: it admits by address, and the "
                  "load balancer's is not known (--lb-source)",
                  {}});
  }
}

}  // namespace

HOPCHECK_CHECK(firewall_inbound) {
  std::vector<const Route*> probes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe) probes.push_back(route);
  }
  out.each(probes, [&](const Route* route) { judge(host, *route, out); });
}
