// Running nginx instances, from the process list and from what nginx says of itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/nginx.h"
#include "hopcheck/process.h"

namespace hopcheck::nginx {

/// Masters with their workers. conf_path and prefix are those of -c and -p, "" where not given:
/// the binary's own defaults then hold.
std::vector<Instance> running_instances(const Partial<Process>& processes);

/// What the binary was built with; "" where it does not say.
struct BuildOptions {
  std::string version{};
  std::string conf_path{};
  std::string prefix{};
  std::string user{};
  std::string error_log_path{};
};
/// Reads `nginx -V`, which writes to standard error.
BuildOptions parse_build_options(std::string_view text);

/// The last [emerg] message of `nginx -t`, "" where the test is successful.
std::string test_verdict(const std::string& stderr_text);
/// Its [warn] messages, in its order.
std::vector<std::string> test_warnings(const std::string& stderr_text);

}  // namespace hopcheck::nginx
