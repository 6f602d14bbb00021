// LB settings as the report tells them: value, how it is known, and where.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/report.h"

namespace hopcheck {
namespace {

using nlohmann::json;

template <class T>
ReportedSetting entry(const std::string& name, const Setting<T>& setting, const json& value,
                      std::string text) {
  return {name, value.dump(-1, ' ', false, json::error_handler_t::replace), std::move(text),
          setting.from, setting.source};
}

ReportedSetting word(const std::string& name, const Setting<std::string>& setting) {
  return entry(name, setting, setting.value, setting.value);
}

ReportedSetting number(const std::string& name, const Setting<int>& setting) {
  return entry(name, setting, setting.value, std::to_string(setting.value));
}

ReportedSetting duration(const std::string& name, const Setting<int>& setting) {
  const int ms = setting.value;
  const std::string text = ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
  return entry(name, setting, text, text);
}

}  // namespace

std::vector<ReportedSetting> reported_settings(const LbSettings& lb) {
  const auto& host = lb.host.value;
  return {
      word("profile", lb.profile),
      entry("sources", lb.sources, lb.sources.value,
            fmt::format("{}", fmt::join(lb.sources.value, ", "))),
      duration("idle_timeout", lb.idle_timeout_ms),
      number("proxies", lb.proxies),
      word("protocol", lb.protocol),
      number("port", lb.port),
      word("path", lb.path),
      entry("host", lb.host, host ? json(*host) : json(nullptr), host ? *host : "its own address"),
      duration("timeout", lb.timeout_ms),
      duration("interval", lb.interval_ms),
      number("healthy_threshold", lb.healthy_threshold),
      number("unhealthy_threshold", lb.unhealthy_threshold),
      entry("codes", lb.codes, lb.codes.value.text, lb.codes.value.text),
  };
}

}  // namespace hopcheck
