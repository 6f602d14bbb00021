// Follows one request: the hops in order, then what they come to.
#include "trace/trace.h"

#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/http.h"
#include "model/arrival.h"
#include "model/state.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

constexpr int kPatienceMs = 8000;

/// The target that is meant: by the site's name, by the port, else the first.
const Target& meant_target(const Deployment& host, const Url& url) {
  const auto& targets = host.targets();
  const auto named = std::find_if(targets.begin(), targets.end(), [&](const Target& target) {
    const auto site = parse_url(target.site.url.value);
    return site && site->host == url.host;
  });
  if (named != targets.end()) return *named;
  const auto probed = std::find_if(targets.begin(), targets.end(), [&](const Target& target) {
    return target.lb.port.value == url.port;
  });
  return probed == targets.end() ? targets.front() : *probed;
}

void add_headers(const TraceQuestion& question, Request& request) {
  for (const auto& header : question.headers) {
    // What is given replaces what the load balancer would add.
    std::erase_if(request.headers, [&](const auto& other) {
      return std::equal(other.first.begin(), other.first.end(), header.first.begin(),
                        header.first.end(),
                        [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    });
  }
  request.headers.insert(request.headers.end(), question.headers.begin(), question.headers.end());
}

/// Where the request arrives, and as what.
void arrive(Trail& trail) {
  const TraceQuestion& question = trail.question;
  trail.target = meant_target(trail.host, question.url);
  Arrival arrival = arrival_of(trail.host, trail.target, question.url, question.address);
  trail.request = std::move(arrival.request);
  trail.lb_ends_tls = arrival.lb_ends_tls;
  Request& request = trail.request;
  request.method = question.method;
  request.timeout_ms = kPatienceMs;
  request.sent_as = "trace";
  if (question.host) request.host = *question.host;
  add_headers(question, request);
  if (question.headers.empty()) request = known_request(trail.host, request);
  if (!question.source.empty())
    trail.target.lb.sources = {{question.source}, From::flag, "--source"};
  const auto& sources = trail.target.lb.sources.value;
  trail.own_source = is_loopback(request.address) ||
                     (sources.size() == 1 && is_own_address(trail.host, sources.front()));
}

void describe_request(const Trail& trail, Trace& out) {
  const Request& request = trail.request;
  const Url& url = trail.question.url;
  out.request.method = request.method;
  const bool v6 = url.host.find(':') != std::string::npos;
  out.request.url = url.scheme + "://" +
                    (url.port_given ? address_text(url.host, url.port)
                     : v6           ? "[" + url.host + "]"
                                    : url.host) +
                    url.path;
  out.request.host = request.host;
  out.request.scheme = request.scheme;
  out.request.address = request.address;
  out.request.port = request.port;
  const LbSettings& lb = trail.target.lb;
  if (trail.own_source && trail.question.source.empty()) {
    out.request.source = request.address;
  } else if (known_sources(lb)) {
    out.request.source = fmt::format("{}", fmt::join(lb.sources.value, ", "));
  }
}

void describe_host(const Deployment& host, Trace& out) {
  out.version = HOPCHECK_VERSION;
  const auto& who = identity_of(host.state());
  if (!who.seen()) return;
  out.host.name = who->name;
  out.host.os = who->os;
  out.host.kernel = who->kernel;
  out.host.user = who->user;
  out.host.privileged = who->privileged;
}

const TraceHop* first_with(const Trace& trace, HopStatus status) {
  const auto found = std::find_if(trace.hops.begin(), trace.hops.end(), [&](const TraceHop& hop) {
    // Whether a resolver here knows the name decides nothing.
    return hop.status == status && hop.hop != "name";
  });
  return found == trace.hops.end() ? nullptr : &*found;
}

/// Whether everything that could still stop the request was seen.
bool is_decided(const Trace& trace, const Outlook& outlook) {
  const TraceHop& response = trace.hops.back();
  if (response.status == HopStatus::skip) return first_with(trace, HopStatus::unknown) == nullptr;
  if (response.status == HopStatus::unknown || outlook.kind == Outlook::Kind::unknown) return false;
  // An answer shows that what lies behind the listener works; our own request says nothing of the
  // rules for others.
  return std::none_of(trace.hops.begin(), trace.hops.end(), [](const TraceHop& hop) {
    return hop.status == HopStatus::unknown && (hop.hop == "firewall" || hop.hop == "lb");
  });
}

void conclude(const Outlook& outlook, Trace& out) {
  out.predicted.statuses = outlook.statuses;
  out.predicted.hop = outlook.hop;
  out.predicted.text = outlook.why;
  const TraceHop& response = out.hops.back();
  if (const TraceHop* failed = first_with(out, HopStatus::fail)) {
    out.stopped_at = failed->hop;
    out.outcome = "stopped";
    out.summary = fmt::format("stopped at {}: {}", failed->hop, failed->reason);
    out.exit_code = 1;
  } else if (!is_decided(out, outlook)) {
    const TraceHop* open = first_with(out, HopStatus::unknown);
    out.outcome = "undecided";
    out.summary = open == nullptr ? "undecided: " + outlook.why
                                  : fmt::format("undecided at {}: {}", open->hop, open->reason);
    out.exit_code = 3;
  } else {
    out.outcome = "answered";
    out.summary = response.status == HopStatus::skip
                      ? fmt::format("answered by {}, as far as the way shows", outlook.why)
                      : fmt::format("answered as predicted: {}", response.text);
  }
}

}  // namespace

Route Trail::route() const {
  Route route;
  route.kind = Route::Kind::site;
  route.name = "trace " + request.method + " " + request.path;
  route.target = &target;
  route.request = request;
  route.instance = instance;
  if (chosen) {
    route.server = chosen->server;
    route.location = chosen->location;
    route.action = chosen->action;
    route.access = chosen->access;
  }
  route.endpoints = endpoints;
  return route;
}

void mark_unseen(TraceHop& hop, const Unseen& unseen) {
  const bool off =
      unseen.why == Unseen::Why::out_of_scope || unseen.why == Unseen::Why::switched_off;
  hop.status = off ? HopStatus::skip : HopStatus::unknown;
  hop.reason = unseen.what;
  if (!unseen.needs.empty()) {
    hop.reason += fmt::format(" ({} would see it)", unseen.needs);
  } else if (unseen.why == Unseen::Why::not_captured && !unseen.what.ends_with("recording")) {
    hop.reason += ": not in the recording";
  } else if (unseen.why == Unseen::Why::timed_out) {
    hop.reason += ": not seen in time";
  }
}

TracedLine line_of(const Evidence& from) {
  return {from.source, from.line};
}

std::string place_text(const Evidence& from) {
  return from.line == 0 ? from.source : fmt::format("{}:{}", from.source, from.line);
}

const Process* holder_of(const Deployment& host, const Listener& listener) {
  const auto* table = host.processes().if_seen();
  if (table == nullptr || listener.pids.seen_items().empty()) return nullptr;
  const auto& all = table->seen_items();
  const auto& pids = listener.pids.seen_items();
  // The first of them to start is the one that bound it.
  const Process* first = nullptr;
  for (const Process& process : all) {
    if (std::find(pids.begin(), pids.end(), process.pid) == pids.end()) continue;
    if (first == nullptr || process.pid == first->parent) first = &process;
  }
  return first;
}

bool is_open(const Trail& trail) {
  return trail.outlook.kind == Outlook::Kind::unknown && trail.outlook.why.empty();
}

std::optional<TraceQuestion> question_of(const Request& request) {
  const auto url = parse_url(request.url());
  if (!url || !request.socket.empty()) return std::nullopt;
  TraceQuestion question;
  question.url = *url;
  question.method = request.method;
  question.host = request.host;
  return question;
}

Trace trace(const Deployment& host, const TraceQuestion& question) {
  Trace out;
  describe_host(host, out);
  Trail trail{host, question};
  try {
    arrive(trail);
  } catch (const NotSeen& not_seen) {
    TraceHop hop;
    hop.hop = "lb";
    mark_unseen(hop, not_seen.unseen());
    hop.status = HopStatus::unknown;
    hop.detail = LbHop{};
    trail.outlook.why = hop.reason;
    out.hops.push_back(std::move(hop));
    out.request.method = question.method;
    out.request.url = question.url.scheme + "://" + question.url.host + question.url.path;
    conclude(trail.outlook, out);
    return out;
  }
  describe_request(trail, out);
  for (const auto add :
       {add_name, add_lb, add_firewall, add_listener, add_nginx, add_file, add_upstream, add_app}) {
    add(trail);
  }
  add_response(trail, out);
  out.hops = std::move(trail.hops);
  conclude(trail.outlook, out);
  return out;
}

}  // namespace hopcheck
