// uWSGI's workers finish what they are given.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/incidents.h"
#include "hopcheck/ini.h"
#include "hopcheck/mend.h"

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

/// "GET /report" of "HARAKIRI [core 0] 10.99.0.1 - GET /report since 1795277778"; "" for none.
std::string request_in(const std::string& line) {
  const auto dash = line.find(" - ", line.find("HARAKIRI [core"));
  const auto since = line.rfind(" since ");
  if (dash == std::string::npos || since == std::string::npos || since < dash + 3) return {};
  return line.substr(dash + 3, since - dash - 3);
}

/// The limit and where it stands: " (harakiri = 1, /srv/shop/uwsgi.ini:9)".
std::string limit_text(const std::vector<Located<std::string>>& limits) {
  if (limits.empty()) return {};
  const Located<std::string>& last = limits.back();
  return last.from.line > 0
             ? fmt::format(" ({} s, {}:{})", last.value, last.from.source, last.from.line)
             : fmt::format(" ({} s)", last.value);
}

/// As long as nginx waits by default, and a little less.
std::optional<Fix> longer(const Deployment& host, const AppServer& app,
                          const std::vector<Located<std::string>>& limits) {
  constexpr const char* kAllowed = "55";
  if (limits.empty() || limits.back().value.size() > 1) return std::nullopt;
  const Evidence& at = limits.back().from;
  const auto begin = at.text.rfind(limits.back().value);
  if (begin == std::string::npos) return std::nullopt;
  std::string words = at.text;
  words.replace(begin, limits.back().value.size(), kAllowed);
  const auto edit = replaced(host, at, at.text, words);
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("where the request ends within that, allow {} s instead of {}",
                            kAllowed, limits.back().value);
  fix.edits = {*edit};
  fix.commands = {"systemctl restart " + shell_quote(app.unit)};
  fix.interrupts = Interrupts::restart;
  return fix;
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
    const auto requests = with_words(*all, {"HARAKIRI [core"});
    const std::string request = requests.empty() ? "" : request_in(requests.back().text);
    const auto limits = uwsgi_values(host, *app, {"harakiri"});
    finding.title = fmt::format(
        "uWSGI killed {}, the last one {}: {} takes longer than harakiri allows{}",
        kills.size() == 1
            ? std::string("a worker")
            : fmt::format("{} workers in the last {}", kills.size(), span(kills.front().age_s)),
        ago(kills.back().age_s), request.empty() ? "a request" : request, limit_text(limits));
    finding.about = {"unit:" + app->unit};
    for (std::size_t i = kills.size() - std::min(kills.size(), kLines); i < kills.size(); ++i)
      finding.evidence.push_back(cite_log("journalctl -u " + app->unit, kills[i].text));
    if (!requests.empty())
      finding.evidence.push_back(cite_log("journalctl -u " + app->unit, requests.back().text));
    if (!limits.empty()) finding.evidence.push_back(limits.back().from);
    Fix fix;
    fix.on = On::repo;
    fix.summary = fmt::format("make {} quicker, or hand its work to a queue",
                              request.empty() ? "the request" : request);
    finding.fixes = {std::move(fix)};
    if (auto patient = longer(host, *app, limits)) finding.fixes.push_back(std::move(*patient));
    out.report(std::move(finding));
  });
}
