// What nginx's error log says of reaching the application.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/gunicorn.h"
#include "hopcheck/logs.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

constexpr std::uint64_t kFewest = 3;  // a restart makes one or two

/// All that was logged of one place.
struct Complaint {
  const Route* route{nullptr};
  const Endpoint* endpoint{nullptr};
  std::vector<Logged> groups{};
};

bool is_connecting(const Logged& logged) {
  return logged.what.starts_with("connect-") || logged.what == "no-live-upstreams" ||
         logged.what == "tls-to-plain" || logged.what == "tls-timed-out";
}

/// Where a healthy application is at times not to be reached: more comes than it takes.
bool comes_with_load(const Logged& logged) {
  return logged.what == "connect-queue-full" || logged.what == "connect-timed-out" ||
         logged.what == "connect-no-port" || logged.what == "no-live-upstreams";
}

bool names(const Logged& logged, const Route& route, const Endpoint& endpoint) {
  if (endpoint.member.is_unix() && logged.upstream == endpoint.member.path) return true;
  const auto scheme = logged.upstream.find("://");
  if (scheme == std::string::npos) return false;
  const std::string place = logged.upstream.substr(scheme + 3);
  if (logged.what == "no-live-upstreams") return place == route.action.upstream && !place.empty();
  const auto& member = endpoint.member;
  return place == member.text() ||
         (member.host == "localhost" && (place == address_text("127.0.0.1", member.port) ||
                                         place == address_text("::1", member.port)));
}

/// Lines of an instance by the endpoint that they name.
std::map<std::string, Complaint> complaints(const Deployment& host, const nginx::Instance& instance,
                                            const std::vector<Logged>& logged) {
  std::map<std::string, Complaint> by_node;
  for (const Route* route : host.proxied().seen_items()) {
    if (route->instance != &instance) continue;
    for (const auto& endpoint : route->endpoints) {
      if (by_node.count(endpoint.node()) > 0) continue;
      Complaint complaint{route, &endpoint, {}};
      for (const Logged& group : logged) {
        if (is_connecting(group) && names(group, *route, endpoint))
          complaint.groups.push_back(group);
      }
      if (!complaint.groups.empty()) by_node.emplace(endpoint.node(), std::move(complaint));
    }
  }
  return by_node;
}

/// A requested route through this endpoint gets a gateway's error now; throws NotSeen where none is
/// seen to and some answer was not seen.
bool fails_now(const Deployment& host, const Endpoint& endpoint) {
  std::optional<Unseen> unseen;
  for (const Route* route : host.routes_through(endpoint.node())) {
    if (!route->requested()) continue;
    const auto probe = host.probe(*route);
    if (!probe.seen()) unseen = probe.unseen();
    if (probe.seen() && probe->answered() && probe->status >= 502 && probe->status <= 504 &&
        author(*probe) == Author::nginx)
      return true;
  }
  if (unseen) throw NotSeen(*unseen);
  return false;
}

Occurrences together(const std::vector<Logged>& groups) {
  Occurrences all = groups.front().seen;
  for (std::size_t i = 1; i < groups.size(); ++i) {
    const Occurrences& more = groups[i].seen;
    all.count += more.count;
    all.at_least = all.at_least || more.at_least;
    all.first = std::min(all.first, more.first);
    all.last = std::max(all.last, more.last);
  }
  return all;
}

Finding told(const Complaint& complaint, const std::vector<Logged>& groups) {
  const auto newest =
      std::max_element(groups.begin(), groups.end(),
                       [](const Logged& a, const Logged& b) { return a.seen.last < b.seen.last; });
  Finding finding;
  finding.code = "nginx.upstream-error-logged";
  finding.title = fmt::format("nginx could not reach {} {}: {}", complaint.endpoint->member.text(),
                              together(groups).text(), newest->message());
  finding.about = {complaint.endpoint->node()};
  finding.evidence = {newest->evidence()};
  for (const Logged& group : groups) {
    const bool told = group.message() == newest->message();
    if (!told && finding.evidence.size() < 4) finding.evidence.push_back(group.evidence());
  }
  return finding;
}

/// What stands on a command line was written in the unit that runs it.
Evidence written_at(const Deployment& host, const AppServer& app, const Evidence& from) {
  if (from.kind == EvidenceKind::file || !host.units().seen()) return from;
  for (const Unit& unit : host.units()->seen_items()) {
    const auto* start = unit.setting("ExecStart");
    if (unit.name == app.unit && start != nullptr) return start->from;
  }
  return from;
}

/// More workers for a gunicorn that says how many it has; words for other servers.
Fix more_workers(const Deployment& host, const Endpoint& endpoint) {
  Fix fix;
  fix.summary = "give the application more workers or threads, or make its slow requests faster";
  const auto app = host.app_behind(endpoint);
  if (!app.seen() || *app == nullptr || (*app)->unit.empty()) return fix;
  const auto* workers = (*app)->gunicorn.workers.if_seen();
  if (workers == nullptr) return fix;
  const int more = std::max(2 * workers->value, 4);
  const Evidence from = written_at(host, **app, workers->from);
  for (const char* way : {"--workers {}", "--workers={}", "-w {}", "workers = {}", "workers={}"}) {
    const auto edit = replaced(host, from, fmt::format(fmt::runtime(way), workers->value),
                               fmt::format(fmt::runtime(way), more));
    if (edit && fix.edits.empty()) fix.edits = {*edit};
  }
  if (fix.edits.empty()) return fix;
  fix.summary = fmt::format("let gunicorn have {} workers instead of {}", more, workers->value);
  fix.commands = {restart_with_new_file((*app)->unit)};
  fix.interrupts = Interrupts::restart;
  return fix;
}

/// Since the application runs, and it answers now: it was too busy then.
void judge_past(const Deployment& host, const Complaint& complaint, Outcome& out) {
  const long long started = *app_started(host, *complaint.route);
  std::vector<Logged> groups;
  for (Logged group : complaint.groups) {
    group.seen = group.seen.since(started);
    if (group.seen.count > 0 && comes_with_load(group)) groups.push_back(std::move(group));
  }
  if (groups.empty() || together(groups).count < kFewest) return;
  Finding finding = told(complaint, groups);
  finding.when = When::under_load;
  finding.detail = "It answers now: at those moments more connections came than it accepted.";
  const auto app = host.app_behind(*complaint.endpoint);
  if (app.seen() && *app != nullptr) {
    if (auto longer = longer_queue(host, **app)) {
      const auto& backlog = (*app)->gunicorn.backlog;
      finding.detail += fmt::format(" Only {} may wait in its queue.", backlog->value);
      finding.evidence.push_back(backlog->from);
      finding.fixes.push_back(std::move(*longer));
    }
  }
  finding.fixes.push_back(more_workers(host, *complaint.endpoint));
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_error_log) {
  if (out.none(host.proxied())) return out.not_applicable("no route leads to an application");
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running) return;
    const auto logged = current_errors(host, instance);
    out.none(logged);
    const auto by_node = complaints(host, instance, logged.seen_items());
    out.each(by_node, [&](const auto& entry) {
      const Complaint& complaint = entry.second;
      if (!fails_now(host, *complaint.endpoint) && !host.surely_unserved(*complaint.endpoint))
        return judge_past(host, complaint, out);
      out.report(told(complaint, complaint.groups));
    });
  });
}
