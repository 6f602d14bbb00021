// What the hops of one trace know of each other: each reads what those before it left.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "trace/trace.h"

namespace hopcheck {

/// What a request of our own should bring. It comes from this host, so what holds for the load
/// balancer's address need not hold for it.
struct Outlook {
  enum class Kind {
    unknown,   ///< not decided; `why` says what is missing
    statuses,  ///< one of `statuses`
    app,       ///< whatever the application answers
    nothing    ///< no answer at all
  };
  Kind kind{Kind::unknown};
  std::vector<int> statuses{};
  std::string location{};  ///< of a redirect, "" where not known
  std::string hop{};       ///< that decides it
  std::string why{};
};

/// A trace on its way.
struct Trail {
  const Deployment& host;
  const TraceQuestion& question;
  Target target{};    ///< with the addresses that the request is said to come from
  Request request{};  ///< as it arrives
  bool through_lb{true};
  bool lb_ends_tls{false};
  bool own_source{false};  ///< it comes from this host itself
  const Listener* listener{nullptr};
  bool listener_seen{false};  ///< whether somebody listens there is known
  const nginx::Instance* instance{nullptr};
  std::optional<nginx::Chosen> chosen{};
  std::vector<Endpoint> endpoints{};  ///< behind nginx, or the one that is asked directly
  const Endpoint* served{nullptr};    ///< the one that takes requests first
  Outlook outlook{};
  std::string turned_away{};  ///< the line by which nginx refuses this host, and not the source
  std::vector<TraceHop> hops{};

  /// The route that the request takes, for what is asked of routes.
  Route route() const;
};

/// A hop of which something was not seen: out of scope, or unknown.
void mark_unseen(TraceHop& hop, const Unseen& unseen);
/// The evidence's file and line.
TracedLine line_of(const Evidence& from);
/// "/etc/nginx/nginx.conf:7"
std::string place_text(const Evidence& from);
/// The process that bound it, null where that was not seen.
const Process* holder_of(const Deployment& host, const Listener& listener);
/// The client as nginx sees it, "" where that is a network or not known.
std::string client_of(const Trail& trail);
/// What nginx does with the request, coming from its source or from this host. Nothing where no
/// server block takes the connection. Throws NotSeen.
std::optional<nginx::Chosen> choose_for_source(const Trail& trail);
std::optional<nginx::Chosen> choose_for_us(const Trail& trail);
/// What is made of the first error, before error_page makes something else of it.
std::optional<nginx::Chosen> choose_without_pages(const Trail& trail);
/// What our own request gets where nobody answers behind nginx.
std::optional<nginx::Chosen> choose_after(const Trail& trail, int gateway_status);
/// "line 9" in the server block's own file, else "/etc/nginx/conf.d/x.conf:9".
std::string short_place(const Trail& trail, const Evidence& from);
/// "return 404; (line 3)"
std::string action_text(const Trail& trail, const nginx::Action& action);

/// Nothing has decided yet what our request should bring.
bool is_open(const Trail& trail);

/// What nginx shows to those who ask by TLS.
void note_certificates(const Trail& trail, TraceHop& hop);

void add_name(Trail& trail);
void add_lb(Trail& trail);
void add_firewall(Trail& trail);
void add_listener(Trail& trail);
void add_nginx(Trail& trail);
void add_file(Trail& trail);
void add_upstream(Trail& trail);
void add_app(Trail& trail);
/// The answer that came, and whether it fits.
void add_response(Trail& trail, Trace& trace);

}  // namespace hopcheck
