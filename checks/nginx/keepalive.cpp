// nginx keeps idle connections longer than the load balancer that talks to it.
#include <charconv>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

constexpr int kDefaultSeconds = 75;

/// Load balancers that keep connections to their targets and use them again. Where nobody told for
/// how long, only those count whose default a default of nginx can meet.
bool pools_connections(const LbSettings& lb) {
  if (lb.protocol.value == "tcp") return false;
  if (!lb.idle_timeout_ms.assumed()) return true;
  const std::string& profile = lb.profile.value;
  return profile == "aws-alb" || profile == "aws-clb";
}

/// "65", "65s", "2m", "1m30s" in milliseconds; throws NotSeen for what is none of these.
long long milliseconds(std::string_view text) {
  long long total = 0;
  const std::string_view whole = text;
  while (!text.empty()) {
    long long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
    const std::string_view unit = rest.substr(0, rest.starts_with("ms") ? 2 : 1);
    const long long factor = unit == "ms"                  ? 1
                             : unit.empty() || unit == "s" ? 1000
                             : unit == "m"                 ? 60'000
                             : unit == "h"                 ? 3'600'000
                             : unit == "d"                 ? 86'400'000
                                                           : 0;
    if (error != std::errc{} || factor == 0) {
      throw NotSeen({Unseen::Why::undecidable, "keepalive_timeout " + std::string(whole), {}});
    }
    total += count * factor;
    text = rest.substr(unit.size());
  }
  return total;
}

Fix longer(const Deployment& host, const Route& route, const Evidence& at, const std::string& old,
           int idle_ms) {
  const std::string wanted = fmt::format("keepalive_timeout {}s", idle_ms / 1000 + 15);
  Fix fix;
  fix.summary = "keep them longer than the load balancer does";
  fix.interrupts = Interrupts::reload;
  auto edit = old.empty() ? line_after(host, at, wanted + ";")
                          : replaced(host, at, "keepalive_timeout " + old, wanted);
  if (!edit) return fix;
  fix.edits = {std::move(*edit)};
  fix.commands = {route.instance->load_command()};
  return fix;
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const LbSettings& lb = route.target->lb;
  const auto set =
      nginx::in_force(*route.instance->config, route.server->directive, "keepalive_timeout");
  const long long kept_ms =
      set ? milliseconds(set->arg(0)) : static_cast<long long>(kDefaultSeconds) * 1000;
  const int idle_ms = lb.idle_timeout_ms.value;
  if (kept_ms == 0 || kept_ms > idle_ms) return;  // 0: it closes after each answer
  Finding finding;
  finding.code = "nginx.keepalive-below-lb-idle";
  finding.when = When::under_load;
  finding.confidence = lb.idle_timeout_ms.assumed() ? Confidence::possible : Confidence::likely;
  finding.title =
      fmt::format("nginx closes idle connections after {}, the load balancer uses them for {}",
                  duration_text(kept_ms), duration_text(idle_ms));
  finding.about = {route.node()};
  const Evidence by_default{EvidenceKind::default_, "nginx's default", 0, "keepalive_timeout 75s",
                            false};
  finding.evidence = {set ? set->evidence() : by_default,
                      cite("idle_timeout", lb.idle_timeout_ms, duration_text(idle_ms))};
  // A server block's own first listen line is a place for it where it is set nowhere.
  const auto& listens = route.server->listens;
  if (set) {
    finding.fixes = {longer(host, route, set->evidence(), std::string(set->arg(0)), idle_ms)};
  } else if (!listens.empty() && !listens.front().from.source.empty()) {
    finding.fixes = {longer(host, route, listens.front().from, "", idle_ms)};
  }
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_keepalive) {
  std::vector<const Route*> faced;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind == Route::Kind::probe && pools_connections(route->target->lb))
      faced.push_back(route);
  }
  if (faced.empty())
    return out.not_applicable("no load balancer is known that keeps connections to this host");
  out.each(faced, [&](const Route* route) {
    if (!*route->followed || route->instance == nullptr || route->server == nullptr) return;
    judge(host, *route, out);
  });
}
