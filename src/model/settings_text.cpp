// Settings as one answer of a recording.
#include "model/settings_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "host/host.h"

namespace hopcheck {
namespace {

// Every setting by its name: one list for writing, reading and merging.
template <class AnyTarget, class Visit>
void each_setting(AnyTarget& target, Visit&& visit) {
  visit("lb.profile", target.lb.profile);
  visit("lb.sources", target.lb.sources);
  visit("lb.idle_timeout", target.lb.idle_timeout_ms);
  visit("lb.proxies", target.lb.proxies);
  visit("lb.protocol", target.lb.protocol);
  visit("lb.port", target.lb.port);
  visit("lb.path", target.lb.path);
  visit("lb.host", target.lb.host);
  visit("lb.timeout", target.lb.timeout_ms);
  visit("lb.interval", target.lb.interval_ms);
  visit("lb.healthy_threshold", target.lb.healthy_threshold);
  visit("lb.unhealthy_threshold", target.lb.unhealthy_threshold);
  visit("lb.codes", target.lb.codes);
  visit("site.url", target.site.url);
  visit("app.server", target.app.server);
  visit("app.unit", target.app.unit);
  visit("app.directory", target.app.directory);
}

constexpr std::array<const char*, 5> kFrom = {"default", "observation", "export", "config", "flag"};

From parse_from(const std::string& word) {
  const auto found = std::find(kFrom.begin(), kFrom.end(), word);
  if (found == kFrom.end()) throw std::invalid_argument("no origin of a setting: " + word);
  return static_cast<From>(found - kFrom.begin());
}

int parse_int(const std::string& word) {
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size()) {
    throw std::invalid_argument("not a number: " + word);
  }
  return value;
}

std::string text_of(const std::string& value) {
  return value;
}
std::string text_of(int value) {
  return std::to_string(value);
}
std::string text_of(const StatusCodes& value) {
  return value.text;
}
std::string text_of(const std::vector<std::string>& value) {
  return fmt::format("{}", fmt::join(value, ","));
}
std::string text_of(const std::optional<std::string>& value) {
  return value ? "is:" + *value : "none";
}

void parse_into(std::string& value, const std::string& text) {
  value = text;
}
void parse_into(int& value, const std::string& text) {
  value = parse_int(text);
}
void parse_into(StatusCodes& value, const std::string& text) {
  value = parse_codes(text);
}
void parse_into(std::vector<std::string>& value, const std::string& text) {
  value.clear();
  for (std::size_t begin = 0; begin < text.size();) {
    const auto comma = std::min(text.find(',', begin), text.size());
    value.push_back(text.substr(begin, comma - begin));
    begin = comma + 1;
  }
}
void parse_into(std::optional<std::string>& value, const std::string& text) {
  value.reset();
  if (text.rfind("is:", 0) == 0) value = text.substr(3);
}

Target& target_named(std::vector<Target>& targets, const std::string& name) {
  for (auto& target : targets) {
    if (target.name == name) return target;
  }
  targets.emplace_back().name = name;
  return targets.back();
}

void read_line(std::vector<Target>& targets, const std::string& line) {
  const auto words = split_words(line);
  if (words.size() != 5 && !(words.size() == 4 && words[1] == "probe")) {
    throw std::invalid_argument("a setting has five words: " + line);
  }
  Target& target = target_named(targets, words[0]);
  if (words[1] == "probe") {
    target.lb.method = words[2];
    target.lb.user_agent = words[3];
    return;
  }
  bool known = false;
  each_setting(target, [&](const char* name, auto& setting) {
    if (words[1] != name) return;
    parse_into(setting.value, words[2]);
    setting.from = parse_from(words[3]);
    setting.source = words[4];
    known = true;
  });
  if (!known) throw std::invalid_argument("no such setting: " + words[1]);
}

}  // namespace

std::string encode_settings(const std::vector<Target>& targets) {
  std::string text;
  for (const auto& target : targets) {
    each_setting(target, [&](const char* name, const auto& setting) {
      text += join_words({target.name, name, text_of(setting.value),
                          kFrom[static_cast<std::size_t>(setting.from)], setting.source});
      text += '\n';
    });
    text += join_words({target.name, "probe", target.lb.method, target.lb.user_agent}) + '\n';
  }
  return text;
}

std::vector<Target> decode_settings(const std::string& text) {
  std::vector<Target> targets;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    read_line(targets, text.substr(begin, end - begin));
    begin = end + 1;
  }
  if (targets.empty()) throw std::invalid_argument("no settings");
  return targets;
}

std::vector<Target> with_flags(std::vector<Target> recorded, const std::vector<Target>& given) {
  for (const auto& from : given) {
    Target& into = recorded.size() == 1 ? recorded.front() : target_named(recorded, from.name);
    each_setting(from, [&](const char* name, const auto& setting) {
      if (setting.from != From::flag) return;
      const std::string text = text_of(setting.value);
      each_setting(into, [&](const char* other, auto& mine) {
        if (std::string_view(name) != other) return;
        parse_into(mine.value, text);
        mine.from = From::flag;
        mine.source = setting.source;
      });
    });
    if (from.lb.profile.from == From::flag) {
      into.lb.method = from.lb.method;
      into.lb.user_agent = from.lb.user_agent;
    }
  }
  return recorded;
}

StatusCodes parse_codes(const std::string& text) {
  StatusCodes codes{text, {}};
  const auto one = [&](const std::string& word) {
    const int code = parse_int(word);
    if (code < 100 || code > 599) throw std::invalid_argument("no HTTP status: " + word);
    return code;
  };
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto comma = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, comma - begin);
    const auto dash = part.find('-');
    const int low = one(part.substr(0, dash));
    const int high = dash == std::string::npos ? low : one(part.substr(dash + 1));
    if (high < low) throw std::invalid_argument("a range runs upwards: " + part);
    codes.ranges.emplace_back(low, high);
    begin = comma + 1;
  }
  return codes;
}

}  // namespace hopcheck
