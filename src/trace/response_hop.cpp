// The last hop: the request itself, and whether what came fits what was to come.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hopcheck/cite.h"
#include "hopcheck/logs.h"
#include "hopcheck/nginx_live.h"
#include "hopcheck/server_blocks.h"
#include "host/given_nginx.h"
#include "model/arrival.h"
#include "model/state.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

using Kind = Outlook::Kind;
using Outcome = Exchange::Outcome;

/// Nobody but this host is ever asked.
Fact<Exchange> exchange_of(const Trail& trail) {
  if (!trail.question.send) return Unseen{Unseen::Why::switched_off, "not sent: --no-probe", {}};
  if (trail.host.files_only())
    return Unseen{Unseen::Why::out_of_scope, "not sent: only files are looked at", {}};
  if (!is_own_address(trail.host, trail.request.address)) {
    return Unseen{Unseen::Why::switched_off,
                  trail.request.address + " is no address of this host: nothing is sent there",
                  {}};
  }
  auto exchange = ask_this_host(trail.host, trail.request);
  if (exchange.seen() || exchange.unseen().why != Unseen::Why::not_captured) return exchange;
  // A run has less patience where the load balancer's own request was in vain.
  Request hurried = trail.request;
  hurried.timeout_ms = kShortPatienceMs;
  auto second = ask_this_host(trail.host, hurried);
  return second.seen() ? second : exchange;
}

std::string statuses_text(const std::vector<int>& statuses) {
  return fmt::format("{}", fmt::join(statuses, " or "));
}

std::string predicted_text(const Outlook& outlook) {
  switch (outlook.kind) {
    case Kind::statuses:
      return statuses_text(outlook.statuses) +
             (outlook.location.empty() ? "" : " to " + outlook.location);
    case Kind::app:
      return "what " + outlook.why + " answers";
    case Kind::nothing:
      return "no answer";
    case Kind::unknown:
      break;
  }
  return "not decided";
}

bool is_gateway_error(int status) {
  return status == 502 || status == 503 || status == 504;
}

/// It is the very request of the load balancer's probe.
bool is_probe(const Trail& trail) {
  return trail.request.sent_as == trail.target.lb.profile.value;
}

/// The load balancer wants its own statuses where this is its probe.
bool is_good(const Trail& trail, const Exchange& exchange) {
  if (is_probe(trail)) return trail.target.lb.codes.value.contains(exchange.status);
  return exchange.status < 400;
}

/// The code of a status that the load balancer does not want.
std::string probe_code(int status) {
  if (status == 404) return "lb.path-404";
  if (status == 401 || status == 403) return "lb.path-needs-auth";
  if (status >= 500) return "lb.probe-server-error";
  return status >= 300 && status < 400 ? "lb.path-redirects" : "lb.codes-exclude-response";
}

void judge_status(const Trail& trail, const Exchange& exchange, TraceHop& hop) {
  const int status = exchange.status;
  hop.status = HopStatus::fail;
  const bool app = trail.outlook.kind == Kind::app;
  hop.reason = fmt::format("{} {}",
                           !app                                ? "the answer is"
                           : author(exchange) == Author::nginx ? "an nginx answers"
                                                               : "the application answers",
                           status);
  if (!is_probe(trail)) return;
  hop.reason += fmt::format("; the load balancer wants {}", trail.target.lb.codes.value.text);
  hop.explain = probe_code(status);
}

bool fits(const Outlook& outlook, const Exchange& exchange) {
  switch (outlook.kind) {
    case Kind::statuses: {
      const auto& all = outlook.statuses;
      return exchange.answered() && std::find(all.begin(), all.end(), exchange.status) != all.end();
    }
    case Kind::app:
      return exchange.answered() &&
             !(is_gateway_error(exchange.status) && author(exchange) == Author::nginx);
    case Kind::nothing:
      return !exchange.answered();
    case Kind::unknown:
      break;
  }
  return true;
}

/// The application is reached, and yet nginx has no answer of it to give.
void explain_gateway(const Trail& trail, const Exchange& exchange, Disagreement& out) {
  out.hop = "app";
  const std::string who = trail.served != nullptr ? trail.served->member.text() : "the application";
  if (exchange.outcome == Outcome::timed_out || exchange.status == 504) {
    out.means = fmt::format(
        "{} takes connections and does not answer in time: all of its workers are busy, or wait "
        "for something themselves",
        who);
    out.explain = "lb.probe-timeout";
  } else {
    out.means = fmt::format(
        "{} takes connections and gives nginx no answer it can use: it crashes, closes them, or "
        "speaks another protocol; nginx's error log has the line",
        who);
    out.explain = "nginx.bad-gateway";
  }
}

/// Signs that the running nginx has read something else than what lies there now.
bool explain_not_loaded(const Trail& trail, Disagreement& out) {
  const nginx::Instance& instance = *trail.instance;
  if (given_nginx(trail.host.state().host)) {
    out.means = "the configuration that was given is not the one that runs";
    return true;
  }
  if (instance.config != nullptr && !instance.config->problems.empty()) {
    out.means = "nginx refuses the files as they are: what runs was loaded before they broke";
    out.explain = "nginx.config-broken";
    return true;
  }
  const auto signs = not_loaded(trail.host, instance);
  if (!signs.seen() || signs->empty()) return false;
  const NotLoaded& sign = signs->front();
  out.means = "the running nginx is older than its files";
  if (sign.changed > sign.loaded && sign.loaded > 0) {
    out.means += fmt::format(": {} was changed at {}, the workers are of {}", sign.file,
                             clock_text(sign.changed), clock_text(sign.loaded));
  }
  out.explain = "nginx.config-not-loaded";
  return true;
}

void explain_nginx(const Trail& trail, const Exchange& exchange, Disagreement& out) {
  out.hop = "nginx";
  if (explain_not_loaded(trail, out)) return;
  if (trail.outlook.hop == "file") {
    out.hop = "file";
    out.means =
        "nginx sees other files than this run does (a container, a chroot, PrivateTmp=), "
        "or runs with an older configuration";
  } else if (author(exchange) == Author::app) {
    out.means =
        "the application answered, where the files let nginx answer itself: the running "
        "configuration is most likely older than the files";
  } else if (exchange.header("Server").find("nginx") == std::string::npos &&
             !exchange.header("Server").empty()) {
    out.means = fmt::format("{} answered, not nginx: something else stands on this port",
                            exchange.header("Server"));
    out.hop = "listener";
  } else {
    out.means =
        "the running configuration is most likely older than the files; nginx -t, then a "
        "reload, would settle it";
  }
  if (out.hop == "nginx") out.explain = "nginx.config-not-loaded";
}

void disagree(const Trail& trail, const Exchange& exchange, Trace& out, TraceHop& hop) {
  Disagreement found;
  found.predicted = predicted_text(trail.outlook);
  found.observed = describe(exchange);
  if (trail.outlook.kind == Kind::app) {
    explain_gateway(trail, exchange, found);
  } else if (trail.instance != nullptr && trail.outlook.hop != "listener") {
    explain_nginx(trail, exchange, found);
  } else {
    found.hop = "listener";
    found.means = "the sockets changed between the look and the request";
  }
  hop.status = HopStatus::fail;
  hop.reason = fmt::format("not as predicted ({}): {}", found.predicted, found.means);
  hop.explain = found.explain;
  out.disagreement = std::move(found);
}

void judge(const Trail& trail, const Exchange& exchange, Trace& out, TraceHop& hop) {
  const Outlook& outlook = trail.outlook;
  if (!trail.turned_away.empty() && fits(outlook, exchange)) {
    hop.status = HopStatus::skip;
    hop.reason = fmt::format("from this host, where {}; others are let in", trail.turned_away);
    return;
  }
  if (!fits(outlook, exchange)) return disagree(trail, exchange, out, hop);
  if (!exchange.answered()) {
    hop.status = HopStatus::fail;
    hop.reason = describe(exchange);
  } else if (!is_good(trail, exchange)) {
    judge_status(trail, exchange, hop);
  } else if (is_probe(trail) && exchange.total_ms > trail.target.lb.timeout_ms.value) {
    hop.status = HopStatus::fail;
    hop.reason = "the load balancer waits for " + duration_text(trail.target.lb.timeout_ms.value);
    hop.explain = "lb.timeout-below-response";
  }
  if (outlook.kind != Kind::unknown)
    hop.notes.push_back(outlook.kind == Kind::app ? "the application's own answer"
                                                  : "as predicted: " + outlook.why);
}

/// What nginx wrote of this very request.
void note_log(const Trail& trail, TraceHop& hop) {
  if (hop.status != HopStatus::fail || trail.instance == nullptr) return;
  const auto line = provoked_line(trail.host, trail.route());
  if (!line.seen() || !*line) return;
  const Evidence from = (*line)->evidence();
  hop.notes.push_back(fmt::format("{}: {}", from.source, from.text));
}

/// Whom the rules for other addresses would have stopped.
void note_own_view(const Trail& trail, TraceHop& hop) {
  const bool stopped = std::any_of(trail.hops.begin(), trail.hops.end(), [](const TraceHop& each) {
    return each.hop == "firewall" && each.status == HopStatus::fail;
  });
  if (stopped && !trail.own_source)
    hop.notes.emplace_back("sent from this host itself, which the firewall does not stop");
}

}  // namespace

void add_response(Trail& trail, Trace& trace) {
  TraceHop hop;
  hop.hop = "response";
  ResponseHop detail;
  const auto exchange = exchange_of(trail);
  if (!exchange.seen()) {
    mark_unseen(hop, exchange.unseen());
    hop.notes.push_back("predicted: " + predicted_text(trail.outlook));
    hop.detail = std::move(detail);
    trail.hops.push_back(std::move(hop));
    return;
  }
  detail.status_code = exchange->status;
  detail.time_ms = exchange->total_ms;
  detail.error = exchange->answered() ? "" : describe(*exchange);
  detail.server = exchange->header("Server");
  detail.location = exchange->header("Location");
  hop.text = describe(*exchange);
  if (!detail.location.empty()) hop.text += ", to " + detail.location;
  judge(trail, *exchange, trace, hop);
  note_log(trail, hop);
  note_own_view(trail, hop);
  hop.detail = std::move(detail);
  trail.hops.push_back(std::move(hop));
}

}  // namespace hopcheck
