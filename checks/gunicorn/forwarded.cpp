// gunicorn takes the scheme from nginx or the load balancer, and from nobody else.
#include "hopcheck/forwarded.h"

#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/packages.h"
#include "hopcheck/proxy_fix.h"

using namespace hopcheck;

namespace {

using Lost = HttpsPath::Lost;

Fix restarted(const AppServer& app, std::string summary) {
  Fix fix;
  fix.summary = std::move(summary);
  fix.interrupts = Interrupts::restart;
  if (!app.unit.empty()) fix.commands = {"systemctl restart " + shell_quote(app.unit)};
  return fix;
}

/// The setting changed where it stands, or added to the file or the command that gunicorn reads.
Fix allow(const Deployment& host, const AppServer& app, const Located<std::string>& allowed,
          const std::string& peers) {
  Fix fix = restarted(app, fmt::format("let gunicorn believe {}", peers));
  const bool by_default = allowed.from.kind == EvidenceKind::default_;
  if (!by_default && allowed.from.kind == EvidenceKind::file) {
    const auto line = source_line(host, allowed.from);
    const auto at = line.seen() ? line->find(allowed.value) : std::string::npos;
    if (at == std::string::npos) return fix;
    std::string changed = *line;
    changed.replace(at, allowed.value.size(), peers);
    fix.edits = {{allowed.from.source, allowed.from.line, *line, changed}};
    return fix;
  }
  if (by_default && !app.gunicorn.config_file.empty()) {
    fix.edits = {
        {app.gunicorn.config_file, 0, "", fmt::format("forwarded_allow_ips = \"{}\"", peers)}};
    return fix;
  }
  const auto& units = host.units();
  if (!units.seen()) return fix;
  for (const Unit& unit : units->seen_items()) {
    const auto* start = unit.setting("ExecStart");
    if (unit.name != app.unit || start == nullptr) continue;
    const auto line = source_line(host, start->from);
    if (!line.seen()) continue;
    std::string changed = *line;
    const std::string option = "--forwarded-allow-ips";
    const auto old = changed.find(option);
    if (old != std::string::npos) {
      const auto value = changed.find(allowed.value, old);
      if (value == std::string::npos) continue;
      changed.replace(value, allowed.value.size(), peers);
    } else {
      const auto program = changed.find("gunicorn ");
      if (program == std::string::npos) continue;
      changed.insert(program + 9, option + "=" + peers + " ");
    }
    fix.edits = {{start->from.source, start->from.line, *line, changed}};
    fix.commands.insert(fix.commands.begin(), "systemctl daemon-reload");
  }
  return fix;
}

/// nginx reaches the same socket at 127.0.0.1, which gunicorn believes by default.
std::optional<Fix> by_loopback(const Deployment& host, const Route& route, const Endpoint& endpoint,
                               const Located<std::string>& allowed) {
  const std::string there = fmt::format("127.0.0.1:{}", endpoint.member.port);
  const bool believed = allowed.value.find("127.0.0.1") != std::string::npos;
  if (!believed || is_loopback(endpoint.member.host) || !*host.is_local(endpoint))
    return std::nullopt;
  if (!host.listeners()->any([&](const Listener& listener) {
        return listener.serves("127.0.0.1", endpoint.member.port);
      }))
    return std::nullopt;
  const auto edit = replaced_in_line(host, endpoint.member.from, endpoint.member.text(), there);
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("let nginx pass requests to {}, as which gunicorn believes it", there);
  fix.edits = {*edit};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

/// Why a network in the list does not help, "" where there is none.
std::string network_note(const Located<std::string>& allowed, const Belief& belief) {
  if (allowed.value.find('/') == std::string::npos || belief.version.empty() ||
      compare_versions(belief.version, "24.1.1") >= 0)
    return {};
  return fmt::format(", and gunicorn {} takes single addresses only", belief.version);
}

void judge_peer(const Deployment& host, const Route& route, Outcome& out) {
  if (https_path(host, route)->lost != Lost::server) return;
  const Minds minds = *minds_scheme(host, route);
  if (!minds.any()) return;
  const Endpoint& endpoint = route.endpoints.front();
  const AppServer* app = *host.app_behind(endpoint);
  const Belief belief = *gunicorn_belief(host, route, endpoint, *app);
  const Located<std::string>& allowed = *app->gunicorn.forwarded_allow_ips;
  Finding finding;
  finding.code = "gunicorn.forwarded-peer-untrusted";
  finding.confidence = minds.seen ? Confidence::certain : Confidence::likely;
  finding.title = fmt::format(
      "gunicorn does not believe {} that clients come over https (forwarded_allow_ips is {}{}): {}",
      (route.instance != nullptr ? "nginx at " : "the load balancer at ") + belief.peer,
      allowed.value, network_note(allowed, belief), minds.words);
  finding.about = {route.instance != nullptr ? endpoint.node() : route.node()};
  finding.evidence = {allowed.from};
  if (route.instance != nullptr) {
    finding.evidence.push_back(route.action.from);
  } else {
    const auto& sources = route.target->lb.sources;
    finding.evidence.push_back(cite("sources", sources, joined(sources.value)));
  }
  finding.evidence.insert(finding.evidence.end(), minds.evidence.begin(), minds.evidence.end());
  const auto& peers = route.target->lb.sources.value;
  const bool networks = std::any_of(peers.begin(), peers.end(), [](const std::string& peer) {
    return peer.find('/') != std::string::npos;
  });
  const Fact<std::string> version = installed_version(host, *app, "gunicorn");
  const bool takes_networks = version.seen() && compare_versions(*version, "24.1.1") >= 0;
  if (route.instance != nullptr) {
    if (auto fix = by_loopback(host, route, endpoint, allowed))
      finding.fixes.push_back(std::move(*fix));
    finding.fixes.push_back(allow(host, *app, allowed, belief.peer));
  } else if (!peers.empty() && (!networks || takes_networks)) {
    finding.fixes = {allow(host, *app, allowed, joined(peers))};
  }
  finding.fixes.push_back(with_proxy_fix(host, *app, 0));
  if (finding.fixes.size() == 1) {
    Fix all = allow(host, *app, allowed, "*");
    all.widens = "whoever reaches this port: they can claim https";
    finding.fixes.push_back(std::move(all));
  }
  out.report(std::move(finding));
}

bool is_target(const Deployment& host, const Listener& listener) {
  return host.requested().any(
      [&](const Route* route) { return route->request.port == listener.port; });
}

/// Everybody is believed, and others than nginx can connect.
void judge_everybody(const Deployment& host, const AppServer& app, Outcome& out) {
  const Located<std::string>& allowed = *app.gunicorn.forwarded_allow_ips;
  if (allowed.value.find('*') == std::string::npos) return;
  if (!app.listeners_complete)
    throw NotSeen({Unseen::Why::denied, "which sockets " + app.text() + " holds", "root"});
  for (const Listener& listener : app.listeners) {
    if (listener.kind != Listener::Kind::tcp || listener.is_loopback()) continue;
    // Straight behind the load balancer its word is all there is; who else gets through is the
    // firewall's business.
    if (is_target(host, listener)) continue;
    const bool behind_nginx = host.endpoints().any([&](const Endpoint& endpoint) {
      return !endpoint.member.is_unix() && !host.senders(endpoint).empty() &&
             listener.serves(
                 endpoint.member.host == "localhost" ? "127.0.0.1" : endpoint.member.host,
                 endpoint.member.port);
    });
    if (!behind_nginx) continue;
    Finding finding;
    finding.code = "gunicorn.forwarded-allow-all-exposed";
    finding.when = When::if_attacked;
    finding.confidence = Confidence::likely;  // a firewall outside this host may close it
    finding.title = fmt::format(
        "gunicorn believes the forwarded headers of everybody (forwarded_allow_ips is *) and "
        "listens on {}",
        listener.text());
    finding.about = {"listener:" + listener.text()};
    finding.evidence = {allowed.from, cite(listener)};
    finding.fixes = {allow(host, app, allowed, "127.0.0.1")};
    out.report(std::move(finding));
  }
}

}  // namespace

HOPCHECK_CHECK(gunicorn_forwarded) {
  if (host.files_only()) return out.not_applicable("applications run on a live host only");
  std::vector<const AppServer*> servers;
  for (const AppServer& app : *host.app_servers()) {
    if (app.kind == AppServer::Kind::gunicorn) servers.push_back(&app);
  }
  if (servers.empty()) return out.not_applicable("no gunicorn runs here");
  std::vector<const Route*> sites;
  out.none(host.requested());
  for (const Route* route : host.requested().seen_items()) {
    if (is_https_site(*route)) sites.push_back(route);
  }
  out.each(sites, [&](const Route* route) {
    if (!*route->followed || route->endpoints.empty()) return;
    const AppServer* app = *host.app_behind(route->endpoints.front());
    if (app != nullptr && app->kind == AppServer::Kind::gunicorn) judge_peer(host, *route, out);
  });
  out.each(servers, [&](const AppServer* app) { judge_everybody(host, *app, out); });
}
