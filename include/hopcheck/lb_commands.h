// How a load balancer is told another setting, in the words of its own command line tool. NAME, ARN
// and the like stand for what this host does not know.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/finding.h"
#include "hopcheck/settings.h"

namespace hopcheck {

/// Its health check is to ask for this path. No commands for profiles whose tool we do not know.
std::vector<std::string> set_check_path(const LbSettings& lb, const std::string& path);
/// Its health check is to wait so long.
std::vector<std::string> set_check_timeout(const LbSettings& lb, int seconds);
/// It is to wait so long for an answer, and to keep idle connections so long.
std::vector<std::string> set_idle_timeout(const LbSettings& lb, long long seconds);
/// Its traffic and its check are to come to another port of this host.
std::vector<std::string> move_to_port(const LbSettings& lb, int to);

/// Its health check can be given a Host header of one's choice. AWS and DigitalOcean send the
/// target's address.
bool can_send_host(const LbSettings& lb);

/// A health check that waits longer than answers take: whole seconds, well above `worst_ms`.
Fix longer_check_timeout(const LbSettings& lb, double worst_ms);

}  // namespace hopcheck
