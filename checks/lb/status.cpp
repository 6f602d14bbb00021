// The load balancer's path answers with a status that the load balancer takes for good.
#include <optional>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/health_path.h"
#include "hopcheck/lb_commands.h"
#include "hopcheck/mend.h"
#include "hopcheck/traceback.h"

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

/// The last exception that the application's unit logged, for a server error that it answers, and
/// the user's own line that it rose from.
void add_exception(const Deployment& host, const Route& route, const Exchange& exchange,
                   Finding& finding) {
  if (exchange.status < 500 || author(exchange) == Author::nginx) return;
  const auto unit = host.unit_behind(route);
  if (!unit.seen() || *unit == nullptr) return;
  const auto lines = host.journal((*unit)->name);
  if (!lines.seen()) return;
  const std::size_t last = exception_line(*lines);
  if (last == lines->size()) return;
  const std::string& exception = (*lines)[last];
  finding.evidence.push_back(cite_log("journalctl -u " + (*unit)->name, exception));
  const auto frame =
      own_frame({lines->begin(), lines->begin() + static_cast<std::ptrdiff_t>(last)});
  if (!frame) return;
  finding.evidence.push_back(cite(*frame));
  Fix fix;
  fix.on = On::repo;
  fix.summary = fmt::format("mend {}:{} ({}), then load it", frame->file, frame->line, exception);
  fix.commands = {"systemctl restart " + shell_quote((*unit)->name)};
  fix.interrupts = Interrupts::restart;
  finding.fixes.push_back(std::move(fix));
}

std::string code_of(int status) {
  if (status >= 500) return "lb.probe-server-error";
  if (status == 404) return "lb.path-404";
  if (status == 401 || status == 403) return "lb.path-needs-auth";
  if (status == 405) return "lb.method-not-allowed";
  if (status >= 300 && status < 400) return "lb.path-redirects";
  return "lb.codes-exclude-response";
}

/// The password that nginx asks for is not asked for on the probe's own path.
std::optional<Fix> without_password(const Deployment& host, const Route& route, Finding& finding) {
  if (route.instance == nullptr || route.location == nullptr) return std::nullopt;
  const auto asks =
      nginx::in_force(*route.instance->config, route.location->directive, "auth_basic");
  if (!asks || asks->arg(0) == "off") return std::nullopt;
  finding.evidence.push_back(asks->evidence());
  const auto edit = own_location(host, route, {"auth_basic off;"});
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("let {} pass without a password", route.request.path);
  fix.edits = {*edit};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  fix.widens = "everybody, to " + route.request.path;
  return fix;
}

std::optional<Fix> without_redirect(const Deployment& host, const Route& route) {
  if (route.instance == nullptr) return std::nullopt;
  const auto edit = past_redirect(host, route);
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("pass {} on instead of redirecting it", route.request.path);
  fix.edits = {*edit};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

/// The application refuses the probe's Host, and takes the site's own name.
void blame_host(const Deployment& host, const Route& route, const Exchange& exchange,
                Finding& finding) {
  const std::string name = other_name(route);
  if (exchange.status != 400 || author(exchange) == Author::nginx || name.empty()) return;
  // Unseen, it leaves open which of the two faults this is.
  const auto answer = answer_to_name(host, route, name);
  if (!answer->answered() || !route.target->lb.codes.value.contains(answer->status)) return;
  const std::string sent = route.request.host.empty() ? "none" : route.request.host;
  finding.code = "lb.host-refused";
  finding.title = fmt::format("{} {} answers {} to the load balancer's Host ({}), and {} to {}",
                              route.request.method, route.request.path, exchange.status, sent,
                              answer->status, name);
  Request request = route.request;
  request.host = name;
  Evidence good = cite(request, *answer);
  good.source += " with Host: " + name;
  finding.evidence.push_back(std::move(good));
  const auto edit = own_location(host, route, {"proxy_set_header Host " + name + ";"});
  if (edit && route.instance != nullptr && route.action.kind == nginx::Action::Kind::proxy_pass) {
    Fix fix;
    fix.summary = fmt::format("let nginx pass {} on under the site's name", route.request.path);
    fix.edits = {*edit};
    fix.commands = {route.instance->load_command()};
    fix.interrupts = Interrupts::reload;
    finding.fixes.push_back(std::move(fix));
  }
  if (!can_send_host(route.target->lb)) return;
  Fix send;
  send.on = On::lb;
  send.summary = fmt::format("let the load balancer's check send Host: {}", name);
  finding.fixes.push_back(std::move(send));
}

/// In words, for what lies in the user's own code, or in a configuration of another shape.
Fix in_words(const Route& route, const Exchange& exchange, const std::string& code) {
  Fix fix;
  const bool by_app = author(exchange) != Author::nginx;
  if (by_app) fix.on = On::repo;
  const std::string& path = route.request.path;
  if (code == "lb.path-404") {
    fix.summary = fmt::format("add a route for {} to what answers there", path);
  } else if (code == "lb.path-redirects") {
    fix.summary = fmt::format("answer {} itself instead of sending the probe to {}", path,
                              exchange.header("Location"));
  } else if (code == "lb.path-needs-auth") {
    fix.summary = fmt::format("let {} pass without a login: {}", path,
                              by_app ? "an exception in the application's guard"
                                     : "an exception in nginx, such as `auth_basic off;`");
  } else if (code == "lb.method-not-allowed") {
    const std::string allowed = exchange.header("Allow");
    fix.summary = fmt::format("let {} answer {}{}", path, route.request.method,
                              allowed.empty() ? "" : ": it allows " + allowed);
  } else {
    fix.summary = fmt::format("let {} answer one of {}", path, route.target->lb.codes.value.text);
  }
  return fix;
}

/// The load balancer is pointed at a path that was seen to answer.
void add_path(const Deployment& host, const Route& route, const Exchange& exchange,
              Finding& finding) {
  const auto found = answering_path(host, route, exchange);
  if (!found) return;
  Request request = route.request;
  request.path = found->path;
  finding.evidence.push_back(cite(request, found->exchange));
  finding.evidence.push_back(found->from);
  Fix fix;
  fix.summary = fmt::format("set the load balancer's path to {}, which answers {}", found->path,
                            found->exchange.status);
  fix.on = On::lb;
  fix.commands = set_check_path(route.target->lb, found->path);
  finding.fixes.push_back(std::move(fix));
}

void add_fixes(const Deployment& host, const Route& route, const Exchange& exchange,
               Finding& finding) {
  if (finding.code == "lb.probe-server-error") return;  // it is mended at its cause
  blame_host(host, route, exchange, finding);
  if (finding.code == "lb.host-refused") return;
  std::optional<Fix> here;
  if (finding.code == "lb.path-needs-auth") here = without_password(host, route, finding);
  if (finding.code == "lb.path-redirects") here = without_redirect(host, route);
  if (here) finding.fixes.push_back(std::move(*here));
  add_path(host, route, exchange, finding);
  if (!here) finding.fixes.push_back(in_words(route, exchange, finding.code));
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
  if (route.action.kind == nginx::Action::Kind::return_)
    finding.evidence.push_back(route.action.from);
  add_exception(host, route, exchange, finding);
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
    // With not even a profile the path is a guess, and many sites answer / with a redirect.
    const bool guessed = is_probe && exchange.status < 500 && rests_on_defaults(lb);
    if (guessed && lb.profile.assumed()) return;
    Finding finding = bad_status(host, *route, exchange);
    if (is_probe) add_fixes(host, *route, exchange, finding);
    if (!is_probe) {
      finding.code = "lb.site-server-error";
      finding.title =
          fmt::format("GET {} answers {}", route->target->site.url.value, exchange.status);
      finding.evidence.resize(1);
      finding.fixes.clear();
    } else if (guessed) {
      finding.code = "lb.assumed-path-fails";
      finding.confidence = Confidence::possible;
    }
    out.report(std::move(finding));
  });
}
