// ProxyFix trusts as many proxies as there are.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"
#include "hopcheck/proxy_fix.h"

using namespace hopcheck;

namespace {

using Lost = HttpsPath::Lost;

/// Whose address stands at a place of X-Forwarded-For, counted from its end.
enum class Who { client, proxy, forged, nobody };

/// X-Forwarded-For as it comes to the application.
struct Addresses {
  std::vector<Who> known{};  ///< from its end
  bool forged_beyond{true};  ///< before these a client may have put what it likes
  std::vector<Evidence> from{};

  Who at(int place) const {
    const auto index = static_cast<std::size_t>(place - 1);
    if (index < known.size()) return known[index];
    return forged_beyond ? Who::forged : Who::nobody;
  }
  /// The count with which the client's address is taken; 0: with none.
  int right_count() const {
    const auto found = std::find(known.begin(), known.end(), Who::client);
    return found == known.end() ? 0 : static_cast<int>(found - known.begin()) + 1;
  }
};

/// nginx takes the client's address from the load balancer's word (realip).
bool knows_client(const Route& route, std::vector<Evidence>& from) {
  const auto real = nginx::real_ip(*route.instance->config, block_of(route));
  if (real.trusted.empty()) return false;
  from.insert(from.end(), real.from.begin(), real.from.end());
  const int proxies = route.target->lb.proxies.value;
  if (proxies > 1 && !real.recursive)
    throw NotSeen({Unseen::Why::undecidable,
                   "whose address nginx takes where several proxies stand before it",
                   {}});
  return true;
}

Addresses addresses_at_app(const Route& route) {
  Addresses addresses;
  const int proxies = route.target->lb.proxies.value;
  std::vector<Who> from_lb(static_cast<std::size_t>(std::max(proxies - 1, 0)), Who::proxy);
  if (proxies > 0) from_lb.push_back(Who::client);
  if (route.instance == nullptr) {
    addresses.known = from_lb;
    return addresses;
  }
  const auto headers =
      nginx::sent_headers(*route.instance->config, block_of(route), route.action.kind);
  const bool realip = knows_client(route, addresses.from);
  if (const auto* own = headers.find("X-Forwarded-For"))
    addresses.from.insert(addresses.from.begin(), own->from);
  const Who peer = realip || proxies == 0 ? Who::client : Who::proxy;
  switch (nginx::forwarded_for(headers)) {
    case nginx::ForwardedFor::passed:
      addresses.known = from_lb;
      break;
    case nginx::ForwardedFor::appended:
      addresses.known = {peer};
      addresses.known.insert(addresses.known.end(), from_lb.begin(), from_lb.end());
      break;
    case nginx::ForwardedFor::replaced:
      addresses.known = {peer};
      addresses.forged_beyond = false;
      break;
    case nginx::ForwardedFor::removed:
      addresses.forged_beyond = false;
      break;
    case nginx::ForwardedFor::other:
      throw NotSeen({Unseen::Why::undecidable, "what nginx makes of X-Forwarded-For", {}});
  }
  return addresses;
}

void cite_ways(const Route& route, const Addresses& addresses, Finding& finding) {
  const auto& lb = route.target->lb;
  finding.evidence.insert(finding.evidence.end(), addresses.from.begin(), addresses.from.end());
  if (route.instance != nullptr) finding.evidence.push_back(route.action.from);
  finding.evidence.push_back(cite("proxies", lb.proxies, std::to_string(lb.proxies.value)));
}

/// The call as it should stand.
Fix write_instead(const Deployment& host, const AppServer& app, const ProxyFix& right) {
  std::string call = right.text();
  const std::string name = "ProxyFix(";
  call.insert(name.size(), call == name + ")" ? "app.wsgi_app" : "app.wsgi_app, ");
  const auto line = source_line(host, right.from);
  const auto begin = line.seen() ? line->find(name) : std::string::npos;
  const auto end = begin == std::string::npos ? begin : line->find(')', begin);
  const auto inner = begin == std::string::npos ? begin : line->find_first_of(",)", begin);
  Fix fix;
  fix.on = On::repo;
  fix.commands = restart_commands(app);
  fix.interrupts = Interrupts::restart;
  if (end == std::string::npos || line->find('(', begin + name.size()) < end) {
    fix.summary = fmt::format("in {}:{} write {}", right.from.source, right.from.line, call);
    return fix;
  }
  // What is wrapped, and how the class is reached, stay as they are.
  std::string changed = *line;
  changed.replace(inner, end + 1 - inner,
                  right.text() == name + ")" ? ")" : ", " + right.text().substr(name.size()));
  fix.summary = "let ProxyFix count the proxies that there are";
  fix.edits = {{right.from.source, right.from.line, *line, changed}};
  return fix;
}

/// What is in front of the application, in words: "the load balancer and nginx".
std::string in_front(const Route& route) {
  const int proxies = route.target->lb.proxies.value;
  std::string words = proxies == 0   ? ""
                      : proxies == 1 ? "the load balancer"
                                     : fmt::format("{} proxies before this host", proxies);
  if (route.instance != nullptr) words += words.empty() ? "nginx" : " and nginx";
  return words;
}

Finding begin(const Route& route, const AppServer& app, const char* code) {
  Finding finding;
  finding.code = code;
  finding.confidence = Confidence::likely;
  finding.about = {route.instance != nullptr ? route.endpoints.front().node() : route.node()};
  finding.detail = "The application is " + app.text() + ".";
  return finding;
}

void judge_addresses(const Deployment& host, const Route& route, const AppServer& app,
                     const ProxyFix& fix, Outcome& out) {
  const int count = fix.x_for.value_or(0);
  if (count == 0) return;
  const LbSettings& lb = route.target->lb;
  const Addresses addresses = addresses_at_app(route);
  const Who who = addresses.at(count);
  if (who == Who::client) return;
  // With nothing known of a load balancer, there may be none.
  if (lb.proxies.assumed() && lb.profile.assumed())
    throw NotSeen({Unseen::Why::undecidable,
                   fmt::format("whether {} fits: how many proxies stand before this host (proxies, "
                               "under [lb])",
                               fix.text()),
                   {}});
  Finding finding =
      begin(route, app, who == Who::proxy ? "app.proxyfix-count-low" : "app.proxyfix-count-high");
  const int right = addresses.right_count();
  if (who == Who::proxy) {
    finding.title = fmt::format(
        "{} takes the load balancer's address for every client's: {} each add one to "
        "X-Forwarded-For",
        fix.text(), in_front(route));
  } else if (who == Who::forged) {
    finding.title = fmt::format(
        "{} takes an address that the client itself wrote: only {} add{} one to X-Forwarded-For",
        fix.text(), in_front(route), right > 1 ? "" : "s");
    finding.when = When::if_attacked;
    // A further proxy in front would make it right, and nobody said that there is none.
    if (lb.proxies.assumed()) finding.confidence = Confidence::possible;
  } else {
    finding.title = fmt::format(
        "{} finds too few addresses in X-Forwarded-For and takes none: every client has the "
        "address of nginx",
        fix.text());
  }
  finding.evidence = {fix.from};
  cite_ways(route, addresses, finding);
  ProxyFix counted = fix;
  counted.x_for = right;
  if (right > 0) finding.fixes = {write_instead(host, app, counted)};
  out.report(std::move(finding));
}

/// Profiles that leave X-Forwarded-Host and -Prefix as the client wrote them.
bool leaves_headers(const LbSettings& lb) {
  const std::set<std::string> known{"aws-alb", "aws-clb", "aws-nlb", "gcp", "azure", "cloudflare"};
  return known.count(lb.profile.value) > 0;
}

void judge_unset(const Deployment& host, const Route& route, const AppServer& app,
                 const ProxyFix& fix, Outcome& out) {
  const std::vector<std::pair<std::string, std::optional<int>>> counts{
      {"X-Forwarded-Host", fix.x_host}, {"X-Forwarded-Prefix", fix.x_prefix}};
  std::string names;
  std::vector<std::pair<std::string, std::string>> blank;
  for (const auto& [name, count] : counts) {
    if (count.value_or(0) == 0) continue;
    if (route.instance != nullptr) {
      const auto headers =
          nginx::sent_headers(*route.instance->config, block_of(route), route.action.kind);
      if (headers.find(name) != nullptr || !headers.passes_clients) continue;
    }
    names += (names.empty() ? "" : " and ") + name;
  }
  if (names.empty()) return;
  const LbSettings& lb = route.target->lb;
  Finding finding = begin(route, app, "app.proxyfix-trusts-unset-header");
  finding.when = When::if_attacked;
  if (!leaves_headers(lb)) finding.confidence = Confidence::possible;
  finding.title =
      fmt::format("{} believes {}, which {} set{}: a client can write it", fix.text(), names,
                  route.instance == nullptr ? "the load balancer does not"
                                            : "neither the load balancer nor nginx",
                  route.instance == nullptr ? "" : "s");
  finding.evidence = {fix.from};
  if (route.instance != nullptr) finding.evidence.push_back(route.action.from);
  finding.evidence.push_back(cite("profile", lb.profile, lb.profile.value));
  const auto forged = forged_host(host, route);
  if (forged.seen() && *forged) {
    finding.confidence = Confidence::certain;
    finding.evidence.insert(finding.evidence.end(), (**forged).begin(), (**forged).end());
  }
  ProxyFix right = fix;
  right.x_host = right.x_prefix = 0;
  finding.fixes = {write_instead(host, app, right)};
  out.report(std::move(finding));
}

/// The scheme is told, and no one takes it; or ProxyFix wants more values than come.
void judge_scheme(const Deployment& host, const Route& route, const AppServer& app, Outcome& out) {
  const auto path = https_path(host, route);
  if (path->lost != Lost::untrusted && path->lost != Lost::count) return;
  const Minds minds = *minds_scheme(host, route);
  if (!minds.any()) return;
  const AppSource source = *app_source(host, app);
  Finding finding = begin(
      route, app, path->lost == Lost::count ? "app.proxyfix-count-high" : "app.proxyfix-missing");
  finding.confidence = minds.seen ? Confidence::certain : Confidence::likely;
  if (path->lost == Lost::count) {
    finding.title = fmt::format(
        "{} wants {} values in X-Forwarded-Proto and \"{}\" arrives: it takes https "
        "for http: {}",
        source.proxy_fix->text(), *source.proxy_fix->x_proto, path->told, minds.words);
    finding.evidence = {source.proxy_fix->from};
    ProxyFix right = *source.proxy_fix;
    right.x_proto = 1;
    finding.fixes = {write_instead(host, app, right)};
  } else {
    finding.title = fmt::format(
        "X-Forwarded-Proto {} arrives at {}, and nothing there reads it (no ProxyFix): {}",
        path->told, app.text(), minds.words);
    const Evidence place{EvidenceKind::file, source.files.front(), 0, {}, false};
    finding.fixes = {with_proxy_fix(host, app, 0)};
  }
  if (route.instance != nullptr) finding.evidence.push_back(route.action.from);
  finding.evidence.push_back(cite("url", route.target->site.url, route.target->site.url.value));
  finding.evidence.insert(finding.evidence.end(), minds.evidence.begin(), minds.evidence.end());
  out.report(std::move(finding));
}

/// The application asks who its client is, and is told who its proxy is.
void judge_missing(const Deployment& host, const Route& route, const AppServer& app,
                   const AppSource& source, Outcome& out) {
  if (source.asks_address.empty() || source.own_way) return;
  // uWSGI gets the address as nginx knows it; others than gunicorn may read the header themselves.
  if (app.kind != AppServer::Kind::gunicorn || route.instance == nullptr) return;
  if (app.gunicorn.worker_class->value.find("vicorn") != std::string::npos) return;
  if (source.rest) throw NotSeen(*source.rest);
  const Addresses addresses = addresses_at_app(route);
  const int right = addresses.right_count();
  Finding finding = begin(route, app, "app.proxyfix-missing");
  const Evidence& asks = source.asks_address.front();
  const bool on_socket = route.endpoints.front().member.is_unix();
  finding.title = fmt::format(
      "{}:{} asks for the client's address and gets {}: the application has no ProxyFix",
      asks.source, asks.line,
      on_socket ? "none, since gunicorn listens on a Unix socket" : "that of nginx for everybody");
  finding.evidence = {asks};
  cite_ways(route, addresses, finding);
  finding.fixes = {with_proxy_fix(host, app, std::max(right, 1))};
  out.report(std::move(finding));
}

void judge(const Deployment& host, const Route& route, const AppServer& app, Outcome& out) {
  const AppSource source = *app_source(host, app);
  if (is_https_site(route)) judge_scheme(host, route, app, out);
  if (source.own_way) return;
  if (source.proxy_fix) {
    judge_addresses(host, route, app, *source.proxy_fix, out);
    judge_unset(host, route, app, *source.proxy_fix, out);
  } else {
    judge_missing(host, route, app, source, out);
  }
}

}  // namespace

HOPCHECK_CHECK(app_proxyfix) {
  if (host.files_only()) return out.not_applicable("applications run on a live host only");
  std::vector<const Route*> routes;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    if (route->requested()) routes.push_back(route);
  }
  if (routes.empty()) return out.not_applicable("no requested route leads to an application");
  // What people request says more than a health check, which may have a location of its own.
  std::stable_sort(routes.begin(), routes.end(), [](const Route* a, const Route* b) {
    return a->kind == Route::Kind::site && b->kind != Route::Kind::site;
  });
  std::set<int> judged;
  out.each(routes, [&](const Route* route) {
    const AppServer* app = *host.app_behind(route->endpoints.front());
    if (app == nullptr || app->kind == AppServer::Kind::other) return;
    if (judged.insert(app->pid).second) judge(host, *route, *app, out);
  });
}
