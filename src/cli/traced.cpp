// The request that the words of `hopcheck trace` ask for.
#include "cli/traced.h"

#include <algorithm>

#include <fmt/format.h>

#include "facts/nginx/address.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr std::size_t kLongestShown = 60;
constexpr std::size_t kLongestMethod = 32;

std::string shown(const std::string& text) {
  const bool whole = text.size() <= kLongestShown;
  return "'" + text.substr(0, kLongestShown) + (whole ? "'" : "...'");
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return text;
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// A token of HTTP: a method, a header's name.
bool is_token(const std::string& text) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || marks.find(c) != std::string_view::npos;
  });
}

bool is_host(const std::string& host) {
  if (host.find(':') != std::string::npos) return !nginx::canonical_ip(host).empty();
  constexpr std::string_view never = "[]<>\"{}|\\^`,;!*'()$&+=";
  return !host.empty() && host.find_first_of(never) == std::string::npos;
}

/// As curl has it: a URL without a scheme is an http one.
Url parse_traced(const std::string& text) {
  if (text.empty()) throw UsageError("trace", "name a URL: hopcheck trace http://HOST/PATH");
  const bool sendable = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
  if (!sendable) {
    throw UsageError("trace", fmt::format("{} holds a blank or a control character: write it "
                                          "percent-encoded",
                                          shown(text)));
  }
  if (text.front() == '/')
    throw UsageError("trace", fmt::format("{} names no host: http://HOST{}", shown(text),
                                          text.substr(0, kLongestShown)));
  const auto mark = text.find("://");
  const bool has_scheme = mark != std::string::npos && mark < text.find_first_of("/?#");
  const std::string scheme = has_scheme ? lower(text.substr(0, mark)) : "http";
  if (scheme != "http" && scheme != "https")
    throw UsageError("trace", fmt::format("{} is neither http nor https", shown(text)));
  const std::string rest = has_scheme ? text.substr(mark + 3) : text;
  if (rest.substr(0, rest.find_first_of("/?#")).find('@') != std::string::npos) {
    throw UsageError("trace",
                     "a user in the URL is not sent: --header 'Authorization: ...' says it");
  }
  const auto url = parse_url(scheme + "://" + rest);
  const bool brackets = rest.starts_with('[');
  if (!url || !is_host(url->host) || brackets != (url->host.find(':') != std::string::npos))
    throw UsageError("trace", fmt::format("{} is no URL with a host and a port", shown(text)));
  return *url;
}

std::string parse_address(const std::string& where, const std::string& text) {
  const std::string address = nginx::canonical_ip(text);
  if (address.empty())
    throw UsageError(where, fmt::format("expected an IP address, not {}", shown(text)));
  return address;
}

bool is_v6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

/// "K: V"; as in curl "K;" has no value, and "K:" is not sent.
void add_header(const std::string& text, TraceQuestion& question) {
  const auto end = std::min(text.find_first_of(":;"), text.size());
  const std::string name = text.substr(0, end);
  const bool valid =
      end < text.size() && is_token(name) && std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
      });
  if (!valid || (text[end] == ';' && end + 1 != text.size()))
    throw UsageError("--header",
                     fmt::format("expected 'Name: value' or 'Name;', not {}", shown(text)));
  const auto first = text.find_first_not_of(" \t", end + 1);
  const auto last = text.find_last_not_of(" \t");
  const std::string value = first == std::string::npos ? "" : text.substr(first, last - first + 1);
  if (lower(name) == "host") {
    if (question.host) throw UsageError("--header", "Host is given twice");
    question.host = value;
  } else if (!value.empty() || text[end] == ';') {
    question.headers.emplace_back(name, value);
  }
}

}  // namespace

TraceQuestion traced_question(const Options& options) {
  TraceQuestion question;
  question.url = parse_traced(options.operand);
  if (!is_token(options.method) || options.method.size() > kLongestMethod)
    throw UsageError("--method", fmt::format("{} is no method", shown(options.method)));
  question.method = options.method;
  if (options.source) question.source = parse_address("--source", *options.source);
  if (options.address) question.address = parse_address("--address", *options.address);
  if (options.source && options.address && is_v6(question.source) != is_v6(question.address))
    throw UsageError("--source", "is of another address family than --address");
  for (const std::string& header : options.headers) add_header(header, question);
  question.send = options.probe != "none" && !options.no_probe;
  return question;
}

}  // namespace hopcheck::cli
