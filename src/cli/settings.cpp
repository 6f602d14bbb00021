// From profile, configuration file and flags to the targets of a run.
#include "cli/settings.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "cli/profiles.h"
#include "cli/values.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr int kHttpsPort = 443;

template <class T>
void overlay(Setting<T>& weak, const Setting<T>& strong) {
  if (strong.from != From::default_) weak = strong;
}

LbSettings complete(const LbSettings& given) {
  const std::string profile =
      given.profile.from == From::default_ ? "generic" : given.profile.value;
  LbSettings lb = profile_settings(profile);
  overlay(lb.profile, given.profile);
  overlay(lb.sources, given.sources);
  overlay(lb.idle_timeout_ms, given.idle_timeout_ms);
  overlay(lb.proxies, given.proxies);
  overlay(lb.protocol, given.protocol);
  overlay(lb.port, given.port);
  overlay(lb.path, given.path);
  overlay(lb.host, given.host);
  overlay(lb.timeout_ms, given.timeout_ms);
  overlay(lb.interval_ms, given.interval_ms);
  overlay(lb.healthy_threshold, given.healthy_threshold);
  overlay(lb.unhealthy_threshold, given.unhealthy_threshold);
  overlay(lb.codes, given.codes);
  if (lb.protocol.value == "https" && lb.port.assumed()) lb.port.value = kHttpsPort;
  return lb;
}

template <class T, class Parse>
void set(Setting<T>& setting, const char* flag, const std::optional<std::string>& text,
         Parse&& parse) {
  if (text) setting = {parse(flag, *text), From::flag, flag};
}

void apply_flags(Target& target, const Options& o) {
  LbSettings& lb = target.lb;
  set(lb.profile, "--lb-profile", o.lb_profile,
      [](const std::string& flag, const std::string& text) {
        return parse_word(flag, text, profile_names());
      });
  set(lb.port, "--lb-port", o.lb_port, parse_port);
  set(lb.path, "--lb-path", o.lb_path, parse_url_path);
  set(lb.host, "--lb-host", o.lb_host, parse_host);
  set(lb.timeout_ms, "--lb-timeout", o.lb_timeout, parse_duration);
  set(lb.idle_timeout_ms, "--lb-idle-timeout", o.lb_idle_timeout, parse_duration);
  set(lb.codes, "--lb-codes", o.lb_codes, parse_status_codes);
  set(target.site.url, "--url", o.url, parse_url);
  if (o.lb_sources.empty()) return;
  std::vector<std::string> sources;
  for (const auto& source : o.lb_sources) sources.push_back(parse_network("--lb-source", source));
  lb.sources = {std::move(sources), From::flag, "--lb-source"};
}

/// The first flag that speaks of one target, "" where there is none.
std::string target_flag(const Options& o) {
  const std::pair<const char*, bool> flags[] = {
      {"--lb-profile", o.lb_profile.has_value()},
      {"--lb-port", o.lb_port.has_value()},
      {"--lb-path", o.lb_path.has_value()},
      {"--lb-host", o.lb_host.has_value()},
      {"--lb-timeout", o.lb_timeout.has_value()},
      {"--lb-idle-timeout", o.lb_idle_timeout.has_value()},
      {"--lb-codes", o.lb_codes.has_value()},
      {"--lb-source", !o.lb_sources.empty()},
      {"--url", o.url.has_value()}};
  for (const auto& [flag, given] : flags) {
    if (given) return flag;
  }
  return {};
}

}  // namespace

void require_one_target(const std::vector<Target>& targets, const Options& options) {
  const std::string flag = target_flag(options);
  if (targets.size() < 2 || flag.empty()) return;
  throw UsageError(flag,
                   fmt::format("there are {} targets; name one with --target", targets.size()));
}

std::vector<Target> chosen(std::vector<Target> targets, const Options& options) {
  if (!options.target) return targets;
  std::vector<std::string> names;
  for (auto& target : targets) {
    if (target.name == *options.target) return {std::move(target)};
    names.push_back(target.name);
  }
  throw UsageError("--target", fmt::format("no target is called '{}'{}", *options.target,
                                           did_you_mean(*options.target, names)));
}

std::vector<Target> targets_of(const Config& config, const Options& options) {
  auto targets = chosen(config.targets, options);
  require_one_target(targets, options);
  for (auto& target : targets) {
    apply_flags(target, options);
    target.lb = complete(target.lb);
  }
  return targets;
}

}  // namespace hopcheck::cli
