// The hops before anybody on this host reads the request: name, load balancer, firewall, listener.
#include <algorithm>

#include <fmt/format.h>

#include "facts/nginx/address.h"
#include "hopcheck/cloud.h"
#include "hopcheck/firewall.h"
#include "host/text.h"
#include "model/state.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

using Action = FirewallPart::Action;

const char* verdict_name(Action action) {
  switch (action) {
    case Action::accept:
      return "accept";
    case Action::drop:
      return "drop";
    case Action::reject:
      return "reject";
    case Action::unknown:
      break;
  }
  return "unknown";
}

bool stops(const FirewallPart& part) {
  return part.action == Action::drop || part.action == Action::reject;
}

/// "tcp dport 80 drop # handle 7 (inet filter input)"
std::string rule_text(const FirewallRule& rule) {
  if (rule.table.empty()) return "no rule speaks of it";
  const std::string handle = rule.handle == 0 ? "" : fmt::format(" # handle {}", rule.handle);
  return fmt::format("{}{} ({})", rule.text, handle, rule.chain_text());
}

std::string sources_text(const std::vector<std::string>& sources) {
  return sources.empty() ? "any address" : fmt::format("{}", fmt::join(sources, ", "));
}

/// The part that says most of the whole: what is stopped, else what is not known.
const FirewallPart& telling_part(const FirewallVerdict& verdict) {
  const auto& parts = verdict.parts;
  const auto stopped = std::find_if(parts.begin(), parts.end(), stops);
  if (stopped != parts.end()) return *stopped;
  const auto unsure = std::find_if(parts.begin(), parts.end(), [](const FirewallPart& part) {
    return part.action == Action::unknown;
  });
  return unsure != parts.end() ? *unsure : parts.front();
}

void note_parts(const FirewallVerdict& verdict, const FirewallPart& told, TraceHop& hop) {
  if (told.outgoing) hop.notes.emplace_back("it meets what this host answers with");
  if (told.later) hop.notes.emplace_back("the first packet passes, those behind it do not");
  if (verdict.parts.size() < 2) return;
  for (const FirewallPart& part : verdict.parts) {
    hop.notes.push_back(fmt::format("{} from {}: {}", verdict_name(part.action),
                                    sources_text(part.sources), rule_text(part.rule)));
  }
}

void judge_firewall(const FirewallVerdict& verdict, TraceHop& hop) {
  FirewallHop detail;
  detail.front_end = verdict.front_end;
  if (verdict.parts.empty()) {
    detail.verdict = "accept";
    hop.text = "no rules";
    hop.detail = detail;
    return;
  }
  const FirewallPart& part = telling_part(verdict);
  detail.verdict = verdict_name(part.action);
  if (!part.rule.table.empty()) detail.rule = part.rule;
  const std::string rules = verdict.front_end.empty() ? "no rules" : verdict.front_end;
  const std::string what = part.action == Action::unknown ? "cannot be judged" : detail.verdict;
  hop.text = verdict.front_end.empty()
                 ? rules
                 : fmt::format("{}: {}: {}", rules, what, rule_text(part.rule));
  note_parts(verdict, part, hop);
  hop.detail = detail;
  const bool others_pass =
      std::any_of(verdict.parts.begin(), verdict.parts.end(),
                  [](const FirewallPart& each) { return each.action == Action::accept; });
  if (part.action == Action::accept) return;
  if (part.action == Action::unknown) {
    hop.status = HopStatus::unknown;
    hop.reason = "the rule cannot be judged: " + rule_text(part.rule);
  } else if (others_pass && !verdict.sources_known) {
    hop.status = HopStatus::unknown;
    hop.reason = "it depends on the address that the request comes from: --source IP";
  } else {
    hop.status = HopStatus::fail;
    hop.reason = fmt::format("{} {}: {}", sources_text(part.sources),
                             part.action == Action::drop ? "is dropped" : "is rejected",
                             rule_text(part.rule));
    hop.explain = part.action == Action::drop ? "firewall.port-dropped" : "firewall.port-rejected";
    if (!verdict.fixes.empty()) hop.fix = verdict.fixes.front();
  }
}

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// Every socket may be more specific than another; the kernel takes the most specific one.
int precision(const Listener& listener, const std::string& address) {
  if (listener.address == address) return 2;
  return listener.address.find(':') == std::string::npos ? 1 : 0;
}

const Listener* taking(const std::vector<Listener>& all, const Request& request) {
  const Listener* best = nullptr;
  for (const Listener& listener : all) {
    if (listener.kind != Listener::Kind::tcp || !listener.serves(request.address, request.port))
      continue;
    if (best == nullptr || precision(listener, request.address) > precision(*best, request.address))
      best = &listener;
  }
  return best;
}

/// Sockets that look like the one that is missing.
void note_near_listeners(const std::vector<Listener>& all, const Request& request, TraceHop& hop) {
  for (const Listener& listener : all) {
    if (listener.kind != Listener::Kind::tcp || listener.port != request.port) continue;
    hop.notes.push_back(fmt::format("somebody listens on {} only", listener.text()));
    hop.explain = is_loopback(listener.address) ? "nginx.listen-loopback-only" : "lb.probe-refused";
  }
}

void describe_listener(const Deployment& host, const Listener& listener, TraceHop& hop) {
  ListenerHop detail;
  detail.address = listener.text();
  if (const Process* process = holder_of(host, listener)) {
    detail.pid = process->pid;
    detail.program = process->name;
    detail.unit = process->unit;
  } else if (!listener.pids.seen_items().empty()) {
    detail.pid = listener.pids.seen_items().front();
  }
  hop.text = detail.address;
  if (!detail.program.empty()) hop.text += fmt::format(": {} (pid {})", detail.program, detail.pid);
  if (detail.pid == 0 && !listener.pids.complete())
    hop.notes.push_back("who holds it was not seen: " + listener.pids.missing().front().what);
  hop.detail = detail;
}

void look_up(const Deployment& host, TraceHop& hop, NameHop& detail) {
  const Answer answer = host.state().host.ask(ask::resolve(detail.name));
  if (answer.status == Answer::Status::unseen) return mark_unseen(hop, answer.why);
  if (answer.status == Answer::Status::absent) {
    hop.status = HopStatus::unknown;
    hop.reason = "this host's resolver does not know the name; a user's may";
    return;
  }
  for (std::size_t begin = 0; begin < answer.text.size();)
    detail.addresses.emplace_back(next_line(answer.text, begin));
  const auto own = host.addresses();
  const auto is_own = [&](const std::string& address) {
    return is_loopback(address) ||
           (own.seen() && std::find(own->begin(), own->end(), address) != own->end());
  };
  const bool here = std::any_of(detail.addresses.begin(), detail.addresses.end(), is_own);
  hop.text = fmt::format("{} is {}, {}", detail.name, joined(detail.addresses),
                         here ? "this host" : "not this host");
}

}  // namespace

void add_name(Trail& trail) {
  TraceHop hop;
  hop.hop = "name";
  const std::string& name = trail.question.url.host;
  NameHop detail{name, {}};
  hop.text = name;
  if (!nginx::canonical_ip(name).empty()) {
    hop.status = HopStatus::skip;
    hop.reason = "an address";
  } else if (!trail.question.send) {
    hop.status = HopStatus::skip;
    hop.reason = "not looked up: --no-probe";
  } else {
    look_up(trail.host, hop, detail);
  }
  hop.detail = std::move(detail);
  trail.hops.push_back(std::move(hop));
}

void add_lb(Trail& trail) {
  TraceHop hop;
  hop.hop = "lb";
  const LbSettings& lb = trail.target.lb;
  LbHop detail;
  detail.profile = lb.profile.value;
  detail.sources = lb.sources.value;
  detail.ends_tls = trail.lb_ends_tls;
  const std::string where = address_text(trail.request.address, trail.request.port);
  const bool known = known_sources(lb) || !lb.profile.assumed();
  if (trail.own_source) {
    hop.status = HopStatus::skip;
    hop.reason = fmt::format("none: {} is asked from this host itself", where);
  } else if (!known) {
    hop.status = HopStatus::skip;
    hop.reason =
        fmt::format("none is known; taken to send it to {} (--lb-profile, --lb-source)", where);
  } else {
    hop.text =
        fmt::format("{}{} sends it to {}", detail.profile,
                    detail.sources.empty() ? "" : " (" + joined(detail.sources) + ")", where);
  }
  if (detail.ends_tls) {
    hop.notes.push_back(fmt::format(
        "nothing here ends TLS on port {}: what arrives is {}, decrypted in front of this host",
        trail.question.url.port, trail.request.scheme));
  }
  hop.detail = detail;
  if (!trail.own_source && cloud_exported(trail.host)) {
    const auto verdicts = cloud_verdicts(trail.host, trail.route());
    if (!verdicts.seen()) hop.notes.push_back("the cloud's firewall: " + verdicts.unseen().what);
    for (const CloudVerdict& verdict : verdicts.seen() ? *verdicts : std::vector<CloudVerdict>{}) {
      if (verdict.action != CloudVerdict::Action::block) continue;
      hop.status = HopStatus::fail;
      hop.reason =
          fmt::format("{} does not let it in on port {}", verdict.name, trail.request.port);
      hop.explain = "firewall.cloud-blocks";
      hop.fix = verdict.fix;
    }
  }
  trail.hops.push_back(std::move(hop));
}

void add_firewall(Trail& trail) {
  TraceHop hop;
  hop.hop = "firewall";
  hop.detail = FirewallHop{};
  const Request& request = trail.request;
  const auto verdict = trail.own_source ? firewall_inside(trail.host, request.address, request.port)
                                        : firewall_verdict(trail.host, trail.route());
  if (verdict.seen()) {
    judge_firewall(*verdict, hop);
  } else {
    mark_unseen(hop, verdict.unseen());
  }
  trail.hops.push_back(std::move(hop));
}

void add_listener(Trail& trail) {
  TraceHop hop;
  hop.hop = "listener";
  hop.detail = ListenerHop{};
  const auto& sockets = trail.host.listeners();
  const std::string where = address_text(trail.request.address, trail.request.port);
  if (!sockets.seen()) {
    mark_unseen(hop, sockets.unseen());
    trail.hops.push_back(std::move(hop));
    return;
  }
  trail.listener = taking(sockets->seen_items(), trail.request);
  trail.listener_seen = trail.listener != nullptr || sockets->complete();
  if (trail.listener != nullptr) {
    describe_listener(trail.host, *trail.listener, hop);
  } else if (!sockets->complete()) {
    mark_unseen(hop, sockets->missing().front());
  } else {
    hop.status = HopStatus::fail;
    hop.reason = "nobody listens on " + where;
    hop.explain = "lb.probe-refused";
    note_near_listeners(sockets->seen_items(), trail.request, hop);
    trail.outlook = {Outlook::Kind::nothing, {}, {}, "listener", hop.reason};
  }
  trail.hops.push_back(std::move(hop));
}

}  // namespace hopcheck
