// nginx tells the application who asked, for which name and over which scheme.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"
#include "hopcheck/proxy_pass.h"

using namespace hopcheck;

namespace {

using Kind = nginx::Action::Kind;
using Lost = HttpsPath::Lost;

std::string indent_of(const std::string& line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

std::string set_line(const std::string& indent, const std::string& name, const std::string& value) {
  const bool bare = !value.empty() && value.find_first_of(" ;\"'") == std::string::npos;
  const char* const quote = bare ? "" : "\"";
  return fmt::format("{}proxy_set_header {} {}{}{};", indent, name, quote, value, quote);
}

Evidence block_evidence(const Route& route, const nginx::SentHeaders& headers) {
  return route.instance->config->at(headers.block).evidence();
}

Fix load(const Route& route, std::string summary) {
  Fix fix;
  fix.summary = std::move(summary);
  fix.interrupts = Interrupts::reload;
  fix.commands = {route.instance->load_command()};
  return fix;
}

/// One header with another value; where it comes by an include, that file's headers are written out
/// instead, since others may use it as well.
Fix change_header(const Deployment& host, const Route& route, const nginx::SentHeaders& headers,
                  const nginx::SentHeader& header, const std::string& value) {
  Fix fix = load(route, fmt::format("let nginx send {} {}", header.name, value));
  const auto line = line_within(host, block_evidence(route, headers), header.from);
  if (!line.seen() || route.action.kind != Kind::proxy_pass) {
    fix.commands.clear();
    return fix;
  }
  std::string lines;
  for (const auto& other : headers.set) {
    const bool same_file = other.from.source == header.from.source;
    const bool included = line->source != header.from.source;
    if (&other != &header && !(included && same_file)) continue;
    lines += (lines.empty() ? "" : "\n") +
             set_line(indent_of(line->text), other.name, &other == &header ? value : other.value);
  }
  fix.edits = {{line->source, line->line, line->text, lines}};
  return fix;
}

/// Further headers beside those in force; a block with one of its own inherits none.
Fix add_headers(const Deployment& host, const Route& route, const nginx::SentHeaders& headers,
                const std::vector<std::pair<std::string, std::string>>& added) {
  std::string names;
  for (const auto& [name, value] : added) names += (names.empty() ? "" : ", ") + name;
  Fix fix = load(route, "let nginx send " + names);
  const Evidence& anchor = headers.set.empty() ? route.action.from : headers.set.front().from;
  const auto line = line_within(host, block_evidence(route, headers), anchor);
  if (!line.seen() || route.action.kind != Kind::proxy_pass) {
    fix.commands.clear();
    return fix;
  }
  std::string lines;
  for (const auto& [name, value] : added)
    lines += (lines.empty() ? "" : "\n") + set_line(indent_of(line->text), name, value);
  fix.edits = {{line->source, line->line, "", lines}};
  return fix;
}

nginx::SentHeaders headers_of(const Route& route) {
  return nginx::sent_headers(*route.instance->config, block_of(route), route.action.kind);
}

void add_place(const Route& route, Finding& finding) {
  finding.about = {location_node(route), route.node()};
  if (route.location != nullptr) finding.evidence.push_back(route.location->from);
}

/// X-Forwarded-Proto says http, or nothing, to an application that minds.
void judge_scheme(const Deployment& host, const Route& route, Outcome& out) {
  const auto path = https_path(host, route);
  if (path->lost != Lost::nginx && path->lost != Lost::untold) return;
  const Minds minds = *minds_scheme(host, route);
  if (!minds.any()) return;
  const auto headers = headers_of(route);
  const auto* own = headers.find("X-Forwarded-Proto");
  const std::string right = path->ends_here ? "$scheme" : "$http_x_forwarded_proto";
  Finding finding;
  finding.confidence = minds.seen ? Confidence::certain : Confidence::likely;
  add_place(route, finding);
  if (path->lost == Lost::nginx && own != nullptr) {
    finding.code = "nginx.proto-overwritten";
    finding.title = fmt::format(
        "nginx tells the application {} though clients come over https (X-Forwarded-Proto {}): {}",
        path->told, own->value, minds.words);
    finding.fixes = {change_header(host, route, headers, *own, right)};
  } else {
    finding.code = "nginx.forwarded-headers-missing";
    finding.title = fmt::format(
        "nginx does not tell the application that clients come over https (no "
        "X-Forwarded-Proto): {}",
        minds.words);
    finding.fixes = {own != nullptr
                         ? change_header(host, route, headers, *own, right)
                         : add_headers(host, route, headers, {{"X-Forwarded-Proto", right}})};
  }
  if (own != nullptr) finding.evidence.push_back(own->from);
  finding.evidence.push_back(route.action.from);
  finding.evidence.push_back(cite("url", route.target->site.url, route.target->site.url.value));
  finding.evidence.insert(finding.evidence.end(), minds.evidence.begin(), minds.evidence.end());
  out.report(std::move(finding));
}

/// The Host that the application sees where nginx sets none: that of proxy_pass.
std::string proxy_host(const Route& route) {
  std::string target = route.action.target;
  const auto scheme = target.find("://");
  if (scheme != std::string::npos) target.erase(0, scheme + 3);
  if (target.starts_with("unix:")) return "localhost";
  return target.substr(0, target.find('/'));
}

/// The first URL with that host in the answer, "" where there is none.
std::string url_with(const Exchange& exchange, const std::string& host) {
  for (const std::string& text : {exchange.header("Location"), exchange.body}) {
    for (auto at = text.find("://" + host); at != std::string::npos;
         at = text.find("://" + host, at + 1)) {
      const auto behind = at + 3 + host.size();
      if (behind < text.size() &&
          std::string("/:\"'?# \n<").find(text[behind]) == std::string::npos)
        continue;
      const auto begin = text.find_last_of("\"'(> \n", at);
      const auto from = begin == std::string::npos ? 0 : begin + 1;
      return text.substr(from, std::min(text.find_first_of("\"'<>) \r\n", at), text.size()) - from);
    }
  }
  return {};
}

/// The same request with its own Host is answered well where nginx does not stand between.
bool well_without_nginx(const Deployment& host, const Route& route, const Exchange& exchange) {
  const auto good = [&](int status) {
    return route.kind == Route::Kind::probe ? route.target->lb.codes.value.contains(status)
                                            : status < 400;
  };
  if (good(exchange.status) || exchange.status >= 500 || author(exchange) == Author::nginx)
    return false;
  const Fact<Exchange> direct = host.direct(route, route.endpoints.front());
  return direct->answered() && good(direct->status);
}

void judge_host(const Deployment& host, const Route& route, Outcome& out) {
  const auto headers = headers_of(route);
  const auto* own = headers.find("Host");
  if (own != nullptr && own->value != "$proxy_host") return;
  const std::string sent = proxy_host(route);
  if (sent.empty() || sent == route.request.host || sent.find('$') != std::string::npos) return;
  const Fact<Exchange> probe = host.probe(route);
  if (!probe->answered()) return;
  const std::string url = url_with(*probe, sent);
  if (url.empty() && !well_without_nginx(host, route, *probe)) return;
  Finding finding;
  finding.code = "nginx.host-not-forwarded";
  finding.title =
      fmt::format("nginx sends the application Host {} instead of {}: {}", sent, route.request.host,
                  url.empty()                          ? fmt::format("it answers {}", probe->status)
                  : !probe->header("Location").empty() ? "it redirects to " + url
                                                       : "its page links to " + url);
  add_place(route, finding);
  finding.evidence.push_back(route.action.from);
  finding.evidence.push_back(cite(route.request, *probe));
  if (!url.empty()) {
    finding.evidence.push_back({EvidenceKind::probe, finding.evidence.back().source, 0, url, true});
  }
  finding.fixes = {own != nullptr ? change_header(host, route, headers, *own, "$host")
                                  : add_headers(host, route, headers, {{"Host", "$host"}})};
  out.report(std::move(finding));
}

/// An application of this host, which is meant to get what the others get.
const AppServer* local_app(const Deployment& host, const Route& route) {
  if (route.endpoints.empty() || !*host.is_local(route.endpoints.front())) return nullptr;
  const AppServer* app = *host.app_behind(route.endpoints.front());
  return app == nullptr || app->kind == AppServer::Kind::other ? nullptr : app;
}

bool asks_of_the_client(const Deployment& host, const AppServer& app) {
  const auto source = app_source(host, app);
  return source.seen() &&
         (source->proxy_fix || !source->asks_scheme.empty() || !source->asks_address.empty());
}

/// "X-Forwarded-For, X-Forwarded-Proto": all but one of them.
std::string names_of(const std::vector<std::pair<std::string, std::string>>& headers,
                     const std::string& but) {
  std::string names;
  for (const auto& [name, value] : headers) {
    if (name != but) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

void judge_inheritance(const Deployment& host, const Route& route, Outcome& out) {
  const auto headers = headers_of(route);
  if (headers.dropped.empty()) return;
  std::vector<std::pair<std::string, std::string>> lost;
  std::string names;
  for (const auto& header : headers.dropped) {
    if (headers.find(header.name) != nullptr || header.value.empty()) continue;
    lost.emplace_back(header.name, header.value);
    names += (names.empty() ? "" : ", ") + header.name;
  }
  const bool host_lost = headers.lost("Host") != nullptr;
  const bool client_lost =
      headers.lost("X-Forwarded-For") != nullptr || headers.lost("X-Forwarded-Proto") != nullptr;
  if (!host_lost && !client_lost) return;
  const AppServer* app = local_app(host, route);
  if (app == nullptr || (!host_lost && !asks_of_the_client(host, *app))) return;
  Finding finding;
  finding.code = "nginx.proxy-headers-not-inherited";
  finding.confidence = Confidence::likely;
  const std::string others = host_lost ? names_of(lost, "Host") : names;
  const std::string sends =
      !host_lost ? "no " + names
                 : fmt::format("Host {} (nginx's own $proxy_host){}", proxy_host(route),
                               others.empty() ? "" : " and no " + others);
  finding.title = fmt::format(
      "location {} sends the application {}: its own proxy_set_header drops {} of "
      "the block around it",
      route.location == nullptr ? route.server->label() : route.location->pattern, sends,
      headers.dropped.size() == 1 ? "the one" : fmt::format("the {}", headers.dropped.size()));
  add_place(route, finding);
  finding.about.resize(1);  // whichever route comes first
  finding.evidence.push_back(headers.set.front().from);
  for (const auto& header : headers.dropped) finding.evidence.push_back(header.from);
  finding.fixes = {add_headers(host, route, headers, lost)};
  out.report(std::move(finding));
}

/// Balancers that write the client's address into X-Forwarded-For.
bool tells_client(const LbSettings& lb) {
  const std::set<std::string> known{"aws-alb", "aws-clb", "gcp", "azure", "cloudflare"};
  const bool stated = !lb.profile.assumed() || !lb.proxies.assumed();
  return stated && lb.proxies.value > 0 && known.count(lb.profile.value) > 0;
}

/// The first line of the application that takes an address out of the header; null: none does.
const Evidence* takes_address(const AppSource& source) {
  if (source.proxy_fix && source.proxy_fix->x_for.value_or(1) > 0) return &source.proxy_fix->from;
  const auto& own = source.own_way;
  const bool reads = own && (own->text.find("X-Forwarded-For") != std::string::npos ||
                             own->text.find("X_FORWARDED_FOR") != std::string::npos);
  return reads ? &*own : nullptr;
}

/// realip in front of the header, so that nginx itself knows the client.
std::optional<Fix> know_client(const Deployment& host, const Route& route,
                               const nginx::SentHeaders& headers, const nginx::SentHeader& header) {
  const LbSettings& lb = route.target->lb;
  // Access rules judge the address that nginx knows: they would judge another one.
  if (lb.sources.assumed() || lb.sources.value.empty() || lb.proxies.value != 1 ||
      !route.access.empty())
    return std::nullopt;
  const auto line = line_within(host, block_evidence(route, headers), header.from);
  if (!line.seen()) return std::nullopt;
  std::string lines;
  for (const std::string& source : lb.sources.value)
    lines += fmt::format("{}set_real_ip_from {};\n", indent_of(line->text), source);
  lines += indent_of(line->text) + "real_ip_header X-Forwarded-For;";
  Fix fix = load(route, "let nginx take the client's address from the load balancer's word");
  fix.edits = {{line->source, line->line, "", lines}};
  return fix;
}

/// X-Forwarded-For holds the load balancer's address alone, and the application takes it.
void judge_replaced(const Deployment& host, const Route& route, Outcome& out) {
  if (!tells_client(route.target->lb)) return;
  const auto headers = headers_of(route);
  if (nginx::forwarded_for(headers) != nginx::ForwardedFor::replaced) return;
  if (!nginx::real_ip(*route.instance->config, block_of(route)).trusted.empty()) return;
  const AppServer* app = local_app(host, route);
  if (app == nullptr) return;
  const AppSource source = *app_source(host, *app);
  const Evidence* takes = takes_address(source);
  if (takes == nullptr) {
    if (source.rest) throw NotSeen(*source.rest);
    return;
  }
  const auto* own = headers.find("X-Forwarded-For");
  Finding finding;
  finding.code = "nginx.xff-replaced";
  finding.confidence = Confidence::likely;
  finding.title = fmt::format(
      "nginx tells the application the load balancer's address for every client's "
      "(X-Forwarded-For {}): the client's own, which the load balancer wrote there, is lost",
      own->value);
  add_place(route, finding);
  finding.about.resize(1);  // the location's fault, whichever route shows it
  const LbSettings& lb = route.target->lb;
  finding.evidence.insert(
      finding.evidence.end(),
      {own->from, route.action.from, *takes, cite("profile", lb.profile, lb.profile.value),
       cite("proxies", lb.proxies, std::to_string(lb.proxies.value))});
  if (auto fix = know_client(host, route, headers, *own)) finding.fixes.push_back(std::move(*fix));
  finding.fixes.push_back(change_header(host, route, headers, *own, "$proxy_add_x_forwarded_for"));
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_forwarded_headers) {
  std::vector<const Route*> passed;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    if (route->instance != nullptr && route->server != nullptr &&
        (route->action.kind == Kind::proxy_pass || route->action.kind == Kind::uwsgi_pass))
      passed.push_back(route);
  }
  if (passed.empty()) return out.not_applicable("nginx passes no request on");
  if (host.files_only()) return out.not_applicable("applications run on a live host only");
  std::set<std::string> locations;
  std::set<std::string> requested;
  out.each(passed, [&](const Route* route) {
    const bool http = route->action.kind == Kind::proxy_pass;
    if (http && locations.insert(location_node(*route)).second)
      judge_inheritance(host, *route, out);
    if (http && route->requested()) judge_host(host, *route, out);
    if (is_https_site(*route)) judge_scheme(host, *route, out);
    if (http && route->requested() && requested.insert(location_node(*route)).second)
      judge_replaced(host, *route, out);
  });
}
