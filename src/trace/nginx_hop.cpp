// The hop of nginx: which server block and location answer, by which turns, and with what.
#include <algorithm>

#include <fmt/format.h>

#include "facts/nginx/address.h"
#include "facts/nginx/site.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

using Kind = nginx::Action::Kind;
using By = nginx::Chosen::By;
using Match = nginx::Location::Match;

// nginx closes the connection without an answer.
constexpr int kCloses = 444;

bool holds(const nginx::Instance& instance, const Listener& listener) {
  const auto& pids = listener.pids.seen_items();
  return std::any_of(pids.begin(), pids.end(), [&](int pid) {
    return pid == instance.master || std::find(instance.workers.begin(), instance.workers.end(),
                                               pid) != instance.workers.end();
  });
}

/// The instance that holds the listener; where nobody was seen to, the one whose files have it.
const nginx::Instance* instance_on(const Trail& trail, bool& known) {
  const auto& instances = *trail.host.nginx();
  known = trail.listener != nullptr && holder_of(trail.host, *trail.listener) != nullptr;
  for (const auto& instance : instances) {
    if (known && holds(instance, *trail.listener)) return &instance;
  }
  if (known) return nullptr;
  const Request& request = trail.request;
  for (const auto& instance : instances) {
    if (!instance.site.seen()) return &instance;
    if (!nginx::servers_taking(*instance.site, request.address, request.port).empty())
      return &instance;
  }
  return instances.size() == 1 && trail.listener == nullptr ? &instances.front() : nullptr;
}

std::string why_server(const Trail& trail) {
  const nginx::Chosen& chosen = *trail.chosen;
  const std::string& name =
      chosen.server_name.empty() ? chosen.server->label() : chosen.server_name;
  switch (chosen.server_by) {
    case By::exact:
      return fmt::format("server_name {}: the Host exactly", name);
    case By::leading_wildcard:
    case By::trailing_wildcard:
      return fmt::format("server_name {} fits the Host, no exact name does", name);
    case By::regex:
      return fmt::format("server_name {}: the first regex that fits the Host", name);
    case By::default_:
      break;
  }
  return fmt::format("no server_name fits the Host: the default server of {}",
                     address_text(trail.request.address, trail.request.port));
}

std::string why_location(const Trail& trail) {
  const nginx::Chosen& chosen = *trail.chosen;
  if (chosen.location == nullptr) return "no location: the server block itself answers";
  const nginx::Location& location = *chosen.location;
  const std::string at = short_place(trail, location.from);
  switch (location.match) {
    case Match::exact:
      return fmt::format("location = {} ({}): exactly this path", location.pattern, at);
    case Match::prefix:
      return fmt::format("location {} ({}): the longest prefix, no regex fits", location.pattern,
                         at);
    case Match::prefix_no_regex:
      return fmt::format("location ^~ {} ({}): the longest prefix, regexes are not asked",
                         location.pattern, at);
    case Match::regex:
      return fmt::format("location ~{} {} ({}): the first regex that fits",
                         location.case_insensitive ? "*" : "", location.pattern, at);
    case Match::named:
      return fmt::format("location {} ({}): sent there by name", location.pattern, at);
    case Match::none:
      break;
  }
  return {};
}

NginxHop detail_of(const Trail& trail) {
  NginxHop detail;
  detail.config = trail.instance->conf_path;
  if (!trail.chosen) return detail;
  const nginx::Chosen& chosen = *trail.chosen;
  detail.uri = chosen.uri;
  detail.action = nginx::action_name(chosen.action.kind);
  detail.target = chosen.action.target;
  detail.action_at = line_of(chosen.action.from);
  detail.server = {line_of(chosen.server->from), chosen.server->label(),
                   nginx::matched_by_name(chosen.server_by)};
  detail.location.emplace();
  detail.location->at = line_of(chosen.server->from);
  if (const nginx::Location* location = chosen.location) {
    detail.location = {line_of(location->from), location->pattern,
                       nginx::match_name(location->match)};
  }
  for (const nginx::Step& step : chosen.steps)
    detail.steps.push_back({line_of(step.from), step.text, step.uri});
  return detail;
}

/// What nginx answers by itself to a request of our own.
void foresee(Trail& trail, const nginx::Chosen& own) {
  const nginx::Action& action = own.action;
  Outlook& outlook = trail.outlook;
  if (!is_open(trail) || nginx::is_pass(action.kind) || action.kind == Kind::static_) return;
  outlook.hop = "nginx";
  outlook.why = action_text(trail, action);
  if (action.kind == Kind::unknown || !action.sure || action.status == 0) return;
  outlook.kind = action.status == kCloses ? Outlook::Kind::nothing : Outlook::Kind::statuses;
  if (action.status != kCloses) outlook.statuses = {action.status};
  outlook.location = action.location;
}

std::string turns_away(const Trail& trail, const nginx::AccessRule& rule,
                       const std::string& source) {
  return fmt::format("{} ({}) turns {} away", rule.from.text, short_place(trail, rule.from),
                     source);
}

/// Where the source is a network, the router does not judge it.
void judge_access(const Trail& trail, TraceHop& hop) {
  const auto& rules = trail.chosen->access;
  const auto& sources = trail.target.lb.sources.value;
  const bool settled = trail.chosen->action.kind == Kind::deny;
  if (rules.empty() || settled || !client_of(trail).empty()) return;
  if (sources.empty()) {
    hop.notes.emplace_back("allow and deny lines decide by the client's address: --source IP");
    return;
  }
  try {
    for (const std::string& source : sources) {
      const nginx::AccessRule* rule = nginx::deciding_rule(rules, source);
      if (rule == nullptr || rule->allows) continue;
      hop.status = HopStatus::fail;
      hop.reason = turns_away(trail, *rule, source);
      hop.explain = "nginx.access-rule-blocks";
    }
  } catch (const NotSeen& part_of_it) {
    hop.status = HopStatus::unknown;
    hop.reason = part_of_it.unseen().what + ": --source IP";
  }
}

void judge_action(const Trail& trail, TraceHop& hop) {
  const nginx::Action& action = trail.chosen->action;
  if (action.kind == Kind::unknown || !action.sure) {
    hop.status = HopStatus::unknown;
    hop.reason = action.reason;
  } else if (action.kind == Kind::other && action.status == 0) {
    hop.status = HopStatus::unknown;
    hop.reason = fmt::format("what {} answers is not known here", action.target);
  } else if (action.kind == Kind::deny) {
    hop.status = HopStatus::fail;
    hop.reason = fmt::format("nginx answers {}: {}", action.status, action_text(trail, action));
    hop.explain = action.status == 401 ? "lb.path-needs-auth" : "nginx.access-rule-blocks";
  } else if (action.status >= 400 && action.kind != Kind::static_ && !nginx::is_pass(action.kind)) {
    hop.status = HopStatus::fail;
    hop.reason =
        action.status == kCloses
            ? "nginx closes the connection: " + action_text(trail, action)
            : fmt::format("nginx itself answers {}: {}", action.status, action_text(trail, action));
  }
  judge_access(trail, hop);
}

void note_turns(const Trail& trail, TraceHop& hop) {
  const nginx::Chosen& chosen = *trail.chosen;
  hop.notes.push_back(why_server(trail));
  for (const nginx::Step& step : chosen.steps)
    hop.notes.push_back(fmt::format("{} ({})", step.text, short_place(trail, step.from)));
  hop.notes.push_back(why_location(trail));
  const std::string action = action_text(trail, chosen.action);
  if (hop.reason.find(action) == std::string::npos) hop.notes.push_back("-> " + action);
  if (!chosen.action.sends.empty() && chosen.action.sends != trail.request.path)
    hop.notes.push_back("   asked for there: " + chosen.action.sends);
}

void note_problems(const nginx::Instance& instance, TraceHop& hop) {
  if (instance.config == nullptr || instance.config->problems.empty()) return;
  const nginx::Problem& problem = instance.config->problems.front();
  const std::string what = fmt::format("{} ({}:{})", problem.message, problem.file, problem.line);
  hop.notes.push_back("nginx refuses these files, so that what runs is older: " + what);
  if (hop.explain.empty()) hop.explain = "nginx.config-broken";
}

/// Rules that name addresses may treat our own request otherwise.
void foresee_own(Trail& trail, const TraceHop& hop) {
  const bool same = trail.chosen->access.empty() || client_of(trail) == trail.request.address;
  const auto own = same ? trail.chosen : choose_for_us(trail);
  if (!own) return;
  foresee(trail, *own);
  if (own->action.kind == Kind::deny && hop.status != HopStatus::fail)
    trail.turned_away = trail.outlook.why;
}

void choose(Trail& trail, TraceHop& hop) {
  trail.chosen = choose_for_source(trail);
  if (!trail.chosen) {
    hop.status = HopStatus::fail;
    hop.reason = fmt::format("no server block of {} listens on {}", trail.instance->conf_path,
                             address_text(trail.request.address, trail.request.port));
    if (trail.listener != nullptr) hop.explain = "nginx.config-not-loaded";
    return;
  }
  hop.text =
      fmt::format("{} ({})", trail.chosen->server->label(), place_text(trail.chosen->server->from));
  judge_action(trail, hop);
  note_turns(trail, hop);
  note_certificates(trail, hop);
  foresee_own(trail, hop);
}

}  // namespace

std::string short_place(const Trail& trail, const Evidence& from) {
  const bool same = trail.chosen && trail.chosen->server->from.source == from.source;
  return same && from.line != 0 ? fmt::format("line {}", from.line) : place_text(from);
}

std::string action_text(const Trail& trail, const nginx::Action& action) {
  std::string text = action.from.text;
  // What nginx answers of its own accord has no line that says it.
  if (action.kind == Kind::return_ && !action.reason.empty())
    text = fmt::format("{}, {}", action.status, action.reason);
  if (action.kind == Kind::static_) text = "file " + action.target;
  if (action.kind == Kind::unknown) text = "not decided: " + action.reason;
  if (text.empty()) text = fmt::format("{} {}", nginx::action_name(action.kind), action.target);
  if (!action.from.source.empty()) text += fmt::format(" ({})", short_place(trail, action.from));
  if (!action.location.empty()) text += " -> " + action.location;
  return text;
}

void add_nginx(Trail& trail) {
  TraceHop hop;
  hop.hop = "nginx";
  hop.detail = NginxHop{};
  try {
    bool known = false;
    trail.instance = instance_on(trail, known);
    if (trail.instance == nullptr) {
      hop.status = known || trail.listener == nullptr ? HopStatus::skip : HopStatus::unknown;
      hop.reason = known ? "another program holds the port" : "none is written for this port";
      if (hop.status == HopStatus::unknown)
        trail.outlook.why = hop.reason = "who holds the port was not seen";
    } else {
      choose(trail, hop);
      note_problems(*trail.instance, hop);
    }
  } catch (const NotSeen& not_seen) {
    mark_unseen(hop, not_seen.unseen());
    if (is_open(trail)) trail.outlook.why = hop.reason;
  }
  if (trail.instance != nullptr) hop.detail = detail_of(trail);
  // It would do so if it ran.
  if (trail.listener_seen && trail.listener == nullptr && hop.status == HopStatus::pass) {
    hop.status = HopStatus::skip;
    hop.reason = "what the files say, if nginx listened";
  }
  trail.hops.push_back(std::move(hop));
}

}  // namespace hopcheck
