// gunicorn's workers finish what they are given, and there are enough of them.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/flask_source.h"
#include "hopcheck/gunicorn.h"
#include "hopcheck/incidents.h"
#include "hopcheck/logs.h"
#include "hopcheck/packages.h"
#include "hopcheck/sample.h"

using namespace hopcheck;

namespace {

// What stopped longer ago has been mended, or was an outage that is over.
constexpr double kRecent = 600;
constexpr std::size_t kLines = 3;
// A worker that does not end from SIGABRT is killed about a second later.
constexpr double kKillDelay = 5;

const char* const kTimeout = "WORKER TIMEOUT (pid:";

/// A default says which setting it is.
Evidence with_name(const char* name, Evidence from) {
  if (from.kind == EvidenceKind::default_) from.text = fmt::format("{} = {}", name, from.text);
  return from;
}

/// Whether a route ends at this app; throws NotSeen where it was not followed to its end.
bool leads_to(const Deployment& host, const Route& route, const AppServer& app) {
  if (!*route.followed) return false;
  return std::any_of(route.endpoints.begin(), route.endpoints.end(), [&](const Endpoint& end) {
    const auto behind = host.app_behind(end);
    return *behind == &app;
  });
}

/// A requested route to this app that waits in vain now, or is told that nginx did; null: none.
const Route* waits(const Deployment& host, const AppServer& app) {
  for (const Route* route : host.requested().seen_items()) {
    if (!leads_to(host, *route, app)) continue;
    const Exchange& exchange = *host.probe(*route);
    const bool gateway = exchange.answered() && (exchange.status == 502 || exchange.status == 504);
    if (exchange.outcome == Exchange::Outcome::timed_out || gateway) return route;
  }
  return nullptr;
}

std::string pid_in(const std::string& text, const std::string& before) {
  const auto at = text.find(before);
  if (at == std::string::npos) return {};
  const auto begin = text.find_first_of("0123456789", at);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_first_not_of("0123456789", begin) - begin);
}

/// Lines that tell of SIGKILL for workers that had timed out just before.
std::vector<Incident> killed(const std::vector<Incident>& all,
                             const std::vector<Incident>& timeouts) {
  std::vector<Incident> found;
  for (const auto& kill : with_words(all, {"was sent SIGKILL!", "terminated due to signal 9"})) {
    const std::string pid = pid_in(kill.text, "pid");
    const bool timed_out = std::any_of(timeouts.begin(), timeouts.end(), [&](const auto& one) {
      return pid_in(one.text, kTimeout) == pid && std::abs(one.age_s - kill.age_s) <= kKillDelay;
    });
    if (timed_out) found.push_back(kill);
  }
  return found;
}

/// What becomes of such a request; "" where the version or class is not known.
std::string outcome_of(const Deployment& host, const AppServer& app) {
  const auto kind = worker_kind(app);
  const auto version = installed_version(host, app, "gunicorn");
  if (!kind.seen() || *kind != "sync" || !version.seen()) return {};
  if (compare_versions(*version, "22.0") >= 0)
    return fmt::format("gunicorn {} answers such a request 500.", *version);
  return fmt::format(
      "gunicorn {} closes the connection without an answer, and whoever stands in front says 502.",
      *version);
}

/// How long nginx waits on the way to this app, in seconds, with the line that says so.
int nginx_waits(const Deployment& host, const AppServer& app, Finding& finding) {
  for (const Route& route : host.routes()) {
    const bool http = route.action.kind == nginx::Action::Kind::proxy_pass;
    if (!http || route.instance == nullptr || route.server == nullptr) continue;
    if (!route.followed.seen() || !leads_to(host, route, app)) continue;
    const std::uint32_t block =
        route.location != nullptr ? route.location->directive : route.server->directive;
    const auto limit = nginx::in_force(*route.instance->config, block, "proxy_read_timeout");
    if (!limit) {
      finding.evidence.push_back(
          {EvidenceKind::default_, "nginx's default", 0, "proxy_read_timeout 60s", false});
      return 60;
    }
    finding.evidence.push_back(limit->evidence());
    return std::atoi(std::string(limit->arg(0)).c_str());
  }
  return 0;
}

/// "GET /report": what nginx was waiting for when it lost a worker; "" where its log does not say.
std::string killed_request(const Deployment& host, const AppServer& app, Finding& finding) {
  if (!host.nginx().seen()) return {};
  for (const auto& instance : *host.nginx()) {
    const auto errors = current_errors(host, instance);
    for (const Logged& logged : errors.seen_items()) {
      if (logged.what != "closed-early" && logged.what != "reset-early") continue;
      const auto place = place_of(instance, logged.server, logged.path);
      if (!place || logged.path.empty() || logged.path == "*") continue;
      for (const Route* route : host.routes_through(place->node())) {
        if (!leads_to(host, *route, app)) continue;
        finding.evidence.push_back(logged.evidence());
        if (const auto handler = handler_line(host, *route, logged.path))
          finding.evidence.push_back(*handler);
        return logged.method + " " + logged.path;
      }
    }
  }
  return {};
}

void add_limits(const Deployment& host, const AppServer& app, Finding& finding) {
  const auto& timeout = app.gunicorn.timeout_s;
  if (timeout.seen()) finding.evidence.push_back(with_name("timeout", timeout->from));
  const int nginx_s = nginx_waits(host, app, finding);
  const auto& lb = host.targets().front().lb;
  finding.evidence.push_back(
      cite("idle_timeout", lb.idle_timeout_ms, duration_text(lb.idle_timeout_ms.value)));
  finding.detail = outcome_of(host, app);
  Fix code;
  const std::string request = killed_request(host, app, finding);
  code.on = On::repo;
  code.summary = fmt::format("make {} short, or hand its work to a queue",
                             request.empty() ? "the request that takes so long" : request);
  const int longest = (nginx_s > 0 ? nginx_s : lb.idle_timeout_ms.value / 1000) - 5;
  if (timeout.seen() && timeout->value < longest) {
    Fix patient = set_gunicorn(host, app, {"timeout", "--timeout", "-t"}, timeout, longest);
    patient.summary = fmt::format(
        "where the request ends within that, give it {} s instead of {}: still less "
        "than {} waits",
        longest, timeout->value, nginx_s > 0 ? "nginx" : "the load balancer");
    finding.fixes.push_back(std::move(patient));
  }
  finding.fixes.push_back(std::move(code));
}

void judge_timeouts(const Deployment& host, const AppServer& app, Outcome& out) {
  if (!app.unit.ends_with(".service")) return;
  const Fact<std::vector<Incident>> all = incidents(host, app.unit);
  auto timeouts = with_words(*all, {kTimeout});
  if (timeouts.empty()) return;
  // What an earlier master did accuses nobody: it may have been told otherwise.
  const double age = *age_of(host, app.pid);
  std::erase_if(timeouts, [&](const Incident& one) { return one.age_s > age; });
  const Route* waiting = waits(host, app);
  const std::size_t enough = waiting != nullptr ? 1 : 2;
  if (timeouts.size() < enough || timeouts.back().age_s > kRecent) return;
  const auto kills = killed(*all, timeouts);
  Finding finding;
  finding.code = kills.empty() ? "gunicorn.worker-timeout" : "gunicorn.killed-after-timeout";
  finding.when = waiting != nullptr ? When::now : When::under_load;
  const auto& limit = app.gunicorn.timeout_s;
  const std::string busy = limit.seen() ? fmt::format("{} s", limit->value) : "its timeout";
  const char* const how = kills.empty() ? "" : " with SIGKILL, and not for memory";
  finding.title = fmt::format(
      "gunicorn killed {}{}: busy for more than {}, the last one {}",
      timeouts.size() == 1
          ? std::string("a worker")
          : fmt::format("{} workers in the last {}", timeouts.size(), span(timeouts.front().age_s)),
      how, busy, ago(timeouts.back().age_s));
  finding.about = {"unit:" + app.unit};
  const std::string source = "journalctl -u " + app.unit;
  for (std::size_t i = timeouts.size() - std::min(timeouts.size(), kLines); i < timeouts.size();
       ++i)
    finding.evidence.push_back(cite_log(source, timeouts[i].text));
  if (!kills.empty()) finding.evidence.push_back(cite_log(source, kills.back().text));
  add_limits(host, app, finding);
  out.report(std::move(finding));
}

/// Its workers run: neither stopped nor dead, and there are some.
bool workers_run(const Deployment& host, const AppServer& app) {
  std::size_t running = 0;
  for (const Process& process : host.processes()->seen_items()) {
    const bool ours = std::find(app.pids.begin(), app.pids.end(), process.pid) != app.pids.end();
    if (!ours || process.pid == app.pid) continue;
    if (process.state == 'T' || process.state == 't' || process.state == 'Z') return false;
    ++running;
  }
  return running > 0;
}

void judge_queue(const Deployment& host, const AppServer& app, const Route& route, Outcome& out) {
  const Exchange& exchange = *host.probe(route);
  if (exchange.outcome != Exchange::Outcome::timed_out || !exchange.connected) return;
  const Fact<int> capacity = capacity_of(app);
  if (!capacity.seen() && capacity.unseen().why == Unseen::Why::undecidable) return;
  if (!workers_run(host, app)) return;
  const Fact<Partial<Listener>> after = listeners_after_probe(host);
  for (const Listener& listener : after->seen_items()) {
    const bool ours = std::any_of(app.listeners.begin(), app.listeners.end(),
                                  [&](const auto& l) { return l.text() == listener.text(); });
    if (!ours || listener.queued == 0) continue;
    Finding finding;
    finding.code = "gunicorn.too-few-workers";
    finding.title =
        fmt::format("gunicorn handles {} at once and accepts no more: {} waiting at {}",
                    *capacity == 1 ? "1 request" : fmt::format("{} requests", *capacity),
                    listener.queued == 1 ? "1 connection is"
                                         : fmt::format("{} connections are", listener.queued),
                    listener.text());
    finding.about = {"unit:" + app.unit, route.node()};
    if (app.unit.empty()) finding.about = {route.endpoints.front().node(), route.node()};
    finding.evidence = {
        {EvidenceKind::kernel, "listening sockets", 0,
         fmt::format("{}: {} of {} in the queue after {}", listener.text(), listener.queued,
                     listener.backlog, duration_text(std::lround(exchange.total_ms))),
         false},
        with_name("workers", app.gunicorn.workers->from)};
    if (app.gunicorn.timeout_s.seen())
      finding.evidence.push_back(with_name("timeout", app.gunicorn.timeout_s->from));
    finding.detail = fmt::format(
        "Nobody took the request from the queue in {}: all workers are busy with others.",
        duration_text(std::lround(exchange.total_ms)));
    finding.fixes = {more_at_once(host, app)};
    return out.report(std::move(finding));
  }
}

}  // namespace

HOPCHECK_CHECK(gunicorn_workers) {
  std::vector<const AppServer*> servers;
  for (const AppServer& app : *host.app_servers()) {
    if (app.kind == AppServer::Kind::gunicorn) servers.push_back(&app);
  }
  if (servers.empty()) return out.not_applicable("no gunicorn runs here");
  out.none(host.requested());
  if (!host.listeners().seen()) throw NotSeen(host.listeners().unseen());
  out.each(servers, [&](const AppServer* app) {
    for (const Route* route : host.requested().seen_items()) {
      if (route->kind == Route::Kind::probe && leads_to(host, *route, *app))
        judge_queue(host, *app, *route, out);
    }
  });
  out.each(servers, [&](const AppServer* app) { judge_timeouts(host, *app, out); });
}
