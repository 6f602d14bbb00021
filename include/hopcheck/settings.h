// What the load balancer, the site and the app are known to be: each value with how it is known.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hopcheck {

/// How a setting is known, weakest first. `default_` and `export_` lose the underscore in JSON.
enum class From { default_, observation, export_, config, flag };

template <class T>
struct Setting {
  T value{};
  From from{From::default_};
  std::string source{};  ///< "--lb-path", "/etc/hopcheck.toml:9", "profile aws-alb", "/proc"

  bool assumed() const { return from == From::default_; }
};

/// Status codes an LB takes for good: "200", "200-399", "200,301".
struct StatusCodes {
  std::string text{};
  std::vector<std::pair<int, int>> ranges{};

  bool contains(int status) const;
};

struct LbSettings {
  Setting<std::string> profile{};
  Setting<std::vector<std::string>> sources{};  ///< CIDRs of its probes and traffic
  Setting<int> idle_timeout_ms{};
  Setting<int> proxies{};
  Setting<std::string> protocol{};  ///< "http", "https", "tcp"
  Setting<int> port{};
  Setting<std::string> path{};
  /// The Host header; nullopt: what the profile sends (mostly an address); "": none.
  Setting<std::optional<std::string>> host{};
  Setting<int> timeout_ms{};
  Setting<int> interval_ms{};
  Setting<int> healthy_threshold{};
  Setting<int> unhealthy_threshold{};
  Setting<StatusCodes> codes{};
  std::string method{"GET"};  ///< of the profile
  std::string user_agent{};   ///< of the profile; empty: none is sent
};

struct SiteSettings {
  Setting<std::string> url{};  ///< "" where not given
};

struct AppSettings {
  Setting<std::string> server{};     ///< "" : discovered
  Setting<std::string> unit{};       ///< "" : discovered
  Setting<std::string> directory{};  ///< "" : discovered
};

/// One service of a host: what is judged together.
struct Target {
  std::string name{"default"};
  LbSettings lb{};
  SiteSettings site{};
  AppSettings app{};
};

/// Durations in words: 500 -> "500 ms", 5000 -> "5 s", 90000 -> "90 s".
std::string duration_text(long long ms);

}  // namespace hopcheck
