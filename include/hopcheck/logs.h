// What nginx's logs say: errors by what they mean, who probes, and after how long answers fail.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// How often something was logged, and when: seconds since 1970.
struct Occurrences {
  std::uint64_t count{0};
  bool at_least{false};  ///< there were more before the oldest of `times`
  long long first{0};
  long long last{0};
  std::vector<long long> times{};  ///< the last ones, oldest first

  /// Those at or after `from` alone.
  Occurrences since(long long from) const;
  /// "12 times from 09:30:01 to 09:41:17"; the clock is the host's.
  std::string text() const;
};

/// Lines of nginx's error log that say the same.
struct Logged {
  std::string what{};  ///< "connect-refused", "header-too-big": a signature's name
  std::string server{};
  std::string upstream{};  ///< "http://127.0.0.1:8000", a socket's path, a name; "" for none
  std::string method{};
  std::string path{};  ///< without query; "*": of several
  std::string file{};
  std::string sample{};  ///< the newest line
  long long most{0};     ///< the largest number of bytes that "body-too-large" names
  Occurrences seen{};

  /// The line without its time and without whom it speaks of.
  std::string message() const;
  /// "12 times, from 09:30:01 to 09:41:17 UTC: connect() to ... failed (13: Permission denied)"
  Evidence evidence() const;
};

/// One line, as far as it can be told whose request it speaks of.
struct LoggedLine {
  std::string what{};
  std::string client{};
  std::string method{};
  std::string path{};
  std::string upstream{};
  std::string host{};
  std::string file{};
  std::string text{};
  long long time{0};

  Evidence evidence() const;
};

/// What an instance's error logs say of the last hour (--since). Missing: logs that were not read,
/// and lines that are not written.
Partial<Logged> error_log(const Deployment& host, const nginx::Instance& instance);

/// Of these the ones that were written since the workers that run now were started: what a
/// reload or a restart has mended accuses nobody.
Partial<Logged> current_errors(const Deployment& host, const nginx::Instance& instance);

/// The newest line of the error log that the route's own request provoked: ours by its client, its
/// path and its time. Nothing where there surely is none.
Fact<std::optional<LoggedLine>> provoked_line(const Deployment& host, const Route& route);

/// A client that calls itself a load balancer's health checker, on one path.
struct Prober {
  std::string agent{};
  std::string source{};
  std::string host{};  ///< "" where the log does not say
  std::string method{};
  std::string path{};
  std::vector<std::pair<std::string, std::uint64_t>> statuses{};
  long slowest_ms{-1};
  bool ours{false};  ///< from this host: a run of this program, or a person
  std::string file{};
  Occurrences seen{};

  /// Seconds between two probes of this source, 0 where there are too few.
  long long interval_s() const;
  /// "ELB-HealthChecker/2.0 from 10.99.0.1 asked for GET /health 120 times, every 30 s: …"
  std::string text() const;
};

/// Requests that ended in 499, 502 or 504 after about the same time.
struct Failed {
  int status{0};
  bool prober{false};
  long least_ms{-1};  ///< -1: the log does not say how long
  long most_ms{-1};
  std::uint64_t paths{0};  ///< how many different ones, at most eight are counted
  std::string method{};
  std::string path{};  ///< of the newest
  std::string file{};
  Occurrences seen{};
};

/// The access logs of an instance, taken together.
struct AccessLog {
  std::vector<std::string> files{};
  std::vector<Prober> probers{};
  std::vector<Failed> failed{};
  long long first{0};  ///< the oldest line within the window; 0: there is none
  long long last{0};
  bool durations{false};  ///< some log says how long requests took
};

/// Missing from the items: logs not read, written late, in an unknown format, or switched off.
struct AccessLogs {
  AccessLog seen{};
  std::vector<Unseen> missing{};
};
AccessLogs access_logs(const Deployment& host, const nginx::Instance& instance);

/// Requests of one status that ended after nearly the same time, apart from the others.
struct Gathering {
  std::uint64_t count{0};
  std::uint64_t of{0};  ///< all of that status
  long least_ms{0};
  long most_ms{0};
  long long last{0};
  std::string method{};
  std::string path{};
  std::string file{};

  /// "at 10.0 s"
  std::string text() const;
  Evidence evidence(int status) const;
};
/// The largest gathering, where most of them gather; nothing where they are few or lie scattered.
std::optional<Gathering> gathering(const AccessLog& log, int status, bool prober);
/// A gathering lies at a time limit.
bool lies_at(const Gathering& gathering, long long limit_ms);

/// When the workers that run now were started: lines before speak of another configuration.
Fact<long long> workers_started(const Deployment& host, const nginx::Instance& instance);
/// When the app server behind a route was started, its newest where there are several.
Fact<long long> app_started(const Deployment& host, const Route& route);

/// What a unit's journal said between two moments, newest last.
Fact<std::vector<std::string>> journal_between(const Deployment& host, const std::string& unit,
                                               long long from, long long to);

/// The block of the configuration that answers requests for `path` of the server called `name`,
/// as a log line names them; null: none is called so.
struct Place {
  const nginx::Instance* instance{nullptr};
  const nginx::ServerBlock* server{nullptr};
  const nginx::Location* location{nullptr};

  std::uint32_t block() const;
  std::string node() const;  ///< of the route graph
};
std::optional<Place> place_of(const nginx::Instance& instance, const std::string& name,
                              const std::string& path);

}  // namespace hopcheck
