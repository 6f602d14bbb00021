// What the application makes of forwarded headers: what its source asks of a request, whom its
// server believes, and where on a route https is lost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/nginx_headers.h"

namespace hopcheck {

/// Werkzeug's ProxyFix as it is called; a count that is no number is not known.
struct ProxyFix {
  std::optional<int> x_for{1};
  std::optional<int> x_proto{1};
  std::optional<int> x_host{0};
  std::optional<int> x_port{0};
  std::optional<int> x_prefix{0};
  Evidence from{};

  /// "ProxyFix(x_for=1, x_proto=1)", counts of 0 left out.
  std::string text() const;
};

/// What the application's own Python files say of the request, as far as they were read.
struct AppSource {
  std::vector<std::string> files{};
  std::optional<ProxyFix> proxy_fix{};
  std::vector<Evidence> asks_scheme{};   ///< request.is_secure, url_for(_external=True) …
  std::vector<Evidence> asks_host{};     ///< request.host_url, SERVER_NAME …
  std::vector<Evidence> asks_address{};  ///< request.remote_addr …
  /// It reads forwarded headers itself, wraps itself in something else, or in several: what it
  /// makes of them is not known.
  std::optional<Evidence> own_way{};
  std::optional<Unseen> rest{};  ///< why there may be more than this
};

/// The files of `server`'s application that lie in its working directory, read without running
/// anything.
Fact<AppSource> app_source(const Deployment& host, const AppServer& server);

/// Whether gunicorn takes the scheme from X-Forwarded-Proto of those who connect to `endpoint`.
struct Belief {
  bool believes{false};
  std::string peer{};     ///< who connects: an address, "a Unix socket"
  Evidence from{};        ///< forwarded_allow_ips
  std::string version{};  ///< of gunicorn, "" where it does not matter or is not known
};
/// `route`: through nginx, or straight from the load balancer.
Fact<Belief> gunicorn_belief(const Deployment& host, const Route& route, const Endpoint& endpoint,
                             const AppServer& server);

/// What came of https on its way from a client to the application.
struct HttpsPath {
  enum class Lost {
    nowhere,    ///< the application sees https
    nginx,      ///< nginx tells it http
    untold,     ///< nginx, which ends TLS, tells it nothing
    server,     ///< told, and its server does not believe the peer
    untrusted,  ///< told, and neither server nor application takes it from a header
    count       ///< ProxyFix wants more values than come
  };
  Lost lost{Lost::nowhere};
  bool ends_here{false};  ///< TLS ends at nginx, else at the load balancer
  std::string told{};     ///< X-Forwarded-Proto as it comes to the application
};
/// Of the site's route with an https URL; unseen where a hop of it is not known.
Fact<HttpsPath> https_path(const Deployment& host, const Route& route);

/// X-Forwarded-Proto as it comes to the application of such a route, "" where none does.
Fact<std::string> told_scheme(const Route& route);

/// The block of nginx's configuration that passes the route's requests on.
std::uint32_t block_of(const Route& route);

/// An http:// URL of an https site in the answer to its own request, which came as if over https.
struct PlainUrl {
  enum class Kind {
    loop,      ///< a redirect to the very URL that was asked for, over https
    redirect,  ///< a redirect to http://
    link       ///< in the page
  };
  Kind kind{Kind::link};
  std::string url{};
};
/// Nothing where the answer has none; unseen where the answer to us is not the one to clients.
Fact<std::optional<PlainUrl>> plain_url(const Deployment& host, const Route& route);

/// What shows that the application minds whether it sees http or https.
struct Minds {
  bool seen{false};  ///< in its answer, else in its source
  std::string words{};
  std::vector<Evidence> evidence{};

  bool any() const { return !evidence.empty(); }
};
Fact<Minds> minds_scheme(const Deployment& host, const Route& route);

/// What shows that a client can choose the name in the URLs of the application's answers, by a
/// request with forged X-Forwarded headers; nothing where the answer does not follow them. Unseen
/// unless --probe full lets such requests be sent.
Fact<std::optional<std::vector<Evidence>>> forged_host(const Deployment& host, const Route& route);
/// Likewise that a client whom an access rule turns away is let in when it claims to be 127.0.0.1.
Fact<std::optional<std::vector<Evidence>>> forged_address(const Deployment& host,
                                                          const Route& route);

/// The site is requested over https, and TLS ends in front of the application.
bool is_https_site(const Route& route);

/// The file's line as it stands there, with its indentation and without its end.
Fact<std::string> source_line(const Deployment& host, const Evidence& from);

/// The line in the file of `block` that stands for `inside`: its own, or the include behind `block`
/// that brings its file in. Its text is as in `source_line`.
Fact<Evidence> line_within(const Deployment& host, const Evidence& block, const Evidence& inside);

}  // namespace hopcheck
