// nginx's own small parsers: which texts they take.
#include "facts/nginx/refusal/values.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "facts/nginx/letters.h"

namespace hopcheck::nginx {

namespace {

constexpr long long kMost = std::numeric_limits<long long>::max();

bool is_scaled(std::string_view text, std::string_view units) {
  long long scale = 1;
  const std::size_t unit = text.empty() ? units.npos : units.find(to_lower(text.back()));
  if (unit != units.npos) {
    for (std::size_t i = 0; i <= unit; ++i) scale *= 1024;
    text.remove_suffix(1);
  }
  const auto number = parse_decimal(text);
  return number && *number <= kMost / scale;
}

/// The units of a time, from the largest; each may follow those before it.
enum Step { start, years, months, weeks, days, hours, minutes, seconds_, milliseconds, last };

struct Unit {
  Step step{start};
  long long seconds{1};
};

/// The unit at the head of `rest`, which loses it; nothing where there is none.
std::optional<Unit> take_unit(std::string_view& rest) {
  const char c = rest.front();
  rest.remove_prefix(1);
  switch (c) {
    case 'y':
      return Unit{years, 31536000};
    case 'M':
      return Unit{months, 2592000};
    case 'w':
      return Unit{weeks, 604800};
    case 'd':
      return Unit{days, 86400};
    case 'h':
      return Unit{hours, 3600};
    case 'm':
      if (!rest.starts_with('s')) return Unit{minutes, 60};
      rest.remove_prefix(1);
      return Unit{milliseconds, 1};
    case 's':
      return Unit{seconds_, 1};
    case ' ':
      return Unit{last, 1};
    default:
      return std::nullopt;
  }
}

bool fits(const Unit& unit, Step before, bool seconds) {
  if (unit.step == milliseconds) return !seconds && before < milliseconds;
  // A blank ends a bare number of seconds; years and months begin where the first step allows it.
  if (unit.step == last) return before < seconds_;
  return unit.step > before;
}

std::optional<std::string> refused_words(const Word& word,
                                         std::span<const std::string_view> arguments) {
  for (const std::string_view argument : arguments) {
    bool known = false;
    for (std::string_view rest = word.values; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      known = known || equal_lower(rest.substr(0, end), argument);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (!known) return "invalid value \"" + std::string(argument) + "\"";
  }
  return std::nullopt;
}

bool is_positive_number(std::string_view text) {
  return parse_decimal(text).value_or(0) > 0;
}

bool is_positive_size(std::string_view text) {
  return is_size(text) && text.find_first_of("123456789") != std::string_view::npos;
}

}  // namespace

std::optional<long long> parse_decimal(std::string_view text) {
  long long number = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_size(std::string_view text) {
  return is_scaled(text, "km");
}

bool is_offset(std::string_view text) {
  return is_scaled(text, "kmg");
}

bool is_time(std::string_view text, bool seconds) {
  Step step = seconds ? start : months;
  bool valid = false;
  long long value = 0;
  while (!text.empty()) {
    const char c = text.front();
    if (c >= '0' && c <= '9') {
      if (value > (kMost - 9) / 10) return false;
      value = value * 10 + (c - '0');
      valid = true;
      text.remove_prefix(1);
      continue;
    }
    const auto unit = take_unit(text);
    if (!unit || !fits(*unit, step, seconds)) return false;
    if (value > kMost / 1000 / unit->seconds) return false;
    step = unit->step;
    value = 0;
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return valid && value <= kMost / 1000;
}

std::optional<std::string> refused_value(const Word& word,
                                         std::span<const std::string_view> arguments) {
  if (arguments.empty()) return std::nullopt;
  const std::string_view first = arguments.front();
  const auto invalid = [&](bool good, const char* what) -> std::optional<std::string> {
    if (good) return std::nullopt;
    return "\"" + std::string(word.name) + "\" directive " + what;
  };
  switch (word.value) {
    case Value::any:
    case Value::once:
      return std::nullopt;
    case Value::flag:
      if (equal_lower(first, "on") || equal_lower(first, "off")) return std::nullopt;
      return "invalid value \"" + std::string(first) + "\" in \"" + std::string(word.name) +
             "\" directive, it must be \"on\" or \"off\"";
    case Value::number:
      return invalid(parse_decimal(first).has_value(), "invalid number");
    case Value::size:
      return invalid(is_size(first), "invalid value");
    case Value::offset:
      return invalid(is_offset(first), "invalid value");
    case Value::milliseconds:
      return invalid(is_time(first, false), "invalid value");
    case Value::seconds:
      return invalid(is_time(first, true), "invalid value");
    case Value::buffers:
      return invalid(
          is_positive_number(first) && (arguments.size() < 2 || is_positive_size(arguments[1])),
          "invalid value");
    case Value::one_of:
    case Value::some_of:
      return refused_words(word, arguments);
  }
  return std::nullopt;
}

}  // namespace hopcheck::nginx
