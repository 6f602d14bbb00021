// The hop behind nginx: sockets and ports of the upstream, and who may connect to them.
#include <algorithm>

#include <fmt/format.h>

#include "facts/nginx/site.h"
#include "hopcheck/firewall.h"
#include "hopcheck/permit.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

using Member = UpstreamHop::Member;

constexpr std::size_t kMostMembers = 32;

/// Why a member does not take requests.
struct Fault {
  std::string reason{};
  std::string code{};
  std::optional<Fix> fix{};
  int status{502};
};

enum class State { takes, refuses, unknown };

struct Judged {
  Member member{};
  State state{State::takes};
  Fault fault{};
};

void refuse(Judged& judged, std::string reason, std::string code) {
  judged.state = State::refuses;
  judged.fault.reason = std::move(reason);
  judged.fault.code = std::move(code);
}

Fix let_connect(const Credentials& worker, const PathStep& step) {
  const bool socket = step.type == PathStep::Type::socket;
  const Permit way = permit(worker, step, socket ? 6U : 1U);
  Fix fix;
  fix.summary = fmt::format("let {} {}", way.to_whom,
                            socket ? "connect to the socket" : "pass the directory");
  fix.commands = {way.command};
  fix.widens = way.widens;
  fix.lasts = socket ? Lasts::until_restart : Lasts::until_reboot;
  return fix;
}

/// The rights on a Unix socket; the socket itself comes after them.
void judge_rights(const Trail& trail, const Walk& walk, Judged& judged) {
  const Credentials& worker = *trail.instance->worker;
  const PathStep* step = denied_at(worker, walk);
  if (step == nullptr) return;
  judged.member.denied_at = step->path;
  const bool socket = step->type == PathStep::Type::socket;
  refuse(judged,
         fmt::format("nginx ({}) may not {} {}: {}", worker.user, socket ? "connect to" : "pass",
                     step->path, describe(*step)),
         socket ? "socket.mode-denies" : "socket.directory-not-traversable");
  judged.fault.fix = let_connect(worker, *step);
}

/// The kernel takes no further connection for a queue that is full.
void judge_queue(const Listener& listener, int status, Judged& judged) {
  if (listener.backlog == 0 || listener.queued < listener.backlog) return;
  refuse(judged,
         fmt::format("its queue is full: {} connections wait, it has room for {}", listener.queued,
                     listener.backlog),
         "socket.backlog-full");
  judged.fault.status = status;
}

void judge_unix(const Trail& trail, const Endpoint& endpoint, Judged& judged) {
  const auto walk = trail.host.walk(endpoint.member.path);
  if (trail.instance != nullptr) judge_rights(trail, *walk, judged);
  if (judged.state == State::refuses) return;
  if (!walk->exists()) {
    judged.member.listening = false;
    return refuse(judged, fmt::format("{} is not there", walk->last().path), "socket.missing");
  }
  if (walk->last().type != PathStep::Type::socket)
    return refuse(judged, "it is no socket: " + describe(walk->last()), "socket.not-a-socket");
  const Listener* listener = trail.host.listener_of(endpoint);
  judged.member.listening = listener != nullptr;
  if (listener == nullptr)
    return refuse(judged, "the socket is a leftover: nobody accepts on it", "socket.stale-file");
  judge_queue(*listener, 502, judged);  // connect() fails at once with EAGAIN
}

void judge_firewall(const Trail& trail, const Endpoint& endpoint, Judged& judged) {
  const auto& member = endpoint.member;
  const std::string address = member.host == "localhost" ? "127.0.0.1" : member.host;
  const auto verdict = firewall_inside(trail.host, address, member.port);
  if (!verdict.seen()) return;
  const auto action = verdict->action();
  if (action != FirewallPart::Action::drop && action != FirewallPart::Action::reject) return;
  const FirewallRule& rule = verdict->parts.front().rule;
  refuse(judged, fmt::format("the firewall stops it: {} ({})", rule.text, rule.chain_text()),
         "firewall.loopback-blocked");
  if (action == FirewallPart::Action::drop) judged.fault.status = 504;
  if (!verdict->fixes.empty()) judged.fault.fix = verdict->fixes.front();
}

void judge_tcp(const Trail& trail, const Endpoint& endpoint, Judged& judged) {
  if (!*trail.host.is_local(endpoint)) {
    judged.state = State::unknown;
    judged.fault.reason = "it is on another host, which is not asked";
    return;
  }
  const Listener* listener = trail.host.listener_of(endpoint);
  judged.member.listening = listener != nullptr;
  if (listener == nullptr)
    return refuse(judged, "nobody listens on " + endpoint.member.text(),
                  "nginx.upstream-not-listening");
  judge_queue(*listener, 504, judged);  // its SYN is dropped
  judge_firewall(trail, endpoint, judged);
}

Judged judge(const Trail& trail, const Endpoint& endpoint) {
  Judged judged;
  const nginx::Member& member = endpoint.member;
  judged.member.address = member.text();
  judged.member.backup = member.backup;
  judged.member.down = member.down;
  if (member.down) {
    refuse(judged, "it is marked down", "");
    return judged;
  }
  try {
    member.is_unix() ? judge_unix(trail, endpoint, judged) : judge_tcp(trail, endpoint, judged);
  } catch (const NotSeen& not_seen) {
    TraceHop unseen;
    mark_unseen(unseen, not_seen.unseen());
    judged.state = State::unknown;
    judged.fault.reason = unseen.reason;
    // What does not belong to files is no gap in them.
    if (unseen.status == HopStatus::skip) judged.fault.status = 0;
  }
  return judged;
}

/// A backup is asked where no other member takes requests.
std::vector<Judged> judged_members(Trail& trail) {
  std::stable_partition(trail.endpoints.begin(), trail.endpoints.end(),
                        [](const Endpoint& endpoint) { return !endpoint.member.backup; });
  std::vector<Judged> all;
  for (const Endpoint& endpoint : trail.endpoints) {
    if (all.size() == kMostMembers) break;
    all.push_back(judge(trail, endpoint));
    if (all.back().state == State::takes && trail.served == nullptr) trail.served = &endpoint;
  }
  return all;
}

const Judged* first_in(const std::vector<Judged>& all, State state) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Judged& each) {
    return each.state == state && !each.member.down;
  });
  return found == all.end() ? nullptr : &*found;
}

void note_members(const std::vector<Judged>& all, TraceHop& hop) {
  if (all.size() < 2) return;
  for (const Judged& each : all) {
    const char* word = each.state == State::takes     ? "takes requests"
                       : each.state == State::refuses ? "does not"
                                                      : "not known";
    hop.notes.push_back(fmt::format("{}{}: {}{}", each.member.address,
                                    each.member.backup ? " (backup)" : "", word,
                                    each.fault.reason.empty() ? "" : ", " + each.fault.reason));
  }
}

void sum_up(const Trail& trail, const std::vector<Judged>& all, TraceHop& hop, Outlook& outlook) {
  if (const Judged* taking = first_in(all, State::takes)) {
    hop.text = taking->member.address;
    outlook.kind = Outlook::Kind::app;
    outlook.why = "the application behind " + hop.text;
  } else if (const Judged* unknown = first_in(all, State::unknown)) {
    hop.text = unknown->member.address;
    hop.status = unknown->fault.status == 0 ? HopStatus::skip : HopStatus::unknown;
    hop.reason = unknown->fault.reason;
    outlook.kind = Outlook::Kind::app;
    outlook.why = "the application behind " + hop.text;
  } else {
    const Judged* refusing = first_in(all, State::refuses);
    const Judged& told = refusing != nullptr ? *refusing : all.front();
    hop.text = told.member.address;
    hop.status = HopStatus::fail;
    hop.reason = told.fault.reason;
    hop.explain = told.fault.code;
    hop.fix = told.fault.fix;
    outlook.kind = Outlook::Kind::statuses;
    outlook.statuses = {told.fault.status};
    outlook.why = hop.reason;
  }
  const std::string& name = trail.chosen ? trail.chosen->action.upstream : "";
  if (!name.empty()) hop.text = fmt::format("{} of upstream {}", hop.text, name);
  note_members(all, hop);
}

/// What error_page makes of nginx's own 502 or 504.
void foresee_page(const Trail& trail, TraceHop& hop, Outlook& outlook) {
  if (outlook.kind != Outlook::Kind::statuses) return;
  const auto after = choose_after(trail, outlook.statuses.front());
  if (!after) return;
  for (std::size_t i = trail.chosen->steps.size(); i < after->steps.size(); ++i) {
    const nginx::Step& step = after->steps[i];
    hop.notes.push_back(fmt::format("then {} ({})", step.text, short_place(trail, step.from)));
  }
  if (after->action.status != 0 && after->action.sure) {
    outlook.statuses = {after->action.status};
  } else {
    outlook.kind = Outlook::Kind::unknown;
    outlook.statuses.clear();
  }
}

/// The application on the port itself is asked without nginx.
bool is_asked_directly(const Trail& trail) {
  return trail.instance == nullptr && trail.listener != nullptr &&
         holder_of(trail.host, *trail.listener) != nullptr;
}

}  // namespace

void add_upstream(Trail& trail) {
  if (is_asked_directly(trail)) {
    nginx::Member member;
    member.host = trail.request.address;
    member.port = trail.request.port;
    trail.endpoints = {{member}};
    trail.served = &trail.endpoints.front();
    if (is_open(trail)) trail.outlook = {Outlook::Kind::app, {}, {}, "app", "the application"};
    return;
  }
  if (!trail.chosen || !nginx::is_pass(trail.chosen->action.kind)) return;
  TraceHop hop;
  hop.hop = "upstream";
  UpstreamHop detail;
  detail.name = trail.chosen->action.upstream;
  if (trail.instance->worker.seen()) detail.user = trail.instance->worker->user;
  Outlook outlook;
  try {
    for (auto& member : nginx::members(*trail.instance->site, trail.chosen->action))
      trail.endpoints.push_back({member});
    const auto all = judged_members(trail);
    if (all.empty()) throw NotSeen({Unseen::Why::undecidable, "the upstream has no members", {}});
    const bool is_unix = trail.served != nullptr ? trail.served->member.is_unix()
                                                 : trail.endpoints.front().member.is_unix();
    hop.hop = outlook.hop = is_unix ? "socket" : "upstream";
    sum_up(trail, all, hop, outlook);
    foresee_page(trail, hop, outlook);
    for (const Judged& each : all) {
      detail.members.push_back(each.member);
      detail.members.back().reason = each.fault.reason;
    }
  } catch (const NotSeen& not_seen) {
    hop.text = trail.chosen->action.target;
    mark_unseen(hop, not_seen.unseen());
    outlook.hop = hop.hop;
    outlook.why = hop.reason;
  }
  hop.detail = std::move(detail);
  if (is_open(trail)) trail.outlook = std::move(outlook);
  trail.hops.push_back(std::move(hop));
}

}  // namespace hopcheck
