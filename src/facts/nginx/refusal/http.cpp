// Directives of server blocks and locations.
#include <algorithm>
#include <array>

#include "facts/nginx/letters.h"
#include "facts/nginx/refusal/judge.h"
#include "facts/nginx/refusal/regex_error.h"
#include "facts/nginx/refusal/values.h"

namespace hopcheck::nginx {

namespace {

bool starts_redirect(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

// What was a secret may have been anything.
constexpr std::string_view kRedacted = "[redacted]";

std::string invalid_parameter(std::string_view word) {
  return "invalid parameter \"" + std::string(word) + "\"";
}

std::string invalid_value(std::string_view word) {
  return "invalid value \"" + std::string(word) + "\"";
}

/// What nginx says of the variables in a text that it compiles; "" where nothing. `use` takes
/// their names.
template <class Use>
std::string refused_script(std::string_view text, Use&& use) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') continue;
    if (++i == text.size()) return "invalid variable name";
    if (text[i] >= '1' && text[i] <= '9') continue;
    const bool bracket = text[i] == '{';
    if (bracket && ++i == text.size()) return "invalid variable name";
    const std::size_t begin = i;
    while (i < text.size() && is_name_char(text[i])) ++i;
    const std::string_view name = text.substr(begin, i - begin);
    if (bracket && (i == text.size() || text[i] != '}')) {
      return "the closing bracket in \"" + std::string(name) + "\" variable is missing";
    }
    if (name.empty()) return "invalid variable name";
    use(name);
    if (!bracket) --i;
  }
  return {};
}

}  // namespace

bool Judge::check_script(std::string_view text) {
  // The same bytes again: a snippet that is included in many places.
  const char*& recent = recent_[(reinterpret_cast<std::uintptr_t>(text.data()) / 8) % kRecent];
  if (recent == text.data() && !text.empty()) return true;
  std::string message = refused_script(text, [&](std::string_view name) { use_variable(name); });
  if (message.empty()) {
    recent = text.data();
    return true;
  }
  refuse(std::move(message));
  return false;
}

bool Judge::check_regex(std::string_view pattern, bool caseless) {
  if (pattern.find(kRedacted) != pattern.npos) return true;
  const auto [known, first] = regexes_[caseless ? 1 : 0].try_emplace(pattern);
  if (first) known->second = regex_error(pattern, caseless);
  if (!known->second) return true;
  refuse(*known->second);
  return false;
}

/// nginx looks at these once it has read all of http {}, and only where they are in force.
void Judge::late_script(Arguments) {
  late_.push_back({index_, block().context == context::http});
}

/// "allow" and "deny".
void Judge::access_rule(Arguments words) {
  if (words[0] != "all" && words[0] != "unix:" && !is_network(words[0]))
    refuse(invalid_parameter(words[0]));
}

/// One argument is a text with variables.
void Judge::script(Arguments words) {
  const std::size_t at = word().name == "auth_basic" ? 0 : 1;
  if (check_script(words[at]) && word().name == "add_header" && words.size() == 3 &&
      words[2] != "always") {
    refuse(invalid_parameter(words[2]));
  }
}

void Judge::server_name(Arguments words) {
  for (const std::string_view name : words) {
    const bool star = name.starts_with('*') && (name.size() < 3 || name[1] != '.');
    if (star || name == ".") return refuse("server name \"" + std::string(name) + "\" is invalid");
    if (!name.starts_with('~')) continue;
    if (name.size() == 1) return refuse("empty regex in server name \"~\"");
    const bool upper =
        std::any_of(name.begin(), name.end(), [](char c) { return c != to_lower(c); });
    if (!check_regex(name.substr(1), upper)) return;
  }
}

std::string Judge::message_of_place(std::string_view what, const Place& place) const {
  return "location \"" + std::string(what) + "\" cannot be inside the " +
         (place.exact ? "exact" : "named") + " location \"" + std::string(place.name) + "\"";
}

void Judge::location(Arguments words) {
  Place place;
  place.name = words.back();
  bool caseless = false;
  std::string_view modifier = words.size() == 2 ? words.front() : std::string_view{};
  if (words.size() == 1) {
    for (const std::string_view glued : {"=", "^~", "~*", "~"}) {
      if (!modifier.empty() || !place.name.starts_with(glued)) continue;
      modifier = glued;
      place.name.remove_prefix(glued.size());
    }
    place.named = modifier.empty() && place.name.starts_with('@');
  }
  if (modifier == "=") {
    place.exact = true;
  } else if (modifier == "~" || modifier == "~*") {
    place.regex = true;
    caseless = modifier == "~*";
  } else if (!modifier.empty() && modifier != "^~") {
    return refuse("invalid location modifier \"" + std::string(modifier) + "\"");
  } else if (words.size() == 2 && modifier.empty()) {
    return refuse("invalid location modifier \"\"");
  }
  if (place.regex && !check_regex(place.name, caseless)) return;
  if (!check_place(place)) return;
  place_ = place;
  const bool readable = place.name.find(kRedacted) == place.name.npos;
  if (!place.regex && !place.named && readable)
    block().locations.push_back({place.name, place.exact, index_});
}

/// Whether it may stand inside the location around it.
bool Judge::check_place(const Place& place) {
  if (block().context != context::location) return true;
  const Place& around = block().place;
  const std::string name(place.name);
  if (around.exact || around.named) {
    refuse(message_of_place(name, around));
  } else if (place.named) {
    refuse("named location \"" + name + "\" can be on the server level only");
  } else if (!place.regex && !place.name.starts_with(around.name)) {
    refuse("location \"" + name + "\" is outside location \"" + std::string(around.name) + "\"");
  } else {
    return true;
  }
  return false;
}

void Judge::return_(Arguments words) {
  const auto status = parse_decimal(words.front());
  const bool redirect = !status && words.size() == 1 && starts_redirect(words.front());
  if (!redirect && (!status || *status > 999))
    return refuse("invalid return code \"" + std::string(words.front()) + "\"");
  check_script(words.back());
}

void Judge::rewrite(Arguments words) {
  if (words[1].empty()) return refuse("empty replacement");
  if (!check_regex(words[0], false)) return;
  static constexpr std::array<std::string_view, 4> kFlags{"last", "break", "redirect", "permanent"};
  if (words.size() == 3 && std::find(kFlags.begin(), kFlags.end(), words[2]) == kFlags.end())
    return refuse(invalid_parameter(words[2]));
  check_script(words[1]);
}

void Judge::set(Arguments words) {
  if (!words[0].starts_with('$'))
    return refuse("invalid variable name \"" + std::string(words[0]) + "\"");
  if (check_new_variable(words[0])) check_script(words[1]);
}

void Judge::condition(Arguments words) {
  const auto invalid = [&](std::string_view word) {
    refuse("invalid condition \"" + std::string(word) + "\"");
  };
  std::vector<std::string_view> parts(words.begin(), words.end());
  if (!parts.front().starts_with('(')) return invalid(parts.front());
  const std::size_t first = parts.front() == "(" ? 1 : 0;
  if (first == 0) parts.front().remove_prefix(1);
  if (!parts.back().ends_with(')')) return invalid(parts.back());
  std::size_t count = parts.size() - first;  // nginx leaves a parenthesis that stands alone
  if (parts.back() == ")") {
    --count;
  } else {
    parts.back().remove_suffix(1);
  }
  if (first == parts.size()) return invalid("(");
  const std::string_view subject = parts[first];
  if (subject.size() > 1 && subject.front() == '$') {
    if (count != 1 && count != 3) return invalid(subject);
    use_variable(subject.substr(1));
    if (count == 1) return;
    const std::string_view sign = parts[first + 1];
    const std::string_view value = parts[first + 2];
    if (sign == "=" || sign == "!=") {
      check_script(value);
    } else if (sign == "~" || sign == "~*" || sign == "!~" || sign == "!~*") {
      check_regex(value, sign.ends_with('*'));
    } else {
      refuse("unexpected \"" + std::string(sign) + "\" in condition");
    }
    return;
  }
  const std::string_view test = subject.starts_with('!') ? subject.substr(1) : subject;
  const bool known = test == "-f" || test == "-d" || test == "-e" || test == "-x";
  if (!known || count != 2) return invalid(subject);
  check_script(parts[first + 1]);
}

void Judge::error_page(Arguments words) {
  std::size_t codes = words.size() - 1;
  const std::string_view answer = words[codes - 1];
  if (answer.starts_with('=')) {
    if (codes == 1 || (answer.size() > 1 && !parse_decimal(answer.substr(1))))
      return refuse(invalid_value(answer));
    --codes;
  }
  if (!check_script(words.back())) return;
  for (const std::string_view word : words.first(codes)) {
    const auto code = parse_decimal(word);
    if (!code || *code == 499) return refuse(invalid_value(word));
    if (*code < 300 || *code > 599)
      return refuse("value \"" + std::string(word) + "\" must be between 300 and 599");
  }
}

void Judge::root(Arguments words) {
  const bool alias = word().name == "alias";
  Block& here = block();
  if (alias ? here.has_alias : here.has_root) return refuse(quoted() + " directive is duplicate");
  if (here.has_alias || here.has_root) {
    return refuse(quoted() + " directive is duplicate, \"" + (alias ? "root" : "alias") +
                  "\" directive was specified earlier");
  }
  (alias ? here.has_alias : here.has_root) = true;
  if (alias && here.place.named) {
    return refuse("the \"alias\" directive cannot be used inside the named location");
  }
  if (words[0].find("_root") == words[0].npos) {
    check_script(words[0]);
    return;
  }
  for (const std::string_view name : {"document_root", "realpath_root"}) {
    const std::string bare = "$" + std::string(name);
    const std::string braced = "${" + std::string(name) + "}";
    if (words[0].find(bare) != words[0].npos || words[0].find(braced) != words[0].npos) {
      return refuse("the " + bare + " variable cannot be used in the " + quoted() + " directive");
    }
  }
  check_script(words[0]);
}

void Judge::try_files(Arguments words) {
  for (const std::string_view word : words) {
    if (!check_script(word)) return;
  }
  const std::string_view last = words.back();
  if (!last.starts_with('=')) return;
  const auto code = parse_decimal(last.substr(1));
  if (!code || *code > 999) refuse("invalid code \"" + std::string(last) + "\"");
}

/// map, geo, split_clients: the last word is a variable.
void Judge::define(Arguments words) {
  if (words.size() == 2 && word().name != "geo" && !check_script(words[0])) return;
  if (!words.back().starts_with('$'))
    return refuse("invalid variable name \"" + std::string(words.back()) + "\"");
  if (words.size() == 2 && word().name == "geo" && !words[0].starts_with('$'))
    return refuse("invalid variable name \"" + std::string(words[0]) + "\"");
  check_new_variable(words.back());
}

/// Its groups are no variables, whatever their names.
void Judge::split_path(Arguments words) {
  if (words[0].find("(?") == words[0].npos) check_regex(words[0], false);
}

void Judge::proxy_redirect(Arguments words) {
  if (words.size() == 1 && words[0] != "off" && words[0] != "default")
    refuse(invalid_parameter(words[0]));
}

void Judge::keepalive_timeout(Arguments words) {
  const bool good = is_time(words[0], false) && (words.size() < 2 || is_time(words[1], true));
  if (!good) refuse(quoted() + " directive invalid value");
}

void Judge::worker_processes(Arguments words) {
  const bool good = words[0] == "auto" || parse_decimal(words[0]);
  if (!good) refuse(quoted() + " directive invalid value");
}

}  // namespace hopcheck::nginx
