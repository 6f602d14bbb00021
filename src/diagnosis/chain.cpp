// The chain of hops that a report shows for a route, and the route's own verdict.
#include "diagnosis/chain.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "hopcheck/firewall.h"

namespace hopcheck {
namespace {

/// The worst of the findings on this hop of the route: effects do not blacken the hop that
/// only passes them on.
std::string hop_status(const Route& route, const std::string& hop,
                       const std::vector<JudgedFinding>& findings, std::string status) {
  for (const auto& judged : findings) {
    if (!judged.root || !judged.counts || judged.page->hop != hop) continue;
    if (judged.finding->about.empty() || !route.through(judged.finding->about.front())) continue;
    if (judged.page->severity == Severity::error && judged.finding->when == When::now)
      return "fail";
    if (judged.page->severity != Severity::info) status = "warn";
  }
  return status;
}

std::string answer_text(const Route& route, const Exchange& exchange) {
  const auto ms = std::lround(exchange.total_ms);
  const std::string wants = route.kind == Route::Kind::probe && route.request.scheme != "tcp"
                                ? ", wants " + route.target->lb.codes.value.text
                                : "";
  switch (exchange.outcome) {
    case Exchange::Outcome::answered:
      if (route.request.scheme == "tcp") return fmt::format("connected in {} ms", ms);
      if (route.kind == Route::Kind::probe && ms > route.target->lb.timeout_ms.value) {
        return fmt::format("{} in {} ms, too late: it waits {}", exchange.status, ms,
                           duration_text(route.target->lb.timeout_ms.value));
      }
      return fmt::format("{} in {} ms{}", exchange.status, ms, wants);
    case Exchange::Outcome::timed_out:
      return fmt::format("no answer in {}", duration_text(ms));
    default:
      return exchange.error.empty() ? "no answer" : exchange.error;
  }
}

ChainHop lb_hop(const Deployment& host, const Route& route,
                const std::vector<JudgedFinding>& findings) {
  const bool probe = route.kind == Route::Kind::probe;
  ChainHop hop{"lb",
               fmt::format("{} {} {} on port {}", probe ? route.target->lb.profile.value : "site",
                           route.request.method, route.request.path, route.request.port),
               "unknown"};
  const auto exchange = host.probe(route);
  if (!exchange.seen()) {
    const bool off = exchange.unseen().why == Unseen::Why::out_of_scope ||
                     exchange.unseen().why == Unseen::Why::switched_off;
    hop.status = off ? "skip" : "unknown";
    hop.label += ": " + exchange.unseen().what;
    return hop;
  }
  hop.label += ": " + answer_text(route, *exchange);
  bool fails = !exchange->answered();
  for (const auto& judged : findings) {
    if (!judged.counts || judged.finding->about.empty()) continue;
    if (judged.finding->about.front() != route.node()) continue;
    if (judged.page->severity == Severity::error) fails = true;
  }
  hop.status = hop_status(route, "lb", findings, fails ? "fail" : "pass");
  return hop;
}

/// Nothing where a recording, or a directory, cannot know of any.
std::optional<ChainHop> firewall_hop(const Deployment& host, const Route& route,
                                     const std::vector<JudgedFinding>& findings) {
  const auto verdict = firewall_verdict(host, route);
  if (!verdict.seen()) {
    const auto why = verdict.unseen().why;
    if (why == Unseen::Why::not_captured || why == Unseen::Why::out_of_scope) return std::nullopt;
    const std::string needs = verdict.unseen().needs;
    return ChainHop{"firewall", needs.empty() ? verdict.unseen().what : "not seen without " + needs,
                    "unknown"};
  }
  ChainHop hop{"firewall", verdict->front_end.empty() ? "no rules" : verdict->front_end, "pass"};
  for (const auto& part : verdict->parts) {
    if (part.action == FirewallPart::Action::accept) continue;
    hop.status = "unknown";
    hop.label =
        fmt::format("{}: {}: {}", verdict->front_end, part.rule.chain_text(), part.rule.text);
  }
  hop.status = hop_status(route, "firewall", findings, hop.status);
  const bool by_cloud =
      std::any_of(findings.begin(), findings.end(), [](const JudgedFinding& judged) {
        return judged.counts && judged.finding->code == "firewall.cloud-blocks";
      });
  if (by_cloud) hop.label += " here; the cloud's do not let it in";
  return hop;
}

ChainHop nginx_hop(const Route& route, const std::vector<JudgedFinding>& findings) {
  ChainHop hop{"nginx", {}, "pass"};
  if (route.server != nullptr) {
    hop.label = fmt::format("{} ({}:{})", route.server->label(), route.server->from.source,
                            route.server->from.line);
  } else {
    hop.label = route.instance->conf_path;
  }
  const bool* const running = route.instance->running.if_seen();
  if (running == nullptr) hop.status = "unknown";
  if (running != nullptr && !*running) {
    hop.status = "fail";
    hop.label += ": nginx does not run";
  }
  hop.status = hop_status(route, "nginx", findings, hop.status);
  return hop;
}

/// A file that nobody accepts on, whatever the reason that it was left.
bool is_leftover(const Endpoint& endpoint, const std::vector<JudgedFinding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [&](const JudgedFinding& judged) {
    const auto& about = judged.finding->about;
    return judged.counts && judged.finding->code == "socket.stale-file" && !about.empty() &&
           about.front() == endpoint.node();
  });
}

/// The first of the route's sockets that is there, else the first.
std::optional<ChainHop> socket_hop(const Deployment& host, const Route& route,
                                   const std::vector<JudgedFinding>& findings) {
  std::optional<ChainHop> hop;
  for (const auto& endpoint : route.endpoints) {
    if (!endpoint.member.is_unix()) continue;
    const auto walk = host.walk(endpoint.member.path);
    const bool known = walk.seen() && walk->whole.seen();
    const bool there = known && walk->exists();
    if (!hop || there)
      hop = {"socket", endpoint.member.text(), there ? "pass" : known ? "fail" : "unknown"};
    if (known && !there) hop->label += ": not there";
    if (there && is_leftover(endpoint, findings)) {
      hop->label += ": left over, nobody accepts on it";
      hop->status = "fail";
    }
    if (there) break;
  }
  if (hop) hop->status = hop_status(route, "socket", findings, hop->status);
  return hop;
}

/// Why no app server is known behind a route.
std::string no_app(const Deployment& host, const Route& route) {
  const bool unserved =
      std::all_of(route.endpoints.begin(), route.endpoints.end(),
                  [&](const Endpoint& endpoint) { return host.surely_unserved(endpoint); });
  return unserved ? "nobody listens on " + route.endpoints.front().member.text() : "not seen";
}

ChainHop app_hop(const Deployment& host, const Route& route,
                 const std::vector<JudgedFinding>& findings) {
  ChainHop hop{"app", {}, "unknown"};
  std::string unseen = no_app(host, route);
  for (const auto& endpoint : route.endpoints) {
    const auto app = host.app_behind(endpoint);
    if (!app.seen()) unseen = app.unseen().what;
    if (!app.seen() || *app == nullptr) continue;
    hop.label = (*app)->text();
    hop.status = "pass";
    break;
  }
  if (hop.label.empty()) {
    const auto unit = host.unit_behind(route);
    hop.label = unit.seen() && *unit != nullptr ? (*unit)->name : unseen;
  }
  hop.status = hop_status(route, "app", findings, hop.status);
  return hop;
}

}  // namespace

std::vector<ChainHop> chain_of(const Deployment& host, const Route& route,
                               const std::vector<JudgedFinding>& findings) {
  std::vector<ChainHop> chain{lb_hop(host, route, findings)};
  if (const auto firewall = firewall_hop(host, route, findings)) chain.push_back(*firewall);
  if (route.instance != nullptr) chain.push_back(nginx_hop(route, findings));
  if (const auto socket = socket_hop(host, route, findings)) chain.push_back(*socket);
  if (!route.endpoints.empty()) chain.push_back(app_hop(host, route, findings));
  return chain;
}

bool judged(const Deployment& host, const Route& route) {
  const auto exchange = host.probe(route);
  if (exchange.seen()) return true;
  const auto why = exchange.unseen().why;
  const bool not_meant = why == Unseen::Why::switched_off || why == Unseen::Why::out_of_scope;
  return not_meant && route.followed.seen();
}

}  // namespace hopcheck
