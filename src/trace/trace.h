// Follows one request through this host, hop by hop, and compares what it should bring with what
// it brings.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hopcheck/deployment.h"
#include "model/url.h"
#include "report/trace.h"

namespace hopcheck {

/// The request that is asked for.
struct TraceQuestion {
  Url url{};
  std::string method{"GET"};
  std::string source{};               ///< whence it comes; "": from the load balancer
  std::string address{};              ///< where it arrives; "": where the load balancer sends it
  std::optional<std::string> host{};  ///< the Host header; "": none; nothing: as the URL has it
  std::vector<std::pair<std::string, std::string>> headers{};
  bool send{true};  ///< the request itself, last
};

/// Throws nothing for what the host does.
Trace trace(const Deployment& host, const TraceQuestion& question);

/// The trace of a requested route: the load balancer's probe or the site's URL; nothing where that
/// is no HTTP.
std::optional<TraceQuestion> question_of(const Request& request);

}  // namespace hopcheck
