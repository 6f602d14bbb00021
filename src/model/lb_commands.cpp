// The command line tools of load balancers.
#include "hopcheck/lb_commands.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "hopcheck/cite.h"

namespace hopcheck {
namespace {

bool is_elbv2(const LbSettings& lb) {
  return lb.profile.value == "aws-alb" || lb.profile.value == "aws-nlb";
}

std::string change_target_group(const std::string& option, const std::string& value) {
  return fmt::format("aws elbv2 modify-target-group --target-group-arn ARN {} {}", option,
                     shell_quote(value));
}

std::string change_gcp_check(const LbSettings& lb, const std::string& option) {
  return fmt::format("gcloud compute health-checks update {} NAME {}", lb.protocol.value, option);
}

}  // namespace

std::vector<std::string> set_check_path(const LbSettings& lb, const std::string& path) {
  if (is_elbv2(lb)) return {change_target_group("--health-check-path", path)};
  if (lb.profile.value == "gcp")
    return {change_gcp_check(lb, "--request-path=" + shell_quote(path))};
  return {};
}

std::vector<std::string> set_check_timeout(const LbSettings& lb, int seconds) {
  const std::string value = std::to_string(seconds);
  if (is_elbv2(lb)) return {change_target_group("--health-check-timeout-seconds", value)};
  if (lb.profile.value == "gcp") return {change_gcp_check(lb, "--timeout=" + value)};
  return {};
}

std::vector<std::string> set_idle_timeout(const LbSettings& lb, long long seconds) {
  if (lb.profile.value != "aws-alb") return {};
  return {
      fmt::format("aws elbv2 modify-load-balancer-attributes --load-balancer-arn ARN --attributes "
                  "Key=idle_timeout.timeout_seconds,Value={}",
                  seconds)};
}

std::vector<std::string> move_to_port(const LbSettings& lb, int to) {
  if (!is_elbv2(lb)) return {};
  // The port of a target group does not change; that of a target is said when it is registered.
  return {
      fmt::format(
          "aws elbv2 register-targets --target-group-arn ARN --targets Id=THIS-HOST,Port={}", to),
      fmt::format(
          "aws elbv2 deregister-targets --target-group-arn ARN --targets Id=THIS-HOST,Port={}",
          lb.port.value),
      change_target_group("--health-check-port", "traffic-port")};
}

bool can_send_host(const LbSettings& lb) {
  const std::string& profile = lb.profile.value;
  return !profile.starts_with("aws-") && profile != "digitalocean";
}

Fix longer_check_timeout(const LbSettings& lb, double worst_ms) {
  constexpr int kUsualS = 5;
  const int seconds = std::max(kUsualS, static_cast<int>(std::ceil(2 * worst_ms / 1000)));
  Fix fix;
  fix.on = On::lb;
  fix.summary = fmt::format("let the load balancer's health check wait {} s instead of {}", seconds,
                            duration_text(lb.timeout_ms.value));
  const int interval_s = lb.interval_ms.value / 1000;
  if (interval_s > 0 && interval_s <= seconds)
    fix.summary += fmt::format(", and ask less often than that: the interval is {} s", interval_s);
  else
    fix.commands = set_check_timeout(lb, seconds);
  return fix;
}

}  // namespace hopcheck
