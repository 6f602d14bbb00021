// The application knows that its site is https.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"

using namespace hopcheck;

namespace {

std::string kind_words(PlainUrl::Kind kind, const PlainUrl& plain, const std::string& url) {
  if (kind == PlainUrl::Kind::loop)
    return fmt::format("the application redirects {} to itself for ever: it takes https for http",
                       url);
  if (kind == PlainUrl::Kind::redirect)
    return fmt::format("the application redirects {} to {}, out of https", url, plain.url);
  return fmt::format("the page at {} links to {}, out of https", url, plain.url);
}

/// In words: what is to be changed stands in the application's own source.
Fix trust_the_header() {
  Fix fix;
  fix.summary =
      "let the application take the scheme from X-Forwarded-Proto: app.wsgi_app = "
      "ProxyFix(app.wsgi_app, x_for=0, x_proto=1)";
  fix.on = On::repo;
  return fix;
}

}  // namespace

HOPCHECK_CHECK(app_https) {
  std::vector<const Route*> sites;
  out.none(host.requested());
  for (const Route* route : host.requested().seen_items()) {
    if (is_https_site(*route)) sites.push_back(route);
  }
  if (sites.empty()) return out.not_applicable("no https site is known here");
  out.each(sites, [&](const Route* route) {
    if (!*route->followed || route->endpoints.empty()) return;
    const auto plain = plain_url(host, *route);
    if (!*plain) return;
    const Fact<Exchange> exchange = host.probe(*route);
    if (author(*exchange) == Author::nginx) return;
    // What nginx says of the scheme may depend on who asks, and we are not the load balancer.
    const Fact<std::string> told = told_scheme(*route);
    if (!told.seen()) throw NotSeen(told.unseen());
    const PlainUrl::Kind kind = (*plain)->kind;
    // A link may be written into the page; a redirect is made for this request.
    if (kind == PlainUrl::Kind::link && https_path(host, *route)->lost == HttpsPath::Lost::nowhere)
      return;
    Finding finding;
    finding.code = kind == PlainUrl::Kind::loop ? "app.https-redirect-loop" : "app.http-urls";
    finding.title = kind_words(kind, **plain, route->target->site.url.value);
    finding.about = {route->node()};
    finding.evidence = {cite(route->request, *exchange)};
    finding.evidence.push_back(
        {EvidenceKind::probe, finding.evidence.front().source, 0,
         (kind == PlainUrl::Kind::link ? "the page: " : "Location: ") + (*plain)->url, true});
    finding.evidence.push_back(cite("url", route->target->site.url, route->target->site.url.value));
    finding.fixes = {trust_the_header()};
    out.report(std::move(finding));
  });
}
