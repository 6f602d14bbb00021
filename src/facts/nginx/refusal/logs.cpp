// Directives about logs, and expires.
#include <algorithm>
#include <array>

#include "facts/nginx/letters.h"
#include "facts/nginx/refusal/judge.h"
#include "facts/nginx/refusal/values.h"

namespace hopcheck::nginx {

namespace {

constexpr std::array<std::string_view, 8> kLevels{"emerg", "alert",  "crit", "error",
                                                  "warn",  "notice", "info", "debug"};

std::string quoted_message(const char* what, std::string_view word) {
  return std::string(what) + " \"" + std::string(word) + "\"";
}

/// What nginx says of one of access_log's parameters; "" where nothing.
std::string refused_parameter(std::string_view word) {
  if (word.starts_with("buffer=")) {
    const std::string_view size = word.substr(7);
    const bool zero = size.find_first_of("123456789") == size.npos;
    return !is_size(size) || zero ? quoted_message("invalid buffer size", size) : "";
  }
  if (word.starts_with("flush=")) {
    const std::string_view time = word.substr(6);
    const bool zero = time.find_first_of("123456789") == time.npos;
    return !is_time(time, false) || zero ? quoted_message("invalid flush time", time) : "";
  }
  if (word.starts_with("gzip=")) {
    const auto level = parse_decimal(word.substr(5));
    const bool good = level && *level >= 1 && *level <= 9;
    return good ? "" : quoted_message("invalid compression level", word.substr(5));
  }
  return word == "gzip" || word.starts_with("if=") ? "" : quoted_message("invalid parameter", word);
}

/// What nginx says of the variables in a part of a log format; `use` takes their names.
template <class Use>
std::string refused_format(std::string_view text, Use&& use) {
  for (std::size_t at = text.find('$'); at != text.npos; at = text.find('$', at)) {
    const std::string_view rest = text.substr(at);
    const std::size_t begin = rest.starts_with("${") ? 2 : 1;
    std::size_t end = begin;
    while (end < rest.size() && is_name_char(rest[end])) ++end;
    const std::string_view name = rest.substr(begin, end - begin);
    if (begin == rest.size()) return quoted_message("invalid parameter", rest);
    if (begin == 2 && (end == rest.size() || rest[end] != '}'))
      return "the closing bracket in \"" + std::string(name) + "\" variable is missing";
    if (name.empty()) return quoted_message("invalid parameter", rest);
    use(name);
    at += end;
  }
  return {};
}

}  // namespace

void Judge::error_log(Arguments words) {
  int levels = 0;
  for (const std::string_view word : words.subspan(1)) {
    // Debugging has levels of its own.
    if (word.starts_with("debug_")) return;
    if (std::find(kLevels.begin(), kLevels.end(), word) == kLevels.end())
      return refuse(quoted_message("invalid log level", word));
    if (++levels > 1) return refuse(quoted_message("duplicate log level", word));
  }
}

void Judge::log_format(Arguments words) {
  if (!log_formats_.emplace(words[0]).second || words[0] == "combined")
    return refuse("duplicate \"log_format\" name \"" + std::string(words[0]) + "\"");
  words = words.subspan(1);
  if (words[0].starts_with("escape=")) {
    const std::string_view how = words[0].substr(7);
    if (how != "json" && how != "none" && how != "default")
      return refuse(quoted_message("unknown log format escaping", how));
    words = words.subspan(1);
  }
  for (const std::string_view word : words) {
    std::string message = refused_format(word, [&](std::string_view name) { use_variable(name); });
    if (!message.empty()) return refuse(std::move(message));
  }
}

void Judge::access_log(Arguments words) {
  if (words[0] == "off") {
    if (words.size() > 1) refuse(quoted_message("invalid parameter", words[1]));
    return;
  }
  if (!check_script(words[0])) return;
  if (words.size() < 2) return;
  const auto is_meant = [&](std::string_view name) { return equal_lower(name, words[1]); };
  if (!is_meant("combined") && whole() &&
      std::none_of(log_formats_.begin(), log_formats_.end(), is_meant))
    return refuse(quoted_message("unknown log format", words[1]));
  for (const std::string_view word : words.subspan(2)) {
    std::string message = refused_parameter(word);
    if (!message.empty()) return refuse(std::move(message));
  }
}

void Judge::expires(Arguments words) {
  const auto invalid = [&](const char* what) { refuse(quoted() + " directive " + what); };
  const bool modified = words.size() == 2;
  if (modified && words[0] != "modified") return invalid("invalid value");
  std::string_view time = words.back();
  if (time.find('$') != time.npos) {
    check_script(time);
    return;
  }
  if (!modified && (time == "epoch" || time == "max" || time == "off")) return;
  if (time.starts_with('@') && modified)
    return invalid("daily time cannot be used with \"modified\" parameter");
  if (time.starts_with('@') || time.starts_with('+') || time.starts_with('-'))
    time.remove_prefix(1);
  if (!is_time(time, true)) invalid("invalid value");
}

}  // namespace hopcheck::nginx
