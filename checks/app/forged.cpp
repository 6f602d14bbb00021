// A client cannot choose by a header what the application makes of it.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"

using namespace hopcheck;

namespace {

using Shown = Fact<std::optional<std::vector<Evidence>>>;

/// What the answers to forged requests show; null where nothing, or where none were sent.
const std::vector<Evidence>* shown(const Shown& fact, bool& sent, Outcome& out) {
  if (!fact.seen()) {
    const auto why = fact.unseen().why;
    if (why == Unseen::Why::switched_off || why == Unseen::Why::not_captured) return nullptr;
    sent = true;
    out.not_seen(fact.unseen());
    return nullptr;
  }
  sent = true;
  return *fact ? &**fact : nullptr;
}

/// Its count of hosts is judged, with the same evidence, where ProxyFix is.
bool is_proxy_fix(const Deployment& host, const Route& route) {
  if (route.endpoints.empty()) return false;
  const auto app = host.app_behind(route.endpoints.front());
  if (!app.seen() || *app == nullptr) return false;
  const auto source = app_source(host, **app);
  return source.seen() && source->proxy_fix && source->proxy_fix->x_host.value_or(0) > 0;
}

Finding finding_of(const Route& route, const char* code, const std::vector<Evidence>& evidence) {
  Finding finding;
  finding.code = code;
  finding.when = When::if_attacked;
  finding.about = {route.node()};
  finding.evidence = evidence;
  if (route.action.from.line > 0) finding.evidence.push_back(route.action.from);
  return finding;
}

void judge(const Deployment& host, const Route& route, bool& sent, Outcome& out) {
  const Shown name = forged_host(host, route);
  if (const auto* evidence = shown(name, sent, out); evidence && !is_proxy_fix(host, route)) {
    Finding finding = finding_of(route, "app.client-chooses-host", *evidence);
    finding.title =
        fmt::format("a client chooses the name in the URLs of {}: X-Forwarded-Host is believed",
                    route.request.path);
    Fix fix;
    fix.summary = "let nginx set the header: proxy_set_header X-Forwarded-Host $host;";
    finding.fixes = {std::move(fix)};
    out.report(std::move(finding));
  }
  const Shown address = forged_address(host, route);
  if (const auto* evidence = shown(address, sent, out)) {
    Finding finding = finding_of(route, "app.client-chooses-address", *evidence);
    finding.title = fmt::format(
        "a client that is turned away from {} gets in by claiming to be 127.0.0.1 in "
        "X-Forwarded-For",
        route.request.path);
    Fix fix;
    fix.summary =
        "believe the last address only, which the load balancer wrote: set_real_ip_from with its "
        "networks alone, ProxyFix with the true count";
    finding.fixes = {std::move(fix)};
    out.report(std::move(finding));
  }
}

}  // namespace

HOPCHECK_CHECK(app_forged) {
  std::vector<const Route*> routes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->request.scheme != "tcp") routes.push_back(route);
  }
  bool sent = false;
  out.each(routes, [&](const Route* route) { judge(host, *route, sent, out); });
  if (!sent) out.not_applicable("forged headers are sent with --probe full only");
}
