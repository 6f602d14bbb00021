// Asks for the kernel's rules and judges the load balancer's connections by them.
#include "model/firewall.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

namespace hopcheck {
namespace {

using firewall::Fate;
using firewall::Ruleset;
using firewall::Table;

bool starts_with(const std::string& text, std::string_view with) {
  return text.compare(0, with.size(), with) == 0;
}

/// What a program that lists rules printed; unseen where it failed.
Fact<CommandResult> listing(Host& host, const std::vector<std::string>& argv) {
  const auto result =
      decoded<CommandResult>(host.ask(ask::run(argv)), "the rules of " + argv[0], decode_command);
  if (!result.seen() || result->exit_code == 0) return result;
  const bool denied = result->err.find("ermission denied") != std::string::npos ||
                      result->err.find("not permitted") != std::string::npos;
  return Unseen{
      denied ? Unseen::Why::denied : Unseen::Why::failed,
      "the firewall's rules: " + argv[0] + ": " + result->err.substr(0, result->err.find('\n')),
      {}};
}

/// iptables keeps tables in nftables whose rules only it can show.
bool is_of_iptables(const Table& table) {
  static const std::set<std::string> names{"filter", "nat", "mangle", "raw", "security"};
  static const std::set<std::string> chains{"INPUT", "OUTPUT", "FORWARD", "PREROUTING",
                                            "POSTROUTING"};
  if ((table.family != "ip" && table.family != "ip6") || names.count(table.name) == 0) return false;
  return std::any_of(table.chains.begin(), table.chains.end(), [&](const firewall::Chain& chain) {
    return chain.base && chains.count(chain.name) > 0;
  });
}

/// Replaces the tables of one family that iptables keeps in nftables by what it says of them.
void ask_iptables(Host& host, const std::string& family, FirewallRules& into) {
  auto& tables = into.rules.tables;
  const auto is_its = [&](const Table& table) {
    return table.tool == "nft" && table.family == family && is_of_iptables(table);
  };
  if (std::none_of(tables.begin(), tables.end(), is_its)) return;
  const std::string tool = family == "ip" ? "iptables-nft" : "ip6tables-nft";
  const auto saved = listing(host, {tool + "-save"});
  if (!saved.seen()) return;  // as nft lists them: what it hides may match
  const Ruleset better = firewall::parse_iptables(saved->out, tool);
  for (Table& table : tables) {
    if (!is_its(table)) continue;
    for (const Table& other : better.tables) {
      if (other.name == table.name) table = other;
    }
  }
}

/// Tables of the older kernel interface, which nft does not see.
void ask_legacy(Host& host, const std::string& family, FirewallRules& into) {
  const std::string names =
      family == "ip" ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names";
  const Answer answer = host.ask(ask::read(names));
  if (answer.status == Answer::Status::absent) return;
  if (answer.status == Answer::Status::present && answer.text.empty()) return;
  const std::string tool = family == "ip" ? "iptables-legacy" : "ip6tables-legacy";
  if (answer.status == Answer::Status::unseen) {
    into.missing.push_back({answer.why.why, "the firewall's rules: " + names, answer.why.needs});
    return;
  }
  const auto saved = listing(host, {tool + "-save"});
  if (!saved.seen()) {
    into.missing.push_back({saved.unseen().why, "the firewall's rules of " + tool, {}});
    return;
  }
  for (Table& table : firewall::parse_iptables(saved->out, tool).tables)
    into.rules.tables.push_back(std::move(table));
}

Fact<std::shared_ptr<const FirewallRules>> read_rules(const Deployment& deployment) {
  const auto& who = identity_of(deployment.state());
  if (!who.seen()) return who.unseen();
  if (deployment.files_only())
    return Unseen{Unseen::Why::out_of_scope, "the firewall's rules (files only)", {}};
  if (!who->privileged) return Unseen{Unseen::Why::denied, "the firewall's rules", "root"};
  Host& host = deployment.state().host;
  FirewallRules found;
  const Question question = ask::run({"nft", "-a", "list", "ruleset"});
  const Answer answer = host.ask(question);
  if (answer.truncated_at != 0)
    return Unseen{Unseen::Why::truncated, "the firewall's rules are too many", {}};
  const auto listed = listing(host, question.words);
  if (listed.seen()) {
    found.rules = firewall::parse_nft(listed->out);
    ask_iptables(host, "ip", found);
    ask_iptables(host, "ip6", found);
  } else if (listed.unseen().why != Unseen::Why::not_installed) {
    return Unseen{listed.unseen().why, "the firewall's rules (nft -a list ruleset)",
                  listed.unseen().needs};
  } else {
    found.missing.push_back(
        {Unseen::Why::failed, "rules of nftables, if there are any: nft is not installed", {}});
  }
  ask_legacy(host, "ip", found);
  ask_legacy(host, "ip6", found);
  return std::make_shared<const FirewallRules>(std::move(found));
}

bool has_chain(const Ruleset& rules, std::string_view prefix) {
  return std::any_of(rules.tables.begin(), rules.tables.end(), [&](const Table& table) {
    return std::any_of(table.chains.begin(), table.chains.end(),
                       [&](const auto& chain) { return starts_with(chain.name, prefix); });
  });
}

FirewallPart::Action action_of(Fate::Kind kind) {
  switch (kind) {
    case Fate::Kind::accept:
      return FirewallPart::Action::accept;
    case Fate::Kind::drop:
      return FirewallPart::Action::drop;
    case Fate::Kind::reject:
      return FirewallPart::Action::reject;
    case Fate::Kind::unknown:
      break;
  }
  return FirewallPart::Action::unknown;
}

FirewallRule rule_of(const firewall::Place& place) {
  FirewallRule rule;
  if (place.table == nullptr || place.chain == nullptr) return rule;
  rule.tool = place.table->tool;
  rule.table = place.table->text();
  rule.chain = place.chain->name;
  if (place.rule == nullptr) {
    rule.text = place.chain->base && place.chain->base->drops ? "policy drop" : "policy accept";
    return rule;
  }
  rule.handle = place.rule->handle;
  rule.number = place.rule->number;
  rule.text = place.rule->text;
  return rule;
}

/// Interfaces that a machine makes for its own guests.
bool is_bridge(const std::string& name) {
  static constexpr std::array<std::string_view, 8> prefixes{"docker", "br-",     "virbr", "veth",
                                                            "cni",    "flannel", "lxc",   "podman"};
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return starts_with(name, prefix); });
}

bool all_in(const firewall::Ranges& peers, const HostAddress& entry) {
  const auto network = parse_network(entry.address + "/" + std::to_string(entry.prefix_length));
  return network && !peers.empty() &&
         firewall::difference(peers, firewall::range_of(*network)).empty();
}

/// By which interface the callers' packets come; "" : not known.
std::string interface_of(const Identity& who, const firewall::Connection& connection) {
  std::set<std::string> outside;
  for (const auto& entry : who.addresses) {
    if (is_bridge(entry.interface)) continue;
    outside.insert(entry.interface);
    if (!connection.any_peer && all_in(connection.peers, entry)) return entry.interface;
  }
  return outside.size() == 1 ? *outside.begin() : "";
}

firewall::Ranges outside_of(const Identity& who, bool v4) {
  firewall::Ranges peers{firewall::range_of(*parse_network(v4 ? "0.0.0.0/0" : "::/0"))};
  for (const char* never : {"127.0.0.0/8", "::1/128", "::ffff:0:0/96"}) {
    if ((std::string(never) == "::ffff:0:0/96") && v4) continue;
    if (const auto range = firewall::parse_address_range(never))
      peers = firewall::difference(peers, *range);
  }
  for (const auto& entry : who.addresses) {
    if (const auto own = firewall::parse_address_range(entry.address))
      peers = firewall::difference(peers, *own);
  }
  return peers;
}

}  // namespace

const Fact<std::shared_ptr<const FirewallRules>>& firewall_rules(const Deployment& host) {
  return host.state().firewall.get([&] { return read_rules(host); });
}

std::string front_end_of(const Ruleset& rules) {
  const bool any = std::any_of(rules.tables.begin(), rules.tables.end(), [](const Table& table) {
    return std::any_of(table.chains.begin(), table.chains.end(), [](const auto& chain) {
      return !chain.rules.empty() || (chain.base && chain.base->drops);
    });
  });
  if (!any) return {};
  if (has_chain(rules, "ufw-")) return "ufw";
  if (has_chain(rules, "filter_IN_") || has_chain(rules, "IN_public")) return "firewalld";
  const bool nft = std::any_of(rules.tables.begin(), rules.tables.end(),
                               [](const Table& table) { return table.tool == "nft"; });
  return nft ? "nftables" : "iptables";
}

Caller caller_of(const Deployment& host, const Route& route) {
  const auto& who = identity_of(host.state());
  const LbSettings& lb = route.target->lb;
  Caller caller;
  const auto address = parse_ip(route.request.address);
  if (!address) throw NotSeen({Unseen::Why::undecidable, "where the probe goes to", {}});
  firewall::Connection& connection = caller.connection;
  connection.address = address->bytes;
  connection.port = route.request.port;
  connection.own_addresses.push_back(address->bytes);
  for (const auto& entry : who->addresses) {
    if (const auto own = parse_ip(entry.address)) connection.own_addresses.push_back(own->bytes);
  }
  connection.loopback = is_loopback(route.request.address);
  caller.known = known_sources(lb);
  const firewall::Ranges outside = outside_of(*who, address->v4);
  if (connection.loopback) {
    connection.peers = {firewall::range_of({*address, 128})};
    caller.sources = {route.request.address};
    caller.known = true;
    return caller;
  }
  if (!caller.known) {
    connection.any_peer = true;
    connection.peers = outside;
  } else {
    for (const auto& source : lb.sources.value) {
      const auto range = firewall::parse_address_range(source);
      if (!range || firewall::is_v4(range->low) != address->v4) continue;
      caller.sources.push_back(source);
      // Our own address may lie in the load balancer's network.
      const auto others = firewall::intersection(outside, *range);
      connection.peers.insert(connection.peers.end(), others.begin(), others.end());
    }
    connection.peers = firewall::united(std::move(connection.peers));
    if (connection.peers.empty())
      throw NotSeen(
          {Unseen::Why::undecidable,
           "none of the load balancer's addresses is of the family of " + route.request.address,
           {}});
  }
  connection.interface = interface_of(*who, connection);
  connection.peer_reachable = !connection.interface.empty();
  return caller;
}

std::vector<std::string> told(firewall::Ranges peers, const Caller& caller) {
  for (const auto& own : caller.connection.own_addresses) {
    auto with = peers;
    with.push_back({own, own});
    with = firewall::united(std::move(with));
    if (with.size() <= peers.size()) peers = std::move(with);
  }
  return firewall::texts_of(peers);
}

FirewallVerdict verdict_of(const Ruleset& rules, const Caller& caller,
                           const std::vector<Fate>& fates) {
  FirewallVerdict verdict;
  verdict.front_end = front_end_of(rules);
  verdict.sources_known = caller.known;
  verdict.sources = caller.sources;
  verdict.address = firewall::address_text(caller.connection.address);
  verdict.port = caller.connection.port;
  for (const Fate& fate : fates) {
    FirewallPart part;
    part.action = action_of(fate.kind);
    if (!caller.connection.any_peer)
      part.sources = fates.size() == 1 ? caller.sources : told(fate.peers, caller);
    part.rule = rule_of(fate.kind == Fate::Kind::accept ? fate.let_in : fate.by);
    part.how = fate.how;
    part.outgoing = fate.answer;
    part.later = fate.later;
    part.names_source = fate.by_peer;
    verdict.parts.push_back(std::move(part));
  }
  return verdict;
}

namespace {

/// Rules that were not seen may stop what the others let in; they let in nothing that is stopped.
void doubt(const FirewallRules& seen, FirewallVerdict& verdict) {
  if (seen.missing.empty()) return;
  for (auto& part : verdict.parts) {
    if (part.action == FirewallPart::Action::accept) throw NotSeen(seen.missing.front());
  }
}

}  // namespace

Fact<FirewallVerdict> firewall_verdict(const Deployment& host, const Route& route) {
  const auto& seen = firewall_rules(host);
  if (!seen.seen()) return seen.unseen();
  try {
    const FirewallRules& rules = **seen;
    const Caller caller = caller_of(host, route);
    const auto fates = firewall::evaluate(rules.rules, caller.connection);
    FirewallVerdict verdict = verdict_of(rules.rules, caller, fates);
    doubt(rules, verdict);
    const bool stopped = std::any_of(fates.begin(), fates.end(), [](const Fate& fate) {
      return fate.kind == Fate::Kind::drop || fate.kind == Fate::Kind::reject;
    });
    if (stopped) verdict.fixes = firewall_fixes(host, rules.rules, caller, fates);
    return verdict;
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

Fact<FirewallVerdict> firewall_inside(const Deployment& host, const std::string& address,
                                      int port) {
  const auto& seen = firewall_rules(host);
  if (!seen.seen()) return seen.unseen();
  const auto ip = parse_ip(address);
  if (!ip) return Unseen{Unseen::Why::undecidable, "the address " + address, {}};
  Caller caller;
  caller.known = true;
  caller.sources = {address};
  caller.connection.address = ip->bytes;
  caller.connection.port = port;
  caller.connection.peers = {firewall::range_of({*ip, 128})};
  caller.connection.own_addresses = {ip->bytes};
  caller.connection.loopback = true;
  const auto& rules = (*seen)->rules;
  const auto fates = firewall::evaluate(rules, caller.connection);
  FirewallVerdict verdict = verdict_of(rules, caller, fates);
  const bool stopped = std::any_of(fates.begin(), fates.end(), [](const Fate& fate) {
    return fate.kind == Fate::Kind::drop || fate.kind == Fate::Kind::reject;
  });
  if (stopped) verdict.fixes = firewall_fixes(host, rules, caller, fates);
  try {
    doubt(**seen, verdict);
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
  return verdict;
}

FirewallPart::Action FirewallVerdict::action() const {
  if (parts.empty()) return FirewallPart::Action::unknown;
  const bool same = std::all_of(parts.begin(), parts.end(), [&](const FirewallPart& part) {
    return part.action == parts.front().action;
  });
  return same ? parts.front().action : FirewallPart::Action::unknown;
}

std::string FirewallRule::chain_text() const {
  return tool == "nft" ? table + " " + chain
                       : tool + (table == "filter" ? "" : " -t " + table) + " " + chain;
}

Evidence cite(const FirewallRule& rule) {
  Evidence evidence;
  evidence.kind = EvidenceKind::kernel;
  const bool nft = rule.tool == "nft";
  evidence.source = nft ? fmt::format("nft -a list chain {} {}", rule.table, rule.chain)
                        : fmt::format("{}-save -t {}", rule.tool, rule.table);
  evidence.text = rule.text;
  if (rule.handle != 0) evidence.text += fmt::format(" # handle {}", rule.handle);
  if (nft ? rule.handle == 0 : rule.number == 0)
    evidence.text = fmt::format("chain {}: {}", rule.chain, rule.text);
  return evidence;
}

}  // namespace hopcheck
