// What the cloud's own firewall does with the load balancer's connections, by its export.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// The security groups of one export together, or the rules of one network.
struct CloudVerdict {
  enum class Action { allow, block, unknown };
  Action action{Action::allow};
  std::string name{};                  ///< "security group sg-0a1b (web)", "network default"
  std::vector<std::string> blocked{};  ///< networks of the load balancer
  std::string why{};                   ///< unknown: what cannot be said from the export
  std::string by{};                    ///< block: the rule that denies; "" : no rule allows
  Evidence from{};
  Fix fix{};  ///< block
};

/// An export was given, or is in the recording.
bool cloud_exported(const Deployment& host);

/// Empty where no export was given.
Fact<std::vector<CloudVerdict>> cloud_verdicts(const Deployment& host, const Route& route);

}  // namespace hopcheck
