// uWSGI's workers finish what they are given.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/incidents.h"

using namespace hopcheck;

namespace {

// What stopped longer ago has been mended, or was an outage that is over.
constexpr double kRecent = 600;
constexpr std::size_t kLines = 3;

bool fails_now(const Deployment& host, const AppServer& app) {
  for (const Route* route : host.requested().seen_items()) {
    if (!*route->followed) continue;
    const Exchange& exchange = *host.probe(*route);
    const bool gateway = exchange.answered() && (exchange.status == 502 || exchange.status == 504);
    if (exchange.outcome != Exchange::Outcome::timed_out && !gateway) continue;
    for (const Endpoint& endpoint : route->endpoints) {
      const auto behind = host.app_behind(endpoint);
      if (*behind == &app) return true;
    }
  }
  return false;
}

}  // namespace

HOPCHECK_CHECK(uwsgi_harakiri) {
  std::vector<const AppServer*> servers;
  for (const AppServer& app : *host.app_servers()) {
    if (app.kind == AppServer::Kind::uwsgi && app.unit.ends_with(".service"))
      servers.push_back(&app);
  }
  if (servers.empty()) return out.not_applicable("no uWSGI runs here as a unit");
  out.each(servers, [&](const AppServer* app) {
    const Fact<std::vector<Incident>> all = incidents(host, app->unit);
    auto kills = with_words(*all, {"HARAKIRI ON WORKER"});
    if (kills.empty()) return;
    const double age = *age_of(host, app->pid);
    std::erase_if(kills, [&](const Incident& one) { return one.age_s > age; });
    const bool now = fails_now(host, *app);
    if (kills.size() < (now ? 1U : 2U) || kills.back().age_s > kRecent) return;
    Finding finding;
    finding.code = "uwsgi.harakiri";
    finding.when = now ? When::now : When::under_load;
    finding.title = fmt::format(
        "uWSGI killed {}: the request took longer than harakiri allows, the last one {}",
        kills.size() == 1
            ? std::string("a worker")
            : fmt::format("{} workers in the last {}", kills.size(), span(kills.front().age_s)),
        ago(kills.back().age_s));
    finding.about = {"unit:" + app->unit};
    for (std::size_t i = kills.size() - std::min(kills.size(), kLines); i < kills.size(); ++i)
      finding.evidence.push_back(cite_log("journalctl -u " + app->unit, kills[i].text));
    const auto requests = with_words(*all, {"HARAKIRI [core"});
    if (!requests.empty())
      finding.evidence.push_back(cite_log("journalctl -u " + app->unit, requests.back().text));
    Fix fix;
    fix.summary =
        "find the request in the lines that follow these in the journal, and make it "
        "short or hand it to a queue";
    fix.commands = {"journalctl -u " + shell_quote(app->unit) +
                    " --since -1h --grep HARAKIRI --no-pager"};
    finding.fixes = {std::move(fix)};
    out.report(std::move(finding));
  });
}
