// The report as data: field for field the JSON of hopcheck.report/1. Renderers neither count nor
// decide.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "hopcheck/finding.h"
#include "hopcheck/settings.h"

namespace hopcheck {

/// What a person who reads a fix wants to know besides. Not in the JSON.
struct FixNotes {
  struct Neighbour {
    int line{0};  ///< 0: none is shown
    std::string text{};
  };
  std::vector<Neighbour> above{};  ///< for each edit: the line of its file that stands over it
  std::vector<Neighbour> below{};  ///< likewise the one under it, where that over it ends a block
  std::string overlap{};           ///< that an earlier cause's fix changes the same line
};

/// A finding with what its page adds.
struct ReportedFinding {
  Finding finding{};
  std::string fingerprint{};
  std::string hop{};
  Severity severity{Severity::error};
  std::string why{};
  std::vector<std::string> explains{};  ///< codes
  std::vector<FixNotes> fix_notes{};    ///< one a fix, or none
  bool ignored{false};  ///< --ignore or [[ignore]]: leaves verdict and exit code alone
};

struct ChainHop {
  std::string hop{};  ///< lb firewall nginx socket app host
  std::string label{};
  std::string status{};  ///< pass warn fail skip unknown
};

struct ReportedRoute {
  std::string name{};
  std::string target{};
  std::string verdict{};
  std::vector<ChainHop> chain{};
  std::vector<std::string> diagnosis{};  ///< fingerprints
};

struct ReportedCheck {
  std::string id{};
  std::string status{};  ///< pass warn fail skip error
  std::string reason{};
  double duration_ms{0};
};

struct ReportedUnseen {
  std::string what{};
  std::string why{};    ///< Unseen::Why by name
  std::string needs{};  ///< "" : null
  std::vector<std::string> hops{};
};

struct ReportedRequest {
  std::string method{};
  std::string url{};
  std::string sent_as{};
  int status{0};  ///< 0: not answered
  double time_ms{0};
};

struct NextStep {
  std::string question{};
  std::string command{};
};

/// One LB setting as it was used: {"value":…, "from":…, "source":…}.
struct ReportedSetting {
  std::string name{};  ///< "profile", "path", "port" …
  std::string json{};  ///< the value as JSON text
  std::string text{};  ///< the value for a person
  From from{From::default_};
  std::string source{};
};

struct Report {
  std::string version{};
  struct {
    std::string name{};
    std::string os{};
    std::string kernel{};
    std::string user{};  ///< text report only
    bool privileged{false};
  } host{};
  std::string started_at{};
  double duration_ms{0};
  std::string scope{"live"};  ///< live, bundle, files
  bool complete{true};
  std::string verdict{};
  std::string verdict_reason{};  ///< "" : null
  int exit_code{0};
  std::string summary{};
  std::string config_file{};  ///< "" : none in use
  std::vector<ReportedSetting> lb{};
  std::vector<ChainHop> chain{};
  std::vector<ReportedRoute> routes{};
  std::vector<ReportedFinding> diagnosis{};
  std::vector<ReportedFinding> findings{};
  std::vector<ReportedCheck> checks{};
  std::vector<ReportedUnseen> unseen{};
  std::vector<ReportedRequest> requests{};
  /// What the access log shows of the load balancer, where its settings are not all known.
  std::vector<std::string> observed{};
  /// What was looked at and is in order, where nothing on this host explains an unhealthy state.
  std::vector<std::string> ruled_out{};
  std::vector<NextStep> next{};
  /// -v: questions in order, with when they began and how long they took. Not in the JSON.
  struct Timing {
    std::string what{};
    double start_ms{0};
    double ms{0};
  };
  std::vector<Timing> timings{};
};

/// How the text report is shown.
struct TextOptions {
  bool color{false};
  bool unicode{true};
  int verbosity{0};  ///< -1: -q, 1: -v
  int width{80};
};

/// The LB settings in the configuration file's order.
std::vector<ReportedSetting> reported_settings(const LbSettings& lb);

std::string to_text(const Report& report, const TextOptions& options);
std::string to_json(const Report& report);

const char* severity_name(Severity severity);
const char* confidence_name(Confidence confidence);
const char* when_name(When when);
const char* from_name(From from);

}  // namespace hopcheck
