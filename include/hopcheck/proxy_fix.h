// What an application needs to read the forwarded headers.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// Lets an application that has no ProxyFix read the forwarded headers: two lines below the one
/// that makes it, or words where that is not one line; then the restart.
Fix with_proxy_fix(const Deployment& host, const AppServer& app, int x_for);
/// "systemctl restart shop.service"; none where no unit runs it.
std::vector<std::string> restart_commands(const AppServer& app);

}  // namespace hopcheck
