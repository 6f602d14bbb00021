// Where requests are passed to.
#include <algorithm>
#include <array>

#include "facts/nginx/letters.h"
#include "facts/nginx/refusal/judge.h"
#include "facts/nginx/refusal/url.h"
#include "facts/nginx/refusal/values.h"

namespace hopcheck::nginx {

namespace {

constexpr const char* kNoUri =
    "\"proxy_pass\" cannot have URI part in location given by regular expression, or inside named "
    "location, or inside \"if\" statement, or inside \"limit_except\" block";

/// What nginx says of a parameter of a server in an upstream; "" where nothing.
std::string refused_parameter(std::string_view word) {
  static constexpr std::array<std::string_view, 6> kKnown{"backup",  "down",   "drain",
                                                          "resolve", "route=", "service="};
  const bool known = std::any_of(kKnown.begin(), kKnown.end(), [&](std::string_view name) {
    return name.ends_with('=') ? word.starts_with(name) : word == name;
  });
  const auto value = [&] { return word.substr(word.find('=') + 1); };
  const bool good = known ||
                    (word.starts_with("weight=") && parse_decimal(value()).value_or(0) > 0) ||
                    (word.starts_with("max_conns=") && parse_decimal(value())) ||
                    (word.starts_with("max_fails=") && parse_decimal(value())) ||
                    (word.starts_with("fail_timeout=") && is_time(value(), true)) ||
                    // Of nginx Plus.
                    word.starts_with("slow_start=");
  return good ? "" : "invalid parameter \"" + std::string(word) + "\"";
}

}  // namespace

/// Those that a place may be the same as, in the order in which they were named. Of many ports of
/// one host only the same one, or the first, can be.
std::vector<std::size_t> Judge::passed_like(const std::string& host, int port) const {
  std::vector<std::size_t> like;
  const auto [from, to] = passed_without_port_.equal_range(host);
  for (auto one = from; one != to; ++one) like.push_back(one->second);
  const auto ported = passed_with_port_.find(host);
  if (ported != passed_with_port_.end()) {
    const auto& ports = ported->second;
    const auto same = port == 0 ? ports.end() : ports.find(port);
    if (same != ports.end()) like.push_back(same->second);
    if (port == 0) like.push_back(first_with_port_.at(host));
  }
  std::sort(like.begin(), like.end());
  return like;
}

void Judge::index_passed(const std::string& host, std::size_t number) {
  const int port = passed_[number].port;
  if (port == 0 || passed_[number].declared) {
    passed_without_port_.emplace(host, number);
  } else {
    passed_with_port_[host].emplace(port, number);
    first_with_port_.emplace(host, number);
  }
}

/// Adds a place that something passes on to; null after a refusal.
Passed* Judge::add_passed(Url url) {
  const std::string host = lower(url.is_unix ? url.address : url.host);
  const bool here = config_.at(index_).name() == "upstream";
  for (const std::size_t number : passed_like(host, here ? 0 : url.port)) {
    Passed& passed = passed_[number];
    const std::string name = "upstream \"" + (here ? url.host : passed.host);
    if (here && passed.declared) {
      refuse("duplicate " + name + "\"");
      return nullptr;
    }
    if (passed.declared && url.has_port) {
      refuse("upstream \"" + url.host + "\" may not have port " + std::to_string(url.port));
      return nullptr;
    }
    if (here && passed.has_port) {
      Problem problem =
          problem_at(passed.node, name + "\" may not have port " + std::to_string(passed.port));
      refuse_at(index_, std::move(problem));
      return nullptr;
    }
    if (passed.port != 0 && url.port != 0 && passed.port != url.port) continue;
    if (here) {
      passed.declared = true;
      passed_without_port_.emplace(host, number);
    }
    return &passed;
  }
  Passed passed;
  passed.host = url.host;
  passed.port = url.port;
  passed.has_port = url.has_port;
  passed.declared = here;
  passed.node = index_;
  passed.url = std::move(url);
  passed_.push_back(std::move(passed));
  index_passed(host, passed_.size() - 1);
  return &passed_.back();
}

void Judge::upstream(Arguments words) {
  Url url;
  url.host = words[0];
  add_passed(std::move(url));
}

void Judge::upstream_method(Arguments) {
  block().no_backup = true;
}

void Judge::upstream_server(Arguments words) {
  ++block().members;
  for (const std::string_view word : words.subspan(1)) {
    std::string message = refused_parameter(word);
    if (word == "backup" && block().no_backup)
      message = "balancing method does not support parameter \"backup\"";
    if (!message.empty()) return refuse(std::move(message));
  }
  UrlRules rules;
  rules.default_port = 80;
  const Url url = parse_url(words[0], rules);
  if (!url.error.empty()) refuse(url.error + " in upstream \"" + std::string(words[0]) + "\"");
}

/// fastcgi_pass and its like: an address, with or without a scheme of its own.
void Judge::pass_on(Arguments words) {
  std::string_view text = words[0];
  if (text.find('$') != text.npos) {
    check_script(text);
    return;
  }
  for (const std::string_view scheme : {"uwsgi://", "suwsgi://", "grpc://", "grpcs://"}) {
    const bool own = scheme.substr(scheme.starts_with('s') ? 1 : 0, 4) == word().name.substr(0, 4);
    if (!own || !starts_with_lower(text, scheme)) continue;
    text.remove_prefix(scheme.size());
    break;
  }
  Url url = parse_url(text, {});
  if (!url.error.empty()) return refuse(url.error + " in upstream \"" + std::string(text) + "\"");
  add_passed(std::move(url));
}

void Judge::proxy_pass(Arguments words) {
  std::string_view text = words[0];
  if (text.find('$') != text.npos) {
    check_script(text);
    return;
  }
  UrlRules rules;
  rules.uri_part = true;
  if (starts_with_lower(text, "http://")) {
    rules.default_port = 80;
    text.remove_prefix(7);
  } else if (starts_with_lower(text, "https://")) {
    rules.default_port = 443;
    text.remove_prefix(8);
  } else {
    return refuse("invalid URL prefix");
  }
  Url url = parse_url(text, rules);
  if (!url.error.empty()) return refuse(url.error + " in upstream \"" + std::string(text) + "\"");
  const bool has_uri = url.has_uri;
  if (add_passed(std::move(url)) == nullptr) return;
  const Place& place = block().place;
  if (has_uri && (place.named || place.regex || place.noname)) refuse(kNoUri);
}

}  // namespace hopcheck::nginx
