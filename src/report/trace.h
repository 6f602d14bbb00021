// A trace as data: field for field the JSON of hopcheck.trace/1. Renderers neither count nor
// decide.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hopcheck/finding.h"
#include "hopcheck/firewall.h"
#include "report/report.h"

namespace hopcheck {

/// skip: out of scope; unknown: could not be decided, and what follows is "if so".
enum class HopStatus { pass, fail, skip, unknown };

struct NameHop {
  std::string name{};
  std::vector<std::string> addresses{};
};

struct LbHop {
  std::string profile{};
  std::vector<std::string> sources{};
  bool ends_tls{false};
};

struct FirewallHop {
  std::string front_end{};             ///< nftables, iptables, ufw, firewalld; "": no rules
  std::string verdict{"unknown"};      ///< accept, drop, reject, unknown
  std::optional<FirewallRule> rule{};  ///< that decides, or could not be judged
};

struct ListenerHop {
  std::string address{};  ///< "0.0.0.0:80"
  int pid{0};             ///< 0: not known
  std::string program{};
  std::string unit{};
};

/// Where a directive stands; no file: nowhere.
struct TracedLine {
  std::string file{};
  int line{0};
};

struct NginxHop {
  std::string config{};
  struct Server {
    TracedLine at{};
    std::string name{};
    std::string matched_by{};
  };
  struct Place {
    TracedLine at{};
    std::string pattern{};
    std::string matched_by{"none"};
  };
  struct Turn {
    TracedLine at{};
    std::string text{};
    std::string uri{};
  };
  std::optional<Server> server{};  ///< nothing: not decided, or none takes the connection
  std::optional<Place> location{};
  std::string uri{};
  std::vector<Turn> steps{};  ///< internal redirects, in order
  std::string action{};       ///< proxy_pass, static, return …; "": not decided
  std::string target{};
  TracedLine action_at{};
};

struct FileHop {
  std::string path{};
  std::string user{};       ///< that nginx's workers run as; "": not known
  std::string denied_at{};  ///< the component that stops it, "" for none
};

/// What nginx passes requests on to: all members of the upstream, the first one that is asked
/// first.
struct UpstreamHop {
  struct Member {
    std::string address{};  ///< "127.0.0.1:8000" or "/run/x.sock"
    std::optional<bool> listening{};
    std::string denied_at{};
    bool backup{false};
    bool down{false};
    std::string reason{};  ///< why it does not take requests, or what was not seen
  };
  std::string name{};  ///< of the upstream block, "" for none
  std::string user{};  ///< that connects
  std::vector<Member> members{};
};

struct AppHop {
  struct Value {
    std::string name{};
    std::string value{};
    TracedLine at{};
  };
  std::string program{};  ///< "gunicorn"
  std::string app{};      ///< "shop:app"
  int pid{0};
  std::string unit{};
  std::vector<Value> settings{};
};

struct ResponseHop {
  int status_code{0};  ///< 0: none came
  double time_ms{0};
  std::string error{};  ///< why none came
  std::string server{};
  std::string location{};  ///< of a redirect
};

/// One hop of the request.
struct TraceHop {
  std::string hop{};
  HopStatus status{HopStatus::pass};
  std::string text{};    ///< what it does, in one line
  std::string reason{};  ///< why it is not a pass
  std::vector<std::string> notes{};
  std::string explain{};  ///< the code that tells more, "" for none
  std::optional<Fix> fix{};
  std::variant<NameHop, LbHop, FirewallHop, ListenerHop, NginxHop, FileHop, UpstreamHop, AppHop,
               ResponseHop>
      detail{};
};

/// The path that was predicted and the answer that came do not fit.
struct Disagreement {
  std::string hop{};  ///< that most likely does otherwise
  std::string predicted{};
  std::string observed{};
  std::string means{};  ///< what that usually is
  std::string explain{};
};

struct Trace {
  std::string version{};
  std::string scope{"live"};  ///< live, bundle, files
  decltype(Report::host) host{};
  struct {
    std::string method{};
    std::string url{};
    std::string host{};    ///< the Host header; "": none
    std::string source{};  ///< an address or network; "": not known
    std::string address{};
    int port{0};
    std::string scheme{};  ///< as it arrives
  } request{};
  std::vector<TraceHop> hops{};
  /// What our own request should bring; no statuses: that was not decided, or is the app's.
  struct {
    std::vector<int> statuses{};
    std::string hop{};  ///< that decides it
    std::string text{};
  } predicted{};
  std::optional<Disagreement> disagreement{};
  std::string stopped_at{};  ///< the first hop that fails, "" for none
  std::string outcome{};     ///< answered, stopped, undecided
  std::string summary{};
  int exit_code{0};
};

std::string to_text(const Trace& trace, const TextOptions& options);
std::string to_json(const Trace& trace);

const char* hop_status_name(HopStatus status);

}  // namespace hopcheck
