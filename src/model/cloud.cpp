// Judges the load balancer's connections by what a cloud exports of its firewall.
#include "hopcheck/cloud.h"

#include <algorithm>

#include <fmt/format.h>

#include "facts/cloud/cloud_export.h"
#include "model/firewall.h"

namespace hopcheck {
namespace {

using cloud::Firewall;
using cloud::Rule;
using firewall::Ranges;

bool is_for(const Rule& rule, int port) {
  return rule.ports.empty() ||
         std::any_of(rule.ports.begin(), rule.ports.end(), [&](const auto& range) {
           return range.first <= port && port <= range.second;
         });
}

bool opens(const Rule& rule, int port) {
  return !rule.disabled && is_for(rule, port);
}

Ranges taken_by(const Rule& rule, const Ranges& peers) {
  Ranges taken;
  for (const auto& source : rule.sources) {
    const auto range = firewall::parse_address_range(source);
    if (!range) continue;
    const Ranges some = firewall::intersection(peers, *range);
    taken.insert(taken.end(), some.begin(), some.end());
  }
  return firewall::united(std::move(taken));
}

std::string list_of(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string aws_name(const Firewall& group) {
  return group.name.empty() ? group.id : group.id + " (" + group.name + ")";
}

/// The cloud's own command that lets the networks in.
std::string aws_command(const Firewall& group, const std::string& source, int port) {
  const std::string head =
      "aws ec2 authorize-security-group-ingress --group-id " + shell_quote(group.id);
  if (source.find(':') == std::string::npos)
    return fmt::format("{} --protocol tcp --port {} --cidr {}", head, port, source);
  return fmt::format("{} --ip-permissions {}", head,
                     shell_quote(fmt::format("IpProtocol=tcp,FromPort={0},ToPort={0},"
                                             "Ipv6Ranges=[{{CidrIpv6={1}}}]",
                                             port, source)));
}

/// All groups of a machine together allow; none denies.
CloudVerdict judge_aws(const std::vector<const Firewall*>& groups, const Caller& caller) {
  const int port = caller.connection.port;
  CloudVerdict verdict;
  std::vector<std::string> names;
  std::vector<std::string> others;
  Ranges left = caller.connection.peers;
  for (const Firewall* group : groups) {
    names.push_back(aws_name(*group));
    for (const Rule& rule : group->rules) {
      if (!opens(rule, port)) continue;
      left = firewall::difference(std::move(left), taken_by(rule, left));
      others.insert(others.end(), rule.others.begin(), rule.others.end());
    }
  }
  verdict.name = (names.size() == 1 ? "security group " : "security groups ") + list_of(names);
  verdict.from = {EvidenceKind::command, groups.front()->file, 0,
                  fmt::format("no inbound rule of {} lets tcp port {} in from {}", list_of(names),
                              port, list_of(told(left, caller)))};
  if (left.empty()) return verdict;
  verdict.blocked = told(left, caller);
  if (!others.empty()) {
    verdict.action = CloudVerdict::Action::unknown;
    verdict.why = fmt::format("port {} is open to {}, and who that is the export does not say",
                              port, list_of(others));
    return verdict;
  }
  verdict.action = CloudVerdict::Action::block;
  verdict.fix.summary = "let the load balancer's networks into the security group";
  for (const auto& source : caller.sources)
    verdict.fix.commands.push_back(aws_command(*groups.front(), source, port));
  return verdict;
}

/// In the order in which GCP asks them: by priority, and of equal ones a denial first.
std::vector<const Rule*> in_order(const Firewall& network, int port) {
  std::vector<const Rule*> rules;
  for (const Rule& rule : network.rules) {
    if (opens(rule, port)) rules.push_back(&rule);
  }
  std::stable_sort(rules.begin(), rules.end(), [](const Rule* a, const Rule* b) {
    return a->priority != b->priority ? a->priority < b->priority : !a->allows && b->allows;
  });
  return rules;
}

/// A rule that would let all of them in, and is switched off.
const Rule* switched_off(const Firewall& network, const Caller& caller) {
  const auto found =
      std::find_if(network.rules.begin(), network.rules.end(), [&](const Rule& rule) {
        const Ranges& peers = caller.connection.peers;
        return rule.disabled && rule.allows && !rule.name.empty() && rule.targets.empty() &&
               is_for(rule, caller.connection.port) &&
               firewall::difference(peers, taken_by(rule, peers)).empty();
      });
  return found == network.rules.end() ? nullptr : &*found;
}

void add_gcp_fix(const Firewall& network, const Caller& caller, int priority,
                 CloudVerdict& verdict) {
  const int port = caller.connection.port;
  if (const Rule* off = switched_off(network, caller); off != nullptr && verdict.by.empty()) {
    verdict.from.text += fmt::format("; {} would, and is disabled", off->name);
    verdict.fix.summary = "enable the rule that is there for it";
    verdict.fix.commands = {fmt::format("gcloud compute firewall-rules update {} --no-disabled",
                                        shell_quote(off->name))};
    return;
  }
  verdict.fix.summary = "add a rule that lets the load balancer's networks in";
  verdict.fix.commands = {fmt::format(
      "gcloud compute firewall-rules create allow-lb-{0} --network {1} --direction INGRESS "
      "--priority {2} --action ALLOW --rules tcp:{0} --source-ranges {3}",
      port, shell_quote(network.id), priority, fmt::join(caller.sources, ","))};
}

CloudVerdict judge_gcp(const Firewall& network, const Caller& caller) {
  const int port = caller.connection.port;
  CloudVerdict verdict;
  verdict.name = "network " + network.id;
  Ranges left = caller.connection.peers;
  Ranges denied;
  int priority = 1000;
  for (const Rule* rule : in_order(network, port)) {
    const Ranges taken = taken_by(*rule, left);
    const bool some = !taken.empty() || !rule->others.empty();
    // A rule for some machines alone, or from machines by their tag: whom it means is not known.
    const bool sure = rule->targets.empty();
    if (!some || left.empty()) continue;
    if (!sure || taken.empty()) {
      if (taken.empty()) continue;  // balancers have no tags
      verdict.action = CloudVerdict::Action::unknown;
      verdict.why = fmt::format(
          "rule {} is for machines tagged {} alone; whether this one is, the "
          "export does not say",
          rule->name, list_of(rule->targets));
      return verdict;
    }
    left = firewall::difference(std::move(left), taken);
    if (rule->allows) continue;
    if (verdict.by.empty()) {
      verdict.by = rule->name;
      priority = std::max(0, rule->priority - 1);
    }
    denied.insert(denied.end(), taken.begin(), taken.end());
  }
  denied.insert(denied.end(), left.begin(), left.end());  // what no rule takes is denied
  if (denied.empty()) return verdict;
  verdict.action = CloudVerdict::Action::block;
  verdict.blocked = told(firewall::united(std::move(denied)), caller);
  const std::string said = verdict.by.empty() ? "no rule allows" : "rule " + verdict.by + " denies";
  verdict.from = {EvidenceKind::command, network.file, 0,
                  fmt::format("{} tcp port {} from {}", said, port, list_of(verdict.blocked))};
  add_gcp_fix(network, caller, priority, verdict);
  return verdict;
}

std::vector<CloudVerdict> judge_all(const std::vector<Firewall>& firewalls, const Caller& caller) {
  std::vector<CloudVerdict> verdicts;
  std::vector<const Firewall*> groups;
  for (const auto& firewall : firewalls) {
    if (firewall.kind == Firewall::Kind::aws) {
      groups.push_back(&firewall);
    } else {
      verdicts.push_back(judge_gcp(firewall, caller));
    }
  }
  // In which of several networks this machine stands the export does not say.
  const bool same = std::all_of(verdicts.begin(), verdicts.end(), [&](const CloudVerdict& each) {
    return each.action == verdicts.front().action;
  });
  for (auto& verdict : verdicts) {
    if (same || verdict.action != CloudVerdict::Action::block) continue;
    verdict.action = CloudVerdict::Action::unknown;
    verdict.why = "this host may stand in another network of the export than " + verdict.name;
  }
  if (!groups.empty()) verdicts.push_back(judge_aws(groups, caller));
  for (auto& verdict : verdicts) {
    verdict.fix.on = On::lb;
    if (verdict.action == CloudVerdict::Action::block)
      verdict.fix.widens =
          fmt::format("{}, to port {} alone", list_of(caller.sources), caller.connection.port);
  }
  return verdicts;
}

}  // namespace

bool cloud_exported(const Deployment& host) {
  return host.state().host.ask(ask::cloud()).status == Answer::Status::present;
}

Fact<std::vector<CloudVerdict>> cloud_verdicts(const Deployment& host, const Route& route) {
  const Answer answer = host.state().host.ask(ask::cloud());
  if (answer.status == Answer::Status::unseen) {
    const auto why = answer.why.why;
    const bool none = why == Unseen::Why::not_captured || why == Unseen::Why::out_of_scope;
    return none ? Fact<std::vector<CloudVerdict>>(std::vector<CloudVerdict>{}) : answer.why;
  }
  const auto firewalls =
      decoded<std::vector<Firewall>>(answer, "the cloud's firewall", cloud::decode);
  if (!firewalls.seen()) return firewalls.unseen();
  try {
    const Caller caller = caller_of(host, route);
    if (caller.connection.loopback) return std::vector<CloudVerdict>{};
    if (!caller.known)
      return Unseen{Unseen::Why::undecidable,
                    "whether the cloud's firewall lets the load balancer in: its addresses are not "
                    "known (--lb-source)",
                    {}};
    return judge_all(*firewalls, caller);
  } catch (const NotSeen& not_seen) {
    return not_seen.unseen();
  }
}

}  // namespace hopcheck
