// What a Deployment keeps: one memo a fact, and the functions that make them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "facts/nginx/instances.h"
#include "hopcheck/deployment.h"
#include "hopcheck/forwarded.h"
#include "host/host.h"
#include "host/tables.h"
#include "model/memo.h"

namespace hopcheck {

struct FirewallRules;
struct GivenNginx;

/// Users and groups of this host, from /etc/passwd and /etc/group.
struct Accounts {
  struct User {
    std::string name{};
    std::string primary_group{};
  };
  std::vector<User> users{};
  std::map<std::string, std::vector<std::string>> members{};  ///< group -> users listed in it
};

/// Questions asked and their answers understood, one function a fact.
struct Deployment::State {
  State(Host& h, std::vector<Target> t, int since)
      : host(h), given(std::move(t)), since_ms(since) {}

  Host& host;
  std::vector<Target> given;
  int since_ms;

  Memo<std::vector<Target>> targets{};
  Memo<Fact<Identity>> identity{};
  Memo<Fact<Partial<Process>>> processes{};
  Memo<Fact<Partial<Listener>>> listeners{};
  Memo<Fact<Accounts>> accounts{};
  Memo<Fact<std::vector<nginx::Instance>>> nginx{};
  Memo<Fact<std::vector<AppServer>>> running_servers{};  ///< as their processes show them
  Memo<Fact<std::vector<AppServer>>> app_servers{};
  Memo<Fact<Partial<Unit>>> units{};
  Memo<Partial<SupervisorProgram>> supervisor_programs{};
  Memo<std::vector<std::vector<nginx::Member>>> unit_binds{};  ///< beside `units`
  Memo<std::map<int, Fact<AppSource>>> app_sources{};  ///< by the server's pid
  Memo<std::vector<Route>> routes{};
  Memo<Partial<const Route*>> requested{};
  Memo<Partial<const Route*>> proxied{};
  Memo<Partial<Endpoint>> endpoints{};
  Memo<std::map<std::string, std::vector<const Route*>>> routes_by_node{};
  Memo<Fact<std::shared_ptr<const FirewallRules>>> firewall{};
};

/// An answer's text, or why there is none; an absent one is told as `absent_as`.
Fact<std::string> text_of(const Answer& answer, const std::string& absent_as);

/// The names in a listing that are no directories, in its order; none where it was not seen.
std::vector<std::string> files_in(const Answer& listing);
/// Likewise with the directories.
std::vector<std::string> entries_in(const Answer& listing);

/// What a decoder makes of an answer; text that does not fit is unseen (malformed).
template <class T, class Decode>
Fact<T> decoded(const Answer& answer, const std::string& what, Decode&& decode) {
  const auto text = text_of(answer, what + ": not there");
  if (!text.seen()) return text.unseen();
  try {
    return decode(*text);
  } catch (const NotSeen&) {
    throw;
  } catch (const std::exception& error) {
    return Unseen{Unseen::Why::malformed, what + ": " + error.what(), {}};
  }
}

/// Who we are and where.
const Fact<Identity>& identity_of(Deployment::State& state);
Fact<Accounts> read_accounts(Host& host);
/// The rights of a user by name, with the groups that /etc/group gives them.
Fact<Credentials> credentials_of(const Accounts& accounts, const std::string& user);

/// The configuration that the command line gave in place of nginx's own.
std::optional<GivenNginx> given_nginx(Host& host);
/// What the instance's binary says of itself.
nginx::BuildOptions build_options(Host& host, const nginx::Instance& instance);
Fact<std::vector<nginx::Instance>> find_nginx(const Deployment& deployment,
                                              Deployment::State& state);
/// The app servers that run, as far as their processes show what they were told.
const Fact<std::vector<AppServer>>& running_servers(const Deployment& deployment,
                                                    Deployment::State& state);
/// The same, completed by the units that started them.
Fact<std::vector<AppServer>> complete_servers(const Deployment& deployment,
                                              Deployment::State& state);
Fact<Partial<Unit>> find_units(const Deployment& deployment, Deployment::State& state);
std::vector<Target> complete_targets(const Deployment& deployment,
                                     const std::vector<Target>& given);
/// Completes what is still assumed of the probe by the access log's regular probers.
void observe_probes(const Deployment& deployment, LbSettings& lb);
/// The load balancer's probe and the site's URL of every target, not followed yet.
Partial<Route> requested_routes(const Deployment& deployment);
/// Enough to tell an application that serves from one that hangs.
inline constexpr int kShortPatienceMs = 2000;
/// A route's request as it is sent: with less patience where the load balancer's own was in vain.
Request request_of(const Deployment& host, const Route& route);
/// All routes, followed as far as they can be.
std::vector<Route> build_routes(const Deployment& deployment);

/// Addresses that were told, or are those of a load balancer that was told.
bool known_sources(const LbSettings& lb);

/// Relative socket paths made absolute by their holder's working directory.
std::vector<Listener> absolute(std::vector<Listener> listeners, const Partial<Process>* processes);
/// One spelling of a socket's path: /var/run is /run, no doubled slashes.
std::string socket_path(const std::string& path);

/// What a unit's command would bind, as endpoints' members: of app servers we can read.
std::vector<nginx::Member> binds_of(const Unit& unit, Host& host);

}  // namespace hopcheck
