// What a user may type as a value.
#include "cli/values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "model/settings_text.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr std::size_t kLongestShown = 60;

[[noreturn]] void wrong(const std::string& where, const std::string& expected,
                        const std::string& text) {
  const bool whole = text.size() <= kLongestShown;
  throw UsageError(where, fmt::format("expected {}, not '{}{}'", expected,
                                      text.substr(0, kLongestShown), whole ? "" : "..."));
}

template <class Number>
bool whole_number(std::string_view text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// Milliseconds of a unit, 0 where it is none.
double unit_ms(std::string_view unit) {
  if (unit.empty() || unit == "s") return 1000;
  if (unit == "ms") return 1;
  if (unit == "m") return 60'000;
  return unit == "h" ? 3'600'000 : 0;
}

bool has_blank_or_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

}  // namespace

int parse_duration(const std::string& where, const std::string& text) {
  const std::string expected = "a duration such as 500ms, 5s, 2m or 1h";
  const auto unit_at = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const double unit = unit_ms(std::string_view(text).substr(unit_at));
  if (unit_at == 0 || unit == 0 ||
      !whole_number(std::string_view(text).substr(0, unit_at), number)) {
    wrong(where, expected, text);
  }
  const double ms = number * unit;
  if (!(ms <= std::numeric_limits<int>::max())) wrong(where, "a duration of at most 24 days", text);
  if (ms < 1) wrong(where, "a duration of at least 1ms", text);
  return static_cast<int>(ms + 0.5);
}

int parse_port(const std::string& where, const std::string& text) {
  int port = 0;
  if (!whole_number(text, port) || port < 1 || port > 65535)
    wrong(where, "a port from 1 to 65535", text);
  return port;
}

std::string parse_network(const std::string& where, const std::string& text) {
  const std::string expected = "a network such as 10.0.0.0/8";
  const auto slash = text.find('/');
  const std::string address = text.substr(0, slash);
  std::array<unsigned char, 16> bytes{};
  const bool v4 = inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (!v4 && inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) wrong(where, expected, text);
  if (address.find('\0') != std::string::npos) wrong(where, expected, text);
  const int most = v4 ? 32 : 128;
  if (slash == std::string::npos) return fmt::format("{}/{}", address, most);
  int length = 0;
  if (!whole_number(std::string_view(text).substr(slash + 1), length) || length < 0 ||
      length > most) {
    wrong(where, fmt::format("a prefix length of 0 to {}", most), text);
  }
  return text;
}

StatusCodes parse_status_codes(const std::string& where, const std::string& text) {
  try {
    return parse_codes(text);
  } catch (const std::invalid_argument&) {
    wrong(where, "status codes such as \"200\", \"200-399\" or \"200,301\"", text);
  }
}

std::string parse_url_path(const std::string& where, const std::string& text) {
  if (text.empty() || text.front() != '/' || has_blank_or_control(text)) {
    wrong(where, "a path that begins with / and holds no blank", text);
  }
  return text;
}

std::string parse_host(const std::string& where, const std::string& text) {
  if (has_blank_or_control(text) || text.find('/') != std::string::npos) {
    wrong(where, "a host name, perhaps with a port", text);
  }
  return text;
}

std::string parse_url(const std::string& where, const std::string& text) {
  const auto scheme_end = text.find("://");
  const std::string scheme = text.substr(0, scheme_end);
  const bool http = scheme_end != std::string::npos && (scheme == "http" || scheme == "https");
  const std::string rest = http ? text.substr(scheme_end + 3) : "";
  if (rest.empty() || rest.front() == '/' || has_blank_or_control(text)) {
    wrong(where, "a URL such as https://shop.example.com/", text);
  }
  return text;
}

std::string parse_word(const std::string& where, const std::string& text,
                       const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  const std::string list = fmt::format("{}", fmt::join(words, ", "));
  if (words.size() <= 5) wrong(where, "one of " + list, text);
  throw UsageError(where, fmt::format("'{}' is none of {}{}", text.substr(0, kLongestShown), list,
                                      did_you_mean(text, words)));
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string best = nearest(word, candidates);
  return best.empty() ? "" : fmt::format("; did you mean {}?", best);
}

}  // namespace hopcheck::cli
