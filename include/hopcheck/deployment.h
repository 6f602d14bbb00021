// All that a check can see: what runs here and how a request travels through it. Lazy: every
// fact is collected when it is first asked for, once, and never changes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hopcheck/app.h"
#include "hopcheck/fact.h"
#include "hopcheck/http.h"
#include "hopcheck/nginx.h"
#include "hopcheck/path.h"
#include "hopcheck/process.h"
#include "hopcheck/route.h"
#include "hopcheck/settings.h"
#include "hopcheck/unit.h"

namespace hopcheck {

class Host;

/// Where a check looks. All methods may be called from several threads.
class Deployment {
 public:
  /// `targets`: at least one; their unset values are completed from what is observed.
  /// `since_ms`: how far logs are read back.
  Deployment(Host& host, std::vector<Target> targets, int since_ms = 3'600'000);
  ~Deployment();
  Deployment(const Deployment&) = delete;
  Deployment& operator=(const Deployment&) = delete;

  const std::vector<Target>& targets() const;

  const Fact<Partial<Process>>& processes() const;
  const Fact<Partial<Listener>>& listeners() const;
  /// Running nginx masters, and the installed one where none runs (master 0). Empty: no nginx.
  const Fact<std::vector<nginx::Instance>>& nginx() const;
  const Fact<std::vector<AppServer>>& app_servers() const;
  /// Units of interest: nginx's, those of app servers that run, those whose command names one,
  /// and [app] unit.
  const Fact<Partial<Unit>>& units() const;
  /// What supervisor is told to keep running, from its files; empty where it is not installed.
  const Partial<SupervisorProgram>& supervisor_programs() const;
  /// The unit that is meant to run the app behind `endpoint`: by its bind, by the process that
  /// holds it, by [app] unit, or because it is the only app unit. Null: surely none is known.
  Fact<const Unit*> unit_behind(const Route& route) const;
  /// The running app server that holds the endpoint, or null; throws nothing.
  Fact<const AppServer*> app_behind(const Endpoint& endpoint) const;

  /// All routes, also those that could not be followed to their end. Checks look at the three
  /// below, which say what is missing from them.
  const std::vector<Route>& routes() const;
  /// The routes that are requested: the load balancer's probe and the site's URL.
  const Partial<const Route*>& requested() const;
  /// The routes that lead to an endpoint; missing: why others could not be followed so far.
  const Partial<const Route*>& proxied() const;
  /// Routes on which `node` lies.
  std::vector<const Route*> routes_through(const std::string& node) const;
  /// The distinct endpoints of all routes, in order of first appearance.
  const Partial<Endpoint>& endpoints() const;
  /// The listener of a running app server that looks meant where nobody serves `endpoint`: the
  /// only one that no route leads to. Nothing where there surely is none, or a choice; unseen
  /// where processes, sockets or routes that were not seen could make or spoil it.
  struct Candidate {
    const AppServer* app{nullptr};
    const Listener* listener{nullptr};
  };
  Fact<std::optional<Candidate>> looks_meant(const Endpoint& endpoint) const;
  /// Who accepts connections for `endpoint`; null: surely nobody. Throws NotSeen where the
  /// sockets were not seen.
  const Listener* listener_of(const Endpoint& endpoint) const;
  /// Nobody accepts connections there; false also where that could not be seen.
  bool surely_unserved(const Endpoint& endpoint) const;
  /// The endpoint is an address of this host, or a Unix socket.
  Fact<bool> is_local(const Endpoint& endpoint) const;
  /// The nginx instance whose configuration sends to this endpoint, with the directive's
  /// evidence; null instance where only the load balancer does.
  struct Sender {
    const nginx::Instance* instance{nullptr};
    Evidence from{};
  };
  std::vector<Sender> senders(const Endpoint& endpoint) const;

  /// The allow or deny line of nginx by which some of the load balancer's addresses are turned away
  /// on the probe's route; null: all are let in. Unseen where the addresses are not known, or are
  /// let in in part.
  Fact<const nginx::AccessRule*> turns_lb_away(const Route& route) const;
  /// Likewise for requests of our own.
  Fact<const nginx::AccessRule*> turns_us_away(const Route& route) const;

  /// The route's own request, sent as the load balancer or a user sends it.
  Fact<Exchange> probe(const Route& route) const;
  /// The path of a request past nginx: what nginx would send on, or what it was asked for.
  enum class Path { as_passed_on, as_asked };
  /// The same request sent to an endpoint of the route, past nginx.
  Fact<Exchange> direct(const Route& route, const Endpoint& endpoint,
                        Path path = Path::as_passed_on) const;

  Fact<Walk> walk(const std::string& path) const;
  /// The last lines that the unit wrote to the journal, newest last: those at most `since_ms`
  /// older than its newest.
  Fact<std::vector<std::string>> journal(const std::string& unit) const;
  /// What `nginx -t` says of an instance's configuration: its last emerg line, "" where it loads.
  Fact<std::string> nginx_test(const nginx::Instance& instance) const;
  /// Entries of /etc/group: whether `user` is listed in `group` (or has it as primary group).
  Fact<bool> group_lists(const std::string& group, const std::string& user) const;
  /// Files only (--root): no live question has an answer.
  bool files_only() const;
  /// Neither nginx nor an app server nor a unit of one is here, and no setting speaks of one.
  bool nothing_here() const;
  /// Whether systemd is the service manager here.
  Fact<bool> systemd() const;
  /// Addresses of this host that are not loopback, first the one that the LB would use.
  Fact<std::vector<std::string>> addresses() const;

  /// Starts all independent facts at once and returns when they are there.
  void collect() const;

  /// The model's own; defined where checks cannot see it. Subjects with a header of their own keep
  /// their facts there, too.
  struct State;
  State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace hopcheck
