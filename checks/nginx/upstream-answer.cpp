// Answers of the application that nginx could not use, as its error log tells.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/edits.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

constexpr std::uint64_t kFewest = 3;
constexpr long long kDefaultLimit_ms = 60'000;  // proxy_read_timeout, ngx_http_proxy_module

/// A request of one path that went wrong in one way.
struct Case {
  const nginx::Instance* instance{nullptr};
  Logged logged{};
  std::optional<Place> place{};
  const Route* route{nullptr};  ///< a route that passes there; null: none is known
  const Route* by_us{nullptr};  ///< our own request that met it, too

  std::string asked() const {
    return logged.path == "*" ? "requests" : logged.method + " " + logged.path;
  }
};

std::string code_of(const Logged& logged) {
  if (logged.what == "closed-early" || logged.what == "reset-early")
    return "nginx.upstream-closed-early";
  if (logged.what == "header-too-big") return "nginx.response-header-too-big";
  return logged.what == "read-timed-out" ? "nginx.read-timeout" : "";
}

/// "proxy" or "uwsgi": how the directives of the module begin.
std::string module_of(const Case& one) {
  const auto* location = one.place ? one.place->location : nullptr;
  return location != nullptr && location->action.kind == nginx::Action::Kind::uwsgi_pass ? "uwsgi"
                                                                                         : "proxy";
}

Case case_of(const Deployment& host, const nginx::Instance& instance, const Logged& logged) {
  Case one{&instance, logged, place_of(instance, logged.server, logged.path), nullptr, nullptr};
  if (one.place) {
    const auto routes = host.routes_through(one.place->node());
    const auto passes = std::find_if(routes.begin(), routes.end(),
                                     [](const Route* route) { return !route->endpoints.empty(); });
    if (passes != routes.end()) one.route = *passes;
  }
  for (const Route* route : host.requested().seen_items()) {
    if (route->instance != &instance) continue;
    const auto line = provoked_line(host, *route);
    const auto* ours = line.if_seen();
    if (ours != nullptr && ours->has_value() && (*ours)->what == logged.what &&
        (*ours)->path == logged.path)
      one.by_us = route;
  }
  return one;
}

Finding begun(const Case& one) {
  Finding finding;
  finding.code = code_of(one.logged);
  finding.about = {one.place ? one.place->node() : "nginx:" + one.instance->conf_path};
  if (one.route != nullptr) {
    for (const auto& endpoint : one.route->endpoints) finding.about.push_back(endpoint.node());
  }
  if (one.by_us == nullptr && finding.code != "nginx.response-header-too-big")
    finding.when = When::under_load;
  finding.evidence = {one.logged.evidence()};
  if (one.place && one.place->location != nullptr)
    finding.evidence.push_back(one.place->location->action.from);
  return finding;
}

Fix reload_fix(const Case& one, const std::string& summary, std::vector<Edit> edits) {
  Fix fix;
  fix.summary = summary;
  fix.edits = std::move(edits);
  fix.commands = {one.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

/// Lower lines first, so that one edit does not move the other.
void sort_edits(std::vector<Edit>& edits) {
  std::sort(edits.begin(), edits.end(),
            [](const Edit& a, const Edit& b) { return a.line > b.line; });
}

/// nginx keeps the header in one buffer; the others must not be smaller, or nginx refuses them.
std::vector<Edit> larger_buffers(const Deployment& host, const Case& one, const std::string& size) {
  const std::string module = module_of(one);
  const std::uint32_t block = one.place->block();
  const std::string buffers = module + "_buffers";
  const bool set = nginx::in_force(*one.instance->config, block, buffers).has_value();
  const std::string more = set ? "" : "; " + buffers + " 8 " + size;
  auto edits = set_directive(host, *one.instance, block, module + "_buffer_size", size + more);
  if (edits.empty() || !set) return edits;
  const auto other = set_directive(host, *one.instance, block, buffers, "8 " + size);
  if (other.empty()) return {};
  edits.push_back(other.front());
  sort_edits(edits);
  return edits;
}

Finding header_too_big(const Deployment& host, const Case& one) {
  Finding finding = begun(one);
  const std::string name = module_of(one) + "_buffer_size";
  const auto set =
      one.place ? nginx::in_force(*one.instance->config, one.place->block(), name) : std::nullopt;
  const long long now = set ? size_bytes(std::string(set->arg(0))) : 4096;
  const std::string size = now >= 16'384 ? "64k" : "16k";
  finding.title =
      fmt::format("the headers of {} are larger than nginx takes ({} {}): 502 {}", one.asked(),
                  name, set ? std::string(set->arg(0)) : "4k by default", one.logged.seen.text());
  if (set) finding.evidence.push_back(set->evidence());
  if (one.place) {
    auto edits = larger_buffers(host, one, size);
    if (!edits.empty())
      finding.fixes.push_back(
          reload_fix(one, fmt::format("let nginx take {} of headers", size), std::move(edits)));
  }
  Fix smaller;
  smaller.summary = "keep less in the session cookie: what is stored on the server costs no header";
  smaller.on = On::repo;
  finding.fixes.push_back(std::move(smaller));
  return finding;
}

/// The line of these that tells of an end: gunicorn and uWSGI say so in words of their own.
std::size_t line_of_end(const std::vector<std::string>& lines) {
  for (const char* word :
       {"HARAKIRI ON", "WORKER TIMEOUT", "DAMN !", "was sent SIG", "exited with code",
        "terminated due to signal", "oom", "Main process exited"}) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].find(word) != std::string::npos) return i;
    }
  }
  return telling_line(lines);
}

/// A process that is ended from outside Python, or by os._exit(), leaves no exception.
void add_silent_end(const Deployment& host, const Case& one, const Unit& unit, Finding& finding) {
  finding.detail +=
      " Its journal gives no reason at that second: so end os._exit(), and a crash in a C library.";
  std::string where = "what answers " + one.asked();
  if (const auto handler = handler_line(host, *one.route, one.logged.path)) {
    where = fmt::format("the function at {}:{}", handler->source, handler->line);
    finding.evidence.push_back(*handler);
  }
  Fix fix;
  fix.on = On::repo;
  fix.summary = fmt::format(
      "find what ends the process in {}; with Environment=PYTHONFAULTHANDLER=1 in {} the next "
      "crash "
      "writes its traceback to the journal",
      where, unit.name);
  finding.fixes.push_back(std::move(fix));
}

/// What the application's journal says at the seconds at which the connections ended.
void add_journal(const Deployment& host, const Case& one, Finding& finding) {
  const auto unit = host.unit_behind(*one.route);
  if (!unit.seen() || *unit == nullptr) return;
  const std::string& name = (*unit)->name;
  const auto lines =
      journal_between(host, name, one.logged.seen.last - 2, one.logged.seen.last + 2);
  if (!lines.seen()) return;
  const std::size_t telling = line_of_end(*lines);
  if (telling == lines->size()) return add_silent_end(host, one, **unit, finding);
  finding.evidence.push_back(cite_log("journalctl -u " + name, (*lines)[telling]));
  // uWSGI names the signal where there was one.
  const std::string& end = (*lines)[telling];
  if (end.find("DAMN !") != std::string::npos && end.find("killed by signal") == std::string::npos)
    return add_silent_end(host, one, **unit, finding);
  finding.detail += " At that second its journal says why.";
  Fix fix;
  fix.summary = "mend what the application's journal says at these moments";
  fix.on = On::repo;
  fix.commands = {fmt::format("journalctl -u {} --no-pager --since @{} --until @{}",
                              shell_quote(name), one.logged.seen.first - 2,
                              one.logged.seen.last + 3)};
  finding.fixes.push_back(std::move(fix));
}

void add_gathering(const Deployment& host, const Case& one, int status, Finding& finding) {
  const auto logs = access_logs(host, *one.instance);
  const auto at = gathering(logs.seen, status, false);
  if (!at) return;
  finding.evidence.push_back(at->evidence(status));
  finding.detail += fmt::format(" Its {} answers gather {}.", status, at->text());
}

Finding closed_early(const Deployment& host, const Case& one) {
  Finding finding = begun(one);
  finding.title = fmt::format("the application drops {} without an answer: 502 {}", one.asked(),
                              one.logged.seen.text());
  finding.detail = "The process that had the request ended, or closed its connection.";
  if (one.route != nullptr) add_journal(host, one, finding);
  add_gathering(host, one, 502, finding);
  return finding;
}

/// How long gunicorn lets a worker take; nginx should wait longer than that.
long long app_limit_ms(const Deployment& host, const Case& one) {
  if (one.route == nullptr) return 0;
  for (const auto& endpoint : one.route->endpoints) {
    const auto app = host.app_behind(endpoint);
    if (!app.seen() || *app == nullptr) continue;
    const auto* timeout = (*app)->gunicorn.timeout_s.if_seen();
    if (timeout != nullptr) return timeout->value * 1000LL;
  }
  return 0;
}

/// How long the application takes for our own request when nginx does not end it.
struct PastNginx {
  bool asked{false};
  bool answered{false};
  double took_ms{0};
};

PastNginx past_nginx(const Deployment& host, const Case& one, Finding& finding) {
  if (one.by_us == nullptr || one.by_us->endpoints.empty()) return {};
  const Endpoint& endpoint = one.by_us->endpoints.front();
  const auto direct = host.direct(*one.by_us, endpoint);
  if (!direct.seen()) return {};
  Request request = one.by_us->request;
  request.socket = endpoint.member.path;
  request.address = endpoint.member.host;
  request.port = endpoint.member.port;
  finding.evidence.push_back(cite(request, *direct));
  return {true, direct->answered(), direct->total_ms};
}

std::string seconds(double ms) {
  return fmt::format("{:.1f} s", ms / 1000);
}

/// Whose limit is to be changed first, and whether that is enough.
std::string who_first(const Case& one, const PastNginx& past, long long wanted_ms) {
  if (!past.asked) return {};
  const bool probe = one.by_us->kind == Route::Kind::probe;
  const int lb_ms = one.by_us->target->lb.timeout_ms.value;
  if (!past.answered)
    return fmt::format(
        "Asked past nginx, the application had not answered after {} either: look at the "
        "application first, a longer limit would only be reached later.",
        seconds(past.took_ms));
  std::string text =
      fmt::format("Asked past nginx, the application answers in {}.", seconds(past.took_ms));
  if (!probe) return text;
  if (past.took_ms < lb_ms)
    return text +
           fmt::format(
               " Change nginx first, and nothing else is needed: the load balancer waits {}.",
               duration_text(lb_ms));
  return text + fmt::format(
                    " That is longer than the load balancer waits, too ({}): with nginx at {} s "
                    "raise that limit above {} as well.",
                    duration_text(lb_ms), wanted_ms / 1000, seconds(past.took_ms));
}

Finding read_timeout(const Deployment& host, const Case& one) {
  Finding finding = begun(one);
  const std::string name = module_of(one) + "_read_timeout";
  const auto set =
      one.place ? nginx::in_force(*one.instance->config, one.place->block(), name) : std::nullopt;
  const std::string limit = set ? std::string(set->arg(0)) : "60s by default";
  if (set) finding.evidence.push_back(set->evidence());
  const PastNginx past = past_nginx(host, one, finding);
  finding.title =
      fmt::format("{} takes {} nginx waits ({} {}): 504 {}", one.asked(),
                  past.answered ? seconds(past.took_ms) + ", longer than" : "longer than", name,
                  limit, one.logged.seen.text());
  const long long app_ms = app_limit_ms(host, one);
  const long long wanted = std::max(kDefaultLimit_ms, app_ms + 5000);
  finding.detail = who_first(one, past, wanted);
  add_gathering(host, one, 504, finding);
  if (set && time_ms(std::string(set->arg(0))) < wanted) {
    auto edits = set_directive(host, *one.instance, one.place->block(), name,
                               fmt::format("{}s", wanted / 1000));
    const std::string than =
        app_ms > 0 ? fmt::format(", longer than gunicorn's timeout ({} s)", app_ms / 1000) : "";
    if (!edits.empty())
      finding.fixes.push_back(reload_fix(
          one, fmt::format("let nginx wait {} s{}", wanted / 1000, than), std::move(edits)));
  }
  Fix sooner;
  const bool probe = one.by_us != nullptr && one.by_us->kind == Route::Kind::probe;
  sooner.summary = fmt::format(
      "let {} answer {}", one.asked(),
      probe ? "at once: no database, no other service, no waiting"
            : "sooner: do the long work in a queue, and answer with where to ask for it");
  sooner.on = On::repo;
  // What does not end at all is not helped by more patience.
  const bool first = past.asked && !past.answered;
  finding.fixes.insert(first ? finding.fixes.begin() : finding.fixes.end(), std::move(sooner));
  return finding;
}

/// Lines from before the application was started speak of another one.
bool recurs(const Deployment& host, Case& one) {
  if (one.by_us != nullptr) return true;
  if (one.logged.what == "header-too-big") return one.logged.seen.count >= 2;
  if (one.route == nullptr) return false;
  one.logged.seen = one.logged.seen.since(*app_started(host, *one.route) + 1);
  return one.logged.seen.count >= kFewest;
}

}  // namespace

HOPCHECK_CHECK(nginx_upstream_answer) {
  if (out.none(host.proxied())) return out.not_applicable("no route leads to an application");
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running) return;
    const auto logged = current_errors(host, instance);
    out.none(logged);
    out.each(logged.seen_items(), [&](const Logged& group) {
      const std::string code = code_of(group);
      if (code.empty()) return;
      Case one = case_of(host, instance, group);
      if (!recurs(host, one)) return;
      if (code == "nginx.response-header-too-big") return out.report(header_too_big(host, one));
      if (code == "nginx.read-timeout") return out.report(read_timeout(host, one));
      out.report(closed_early(host, one));
    });
  });
}
