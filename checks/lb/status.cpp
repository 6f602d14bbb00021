// The load balancer's path answers with a status that the load balancer takes for good.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

/// Nothing but the answer itself is known: neither path nor Host nor status list was given.
bool rests_on_defaults(const LbSettings& lb) {
  return lb.path.assumed() || (lb.codes.assumed() && lb.profile.assumed());
}

std::string who_said_it(const Deployment& host, const Route& route, const Exchange& exchange) {
  if (route.instance == nullptr) return "the application";
  if (author(exchange) == Author::nginx) {
    return route.server == nullptr
               ? "nginx"
               : fmt::format("nginx ({}:{})", route.server->from.source, route.server->from.line);
  }
  for (const auto& endpoint : route.endpoints) {
    const auto app = host.app_behind(endpoint);
    if (app.seen() && *app != nullptr) return (*app)->text();
  }
  return author(exchange) == Author::app ? "the application" : "the server";
}

/// The last exception that the application's unit logged, for a server error that it answers.
void add_exception(const Deployment& host, const Route& route, const Exchange& exchange,
                   Finding& finding) {
  if (exchange.status < 500 || author(exchange) == Author::nginx) return;
  const auto unit = host.unit_behind(route);
  if (!unit.seen() || *unit == nullptr) return;
  const auto lines = host.journal((*unit)->name);
  if (!lines.seen()) return;
  const std::size_t last = exception_line(*lines);
  if (last < lines->size())
    finding.evidence.push_back(cite_log("journalctl -u " + (*unit)->name, (*lines)[last]));
}

std::string code_of(int status) {
  if (status >= 500) return "lb.probe-server-error";
  if (status == 404) return "lb.path-404";
  if (status == 401 || status == 403) return "lb.path-needs-auth";
  if (status >= 300 && status < 400) return "lb.path-redirects";
  return "lb.codes-exclude-response";
}

void add_fix(const Route& route, const Exchange& exchange, Finding& finding) {
  Fix fix;
  if (finding.code == "lb.path-404") {
    fix.summary = fmt::format(
        "serve {} where the probe lands, or set the load balancer's path to one that exists",
        route.request.path);
  } else if (finding.code == "lb.path-redirects") {
    fix.summary = fmt::format("answer {} itself instead of sending the probe to {}",
                              route.request.path, exchange.header("Location"));
  } else if (finding.code == "lb.path-needs-auth") {
    fix.summary = fmt::format(
        "let {} pass without a login: `auth_basic off;` in nginx, or an exception in the "
        "application's guard",
        route.request.path);
  } else if (finding.code == "lb.codes-exclude-response") {
    fix.summary = fmt::format("let {} answer one of {}", route.request.path,
                              route.target->lb.codes.value.text);
  } else {
    return;  // a server error is mended at its cause
  }
  finding.fixes.push_back(std::move(fix));
}

/// nginx turns this host away and not the load balancer: the answer to us is not the answer to it.
bool only_we_are_turned_away(const Deployment& host, const Route& route, const Exchange& exchange) {
  if (exchange.status != 403 || author(exchange) == Author::app) return false;
  if (!*route.followed || route.access.empty()) return false;
  return *host.turns_us_away(route) != nullptr && *host.turns_lb_away(route) == nullptr;
}

Finding bad_status(const Deployment& host, const Route& route, const Exchange& exchange) {
  const LbSettings& lb = route.target->lb;
  Finding finding;
  finding.code = code_of(exchange.status);
  finding.title = fmt::format("{} {} answers {}, the load balancer wants {}", route.request.method,
                              route.request.path, exchange.status, lb.codes.value.text);
  const std::string location = exchange.header("Location");
  if (!location.empty()) finding.title += fmt::format(": it redirects to {}", location);
  finding.detail = fmt::format("The answer is from {}; the probe's Host was {}.",
                               who_said_it(host, route, exchange),
                               route.request.host.empty() ? "not sent" : route.request.host);
  finding.about = {route.node()};
  finding.evidence = {cite(route.request, exchange), cite("path", lb.path, lb.path.value),
                      cite("codes", lb.codes, lb.codes.value.text)};
  if (route.location != nullptr) finding.evidence.push_back(route.location->from);
  add_exception(host, route, exchange, finding);
  add_fix(route, exchange, finding);
  return finding;
}

}  // namespace

HOPCHECK_CHECK(lb_status) {
  std::vector<const Route*> probes;
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  for (const Route* route : host.requested().seen_items()) {
    if (route->request.scheme != "tcp") probes.push_back(route);
  }
  if (probes.empty()) return out.not_applicable("no HTTP request is to be judged");
  out.each(probes, [&](const Route* route) {
    const Fact<Exchange> probe = host.probe(*route);
    const Exchange& exchange = *probe;
    if (!exchange.answered()) return;
    const LbSettings& lb = route->target->lb;
    const bool is_probe = route->kind == Route::Kind::probe;
    // People may be redirected and asked to log in; only a server error is a fault for them.
    const bool good = is_probe ? lb.codes.value.contains(exchange.status) : exchange.status < 500;
    if (good || (is_probe && only_we_are_turned_away(host, *route, exchange))) return;
    Finding finding = bad_status(host, *route, exchange);
    if (!is_probe) {
      finding.code = "lb.site-server-error";
      finding.title =
          fmt::format("GET {} answers {}", route->target->site.url.value, exchange.status);
      finding.evidence.resize(1);
      finding.fixes.clear();
    } else if (exchange.status < 500 && rests_on_defaults(lb)) {
      // With not even a profile the path is a guess, and many sites answer / with a redirect.
      if (lb.profile.assumed()) return;
      finding.code = "lb.assumed-path-fails";
      finding.confidence = Confidence::possible;
    }
    out.report(std::move(finding));
  });
}
