// Names of things, and the places that an action sends to.
#include <utility>

#include "facts/nginx/address.h"
#include "facts/nginx/site.h"

namespace hopcheck::nginx {

namespace {

std::string joined(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

[[noreturn]] void not_decided(const Action& action, const char* why) {
  throw NotSeen({Unseen::Why::undecidable, "where \"" + action.target + "\" leads: " + why, {}});
}

}  // namespace

std::vector<Member> members(const Site& site, const Action& action) {
  if (action.kind == Action::Kind::unknown) not_decided(action, action.reason.c_str());
  if (!is_pass(action.kind)) return {};
  if (!action.upstream.empty()) {
    if (auto upstream = site.upstreams.find(action.upstream)) return std::move(upstream->members);
  }
  if (action.target.find('$') != std::string::npos) {
    not_decided(action, "it depends on variables that only nginx knows");
  }
  const auto place = parse_place(action.kind, action.target);
  if (!place) not_decided(action, "it cannot be understood");
  // A name may be that of an upstream block in a file that was not read.
  if (!place->host.empty() && canonical_ip(place->host).empty() && !site.missing.empty()) {
    throw NotSeen(site.missing.front());
  }
  Member out;
  out.host = place->host;
  out.port = place->port;
  out.path = place->path;
  out.from = action.from;
  return {out};
}

std::string Member::text() const {
  return is_unix() ? path : joined(host, port);
}

std::string ServerBlock::label() const {
  for (const std::string& name : names) {
    if (!name.empty()) return name;
  }
  if (listens.empty()) return "server";
  const Listen& first = listens.front();
  return first.path.empty() ? joined(first.address, first.port) : first.path;
}

const char* match_name(Location::Match match) {
  switch (match) {
    case Location::Match::exact:
      return "exact";
    case Location::Match::prefix:
      return "prefix";
    case Location::Match::prefix_no_regex:
      return "prefix_no_regex";
    case Location::Match::regex:
      return "regex";
    case Location::Match::named:
      return "named";
    case Location::Match::none:
      break;
  }
  return "none";
}

const char* matched_by_name(Chosen::By by) {
  switch (by) {
    case Chosen::By::exact:
      return "exact";
    case Chosen::By::leading_wildcard:
      return "leading_wildcard";
    case Chosen::By::trailing_wildcard:
      return "trailing_wildcard";
    case Chosen::By::regex:
      return "regex";
    case Chosen::By::default_:
      break;
  }
  return "default";
}

const char* action_name(Action::Kind kind) {
  switch (kind) {
    case Action::Kind::proxy_pass:
      return "proxy_pass";
    case Action::Kind::uwsgi_pass:
      return "uwsgi_pass";
    case Action::Kind::fastcgi_pass:
      return "fastcgi_pass";
    case Action::Kind::grpc_pass:
      return "grpc_pass";
    case Action::Kind::static_:
      return "static";
    case Action::Kind::return_:
      return "return";
    case Action::Kind::rewrite:
      return "rewrite";
    case Action::Kind::error_page:
      return "error_page";
    case Action::Kind::deny:
      return "deny";
    case Action::Kind::other:
      return "other";
    case Action::Kind::unknown:
      break;
  }
  return "unknown";
}

}  // namespace hopcheck::nginx
