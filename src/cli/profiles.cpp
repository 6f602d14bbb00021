// Reads data/lb_profiles.toml, which is part of the program. A fault in it is our own: it throws.
#include "cli/profiles.h"

#include <stdexcept>
#include <string_view>

#include "cli/toml.h"
#include "cli/values.h"

namespace hopcheck::embedded {
extern const std::string_view lb_profiles;
}

namespace hopcheck::cli {
namespace {

const toml::table& all_profiles() {
  static const toml::table table = toml::parse(embedded::lb_profiles);
  return table;
}

/// One profile while it is read.
class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name), profile_(all_profiles()[name]) {}

  template <class T>
  T get(std::string_view path) const {
    const auto value = profile_.at_path(path).value<T>();
    if (!value) throw std::logic_error("LB profile " + name_ + " lacks " + std::string(path));
    return *value;
  }
  int duration(std::string_view path) const {
    return parse_duration(name_, get<std::string>(path));
  }
  std::vector<std::string> texts(std::string_view path) const {
    std::vector<std::string> all;
    const auto* array = profile_.at_path(path).as_array();
    if (array == nullptr)
      throw std::logic_error("LB profile " + name_ + " lacks " + std::string(path));
    for (const auto& item : *array)
      all.push_back(parse_network(name_, item.value_or(std::string())));
    return all;
  }

 private:
  std::string name_;
  toml::node_view<const toml::node> profile_;
};

}  // namespace

const std::vector<std::string>& profile_names() {
  static const std::vector<std::string> names = {
      "aws-alb",    "aws-nlb",    "aws-clb", "gcp",   "azure",  "digitalocean",
      "cloudflare", "kubernetes", "haproxy", "nginx", "generic"};
  return names;
}

LbSettings profile_settings(const std::string& name) {
  const Reader reader(name);
  const auto assumed = [source = "profile " + name](auto value) {
    return Setting<decltype(value)>{std::move(value), From::default_, source};
  };
  const auto number = [&](std::string_view path) { return assumed(reader.get<int>(path)); };
  const auto word = [&](std::string_view path) { return assumed(reader.get<std::string>(path)); };
  const auto time = [&](std::string_view path) { return assumed(reader.duration(path)); };
  LbSettings lb;
  lb.profile = assumed(name);
  lb.sources = assumed(reader.texts("sources"));
  lb.idle_timeout_ms = time("idle_timeout");
  lb.proxies = number("proxies");
  lb.protocol = word("health_check.protocol");
  lb.port = number("health_check.port");
  lb.path = word("health_check.path");
  std::optional<std::string> host;
  if (reader.get<std::string>("probe.host") == "none") host = "";
  lb.host = assumed(host);
  lb.timeout_ms = time("health_check.timeout");
  lb.interval_ms = time("health_check.interval");
  lb.healthy_threshold = number("health_check.healthy_threshold");
  lb.unhealthy_threshold = number("health_check.unhealthy_threshold");
  lb.codes = assumed(parse_status_codes(name, reader.get<std::string>("health_check.codes")));
  lb.method = reader.get<std::string>("probe.method");
  lb.user_agent = reader.get<std::string>("probe.user_agent");
  return lb;
}

}  // namespace hopcheck::cli
