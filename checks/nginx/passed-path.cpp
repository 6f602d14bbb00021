// nginx asks the application for the path that it knows.
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"
#include "hopcheck/lines.h"
#include "hopcheck/proxy_pass.h"

using namespace hopcheck;

namespace {

using Match = nginx::Location::Match;

/// A path that the application may know, and the line that would let nginx ask for it.
struct Way {
  std::string path{};
  std::string summary{};
  std::optional<Edit> edit{};
};

bool is_prefix(const Route& route) {
  return route.location != nullptr && (route.location->match == Match::prefix ||
                                       route.location->match == Match::prefix_no_regex);
}

/// The target with another path behind the address, which a socket ends with a colon.
std::string with_uri(const ProxyPass& pass, const std::string& uri) {
  const bool colon = !uri.empty() && pass.place.starts_with("unix:");
  return pass.scheme + "://" + pass.place + (colon ? ":" : "") + uri;
}

std::vector<Way> ways(const Deployment& host, const Route& route, const ProxyPass& pass) {
  const std::string& path = route.request.path;
  const std::string& pattern = route.location->pattern;
  const std::string rest = path.substr(pattern.size());
  const bool pattern_ends = pattern.ends_with('/');
  const bool uri_ends = pass.uri.ends_with('/');
  const std::string& target = route.action.target;
  std::vector<Way> all;
  if (pattern_ends && !uri_ends) {
    all.push_back({pass.uri + "/" + rest, "end the path behind the address with a slash, too",
                   replaced_in_line(host, route.action.from, target, target + "/")});
  }
  if (!pattern_ends && uri_ends && rest.starts_with('/')) {
    all.push_back({pass.uri + rest.substr(1), "end the location with a slash, too",
                   replaced_in_line(host, route.location->from, pattern + " {", pattern + "/ {")});
  }
  all.push_back({path, "pass the path on as it comes",
                 replaced_in_line(host, route.action.from, target, with_uri(pass, ""))});
  return all;
}

Fix load(const Route& route, const std::string& summary, const std::optional<Edit>& edit) {
  Fix fix;
  fix.summary = summary;
  if (!edit) return fix;
  fix.edits = {*edit};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Evidence cite_direct(const nginx::Member& member, const std::string& path,
                     const Exchange& exchange) {
  return {EvidenceKind::probe, "GET " + member.text() + " " + path, 0, describe(exchange), true};
}

/// The application refuses the path that is made of the one asked for, and knows another.
void judge_rewritten(const Deployment& host, const Route& route, const Exchange& through,
                     Outcome& out) {
  const ProxyPass pass = proxy_pass_of(written_target(route));
  if (pass.uri.empty() || pass.uri.find('$') != std::string::npos || route.endpoints.empty() ||
      !is_prefix(route) || !route.request.path.starts_with(route.location->pattern))
    return;
  const std::string sent = passed_path(route, route.request.path);
  const nginx::Member& member = route.endpoints.front().member;
  const Fact<Exchange> passed_on = host.direct(route, route.endpoints.front());
  if (is_good(route, *passed_on)) return;
  for (const Way& way : ways(host, route, pass)) {
    if (way.path == sent) continue;
    const auto exchange = ask_past_nginx(host, route, member, pass.scheme, way.path);
    if (!is_good(route, *exchange)) continue;
    Finding finding;
    finding.code = "nginx.proxy-pass-uri-rewrites";
    finding.title =
        fmt::format("nginx makes {} of {}: the application answers {} to that and {} to {}", sent,
                    route.request.path, passed_on->answered() ? passed_on->status : through.status,
                    exchange->status, way.path);
    finding.detail = fmt::format("{} behind the address in proxy_pass takes the place of {}.",
                                 pass.uri, route.location->pattern);
    finding.about = {location_node(route)};
    finding.evidence = {route.location->from, route.action.from, cite(route.request, through),
                        cite_direct(member, way.path, *exchange)};
    finding.fixes = {load(route, way.summary, way.edit)};
    return out.report(std::move(finding));
  }
}

/// With a variable in proxy_pass, nginx sends what stands behind the address and nothing else.
bool sends_one_path(const Route& route, ProxyPass& pass, std::vector<Evidence>& from) {
  const std::string target = written_target(route);
  if (target.find('$') == std::string::npos || route.location == nullptr) return false;
  if (!is_prefix(route) && route.location->match != Match::regex) return false;
  const auto valued = nginx::with_values(*route.instance->config, block_of(route), target);
  pass = proxy_pass_of(valued.text);
  from = valued.from;
  return pass.uri.ends_with('/') && pass.uri.find('$') == std::string::npos;
}

/// Where the path stands: in proxy_pass itself, or in the `set` line of its variable.
std::optional<Edit> without_uri(const Deployment& host, const Route& route, const ProxyPass& pass,
                                const std::vector<Evidence>& from) {
  std::vector<Evidence> lines{route.action.from};
  lines.insert(lines.end(), from.begin(), from.end());
  for (const Evidence& line : lines) {
    for (const char* end : {";", "\";", "';"}) {
      const auto edit = replaced_in_line(host, line, pass.uri + end, end);
      if (edit && edit->add.find(":" + std::string(end)) == std::string::npos) return edit;
    }
  }
  return std::nullopt;
}

void judge_variable(const Deployment& host, const Route& route, Outcome& out) {
  ProxyPass pass;
  std::vector<Evidence> from;
  if (!sends_one_path(route, pass, from)) return;
  Finding finding;
  finding.code = "nginx.proxy-pass-variable-drops-uri";
  finding.confidence = Confidence::likely;
  finding.title = fmt::format("nginx asks for {} whatever path below {} it is asked for", pass.uri,
                              route.location->pattern);
  finding.detail =
      "With a variable in proxy_pass, what stands behind the address is all that is sent.";
  finding.about = {location_node(route)};
  finding.evidence = {route.location->from, route.action.from};
  finding.evidence.insert(finding.evidence.end(), from.begin(), from.end());
  if (route.requested() && route.request.path != pass.uri && !route.endpoints.empty()) {
    const nginx::Member& member = route.endpoints.front().member;
    const auto through = host.probe(route);
    if (through.seen() && !is_good(route, *through)) {
      const auto direct = ask_past_nginx(host, route, member, pass.scheme, route.request.path);
      if (direct.seen() && is_good(route, *direct)) {
        finding.confidence = Confidence::certain;
        finding.evidence.push_back(cite(route.request, *through));
        finding.evidence.push_back(cite_direct(member, route.request.path, *direct));
      }
    }
  }
  finding.fixes = {
      load(route, "pass the path on as it comes", without_uri(host, route, pass, from))};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_passed_path) {
  std::vector<const Route*> passed;
  for (const Route& route : host.routes()) {
    const bool http = route.action.kind == nginx::Action::Kind::proxy_pass;
    if (route.instance != nullptr && route.server != nullptr && http) passed.push_back(&route);
  }
  out.none(host.requested());
  for (const auto& instance : *host.nginx()) {
    // Which location a request comes to may stand in what could not be read.
    for (const Unseen& missing : instance.site->missing) out.not_seen(missing);
  }
  if (passed.empty()) return out.not_applicable("nginx passes no request on over HTTP");
  std::set<std::string> told;
  out.each(passed, [&](const Route* route) {
    const std::size_t before = out.findings().size();
    if (told.count(location_node(*route)) > 0) return;
    judge_variable(host, *route, out);
    if (route->requested() && !host.files_only()) {
      const Fact<Exchange> through = host.probe(*route);
      const bool refused = through->answered() && through->status >= 300 && through->status < 500;
      if (refused && !is_good(*route, *through) && author(*through) != Author::nginx)
        judge_rewritten(host, *route, *through, out);
    }
    if (out.findings().size() > before) told.insert(location_node(*route));
  });
}
