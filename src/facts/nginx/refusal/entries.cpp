// Entries of map, geo and split_clients: no directives, yet nginx has rules for them.
#include <algorithm>

#include "facts/nginx/letters.h"
#include "facts/nginx/refusal/judge.h"
#include "facts/nginx/refusal/url.h"
#include "facts/nginx/refusal/values.h"

namespace hopcheck::nginx {

namespace {

std::string with_text(const char* what, std::string_view text) {
  return std::string(what) + " \"" + std::string(text) + "\"";
}

/// "12.5%", of two decimals at most and more than nothing.
bool is_percent(std::string_view text) {
  if (!text.ends_with('%')) return false;
  text.remove_suffix(1);
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view decimals = text.substr(std::min(dot + 1, text.size()));
  const std::string digits = std::string(text.substr(0, dot)) + std::string(decimals);
  return decimals.size() <= 2 && parse_decimal(digits).value_or(0) > 0;
}

}  // namespace

void Judge::take_raw(std::uint32_t index) {
  const Node& node = config_.nodes[index];
  const std::string_view name = config_.name(node);
  if (node.block != 0 || name == "include") return;
  const std::string_view around = config_.at(block().node).name();
  if (around == "map") {
    map_entry(name, config_.arguments(node));
  } else if (around == "geo") {
    geo_entry(name, config_.arguments(node));
  } else if (around == "split_clients" && name != "*" && !is_percent(name)) {
    refuse(with_text("invalid percent value", name));
  }
}

void Judge::map_entry(std::string_view name, Arguments words) {
  if (words.empty() && (name == "hostnames" || name == "volatile")) {
    block().hostnames |= name == "hostnames";
    return;
  }
  if (words.size() != 1) return refuse("invalid number of the map parameters");
  const bool http = open_[depth_ - 1].context == context::http;
  if (http && !check_script(words[0])) return;
  if (name == "default") {
    if (block().has_default) return refuse("duplicate default map parameter");
    block().has_default = true;
  } else if (name.starts_with('~')) {
    const bool caseless = name.starts_with("~*");
    if (http) check_regex(name.substr(caseless ? 2 : 1), caseless);
  } else {
    map_key(name);
  }
}

void Judge::map_key(std::string_view name) {
  if (name.starts_with('\\')) name.remove_prefix(1);
  // A wildcard stands for several names; what was a secret may have been anything.
  const bool wild = name.starts_with('.') || name.find('*') != name.npos;
  if ((block().hostnames && wild) || name.find("[redacted]") != name.npos) return;
  std::string key = lower(name);
  if (!block().keys.insert(key).second) refuse(with_text("conflicting parameter", key));
}

void Judge::geo_entry(std::string_view name, Arguments words) {
  if (words.empty() && (name == "ranges" || name == "proxy_recursive" || name == "volatile")) {
    block().ranges |= name == "ranges";
    return;
  }
  if (words.size() != 1) return refuse("invalid number of the geo parameters");
  if (name == "default") return;
  const bool proxy = name == "proxy";
  const std::string_view net = proxy || name == "delete" ? words[0] : name;
  if (!block().ranges || proxy) {
    if (!is_network(net)) refuse(with_text("invalid network", net));
    return;
  }
  const std::size_t dash = net.find('-');
  const bool good =
      dash != net.npos && is_network(net.substr(0, dash)) && is_network(net.substr(dash + 1));
  if (!good) refuse(with_text("invalid range", net));
}

}  // namespace hopcheck::nginx
