// Exchanges, command results, identity and clock as text, and back.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <time.h>

#include "host/host.h"
#include "host/tables.h"
#include "host/text.h"

namespace hopcheck {
namespace {

using Outcome = Exchange::Outcome;
constexpr std::array<std::pair<Outcome, const char*>, 9> outcomes{
    {{Outcome::answered, "answered"},
     {Outcome::refused, "refused"},
     {Outcome::timed_out, "timed_out"},
     {Outcome::reset, "reset"},
     {Outcome::unreachable, "unreachable"},
     {Outcome::denied, "denied"},
     {Outcome::no_socket, "no_socket"},
     {Outcome::tls_failed, "tls_failed"},
     {Outcome::failed, "failed"}}};

// For the reader of a bundle; nothing depends on them.
constexpr std::array<std::pair<int, const char*>, 22> reasons{{{0, "connected"},
                                                               {200, "OK"},
                                                               {201, "Created"},
                                                               {204, "No Content"},
                                                               {301, "Moved Permanently"},
                                                               {302, "Found"},
                                                               {304, "Not Modified"},
                                                               {307, "Temporary Redirect"},
                                                               {308, "Permanent Redirect"},
                                                               {400, "Bad Request"},
                                                               {401, "Unauthorized"},
                                                               {403, "Forbidden"},
                                                               {404, "Not Found"},
                                                               {405, "Method Not Allowed"},
                                                               {408, "Request Timeout"},
                                                               {413, "Payload Too Large"},
                                                               {429, "Too Many Requests"},
                                                               {500, "Internal Server Error"},
                                                               {501, "Not Implemented"},
                                                               {502, "Bad Gateway"},
                                                               {503, "Service Unavailable"},
                                                               {504, "Gateway Timeout"}}};

const char* reason_of(int status) {
  for (const auto& [code, words] : reasons) {
    if (code == status) return words;
  }
  return "";
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (c == '\n') c = ' ';
  }
  return text;
}

std::string field(const char* name, const std::string& value) {
  return value.empty() ? "" : std::string(name) + " " + one_line(value) + "\n";
}

std::string milliseconds(double ms) {
  std::array<char, 40> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.1f ms", ms);
  return buffer.data();
}

double milliseconds_of(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !std::isfinite(value) || value < 0 || std::string_view(end) != " ms") {
    throw std::invalid_argument("not a time in ms: " + join_words({text.substr(0, 40)}));
  }
  return value;
}

bool yes(std::string_view value) {
  if (value != "yes" && value != "no") throw std::invalid_argument("neither yes nor no");
  return value == "yes";
}

// "name rest of the line"
std::pair<std::string, std::string> name_and_rest(std::string_view line) {
  const std::size_t blank = std::min(line.find(' '), line.size());
  const std::size_t rest = std::min(blank + 1, line.size());
  return {std::string(line.substr(0, blank)), std::string(line.substr(rest))};
}

[[noreturn]] void unknown_line(const std::string& name) {
  throw std::invalid_argument("unknown line: " + join_words({name.substr(0, 40)}));
}

void append_body(std::string& text, const std::string& body) {
  if (body.empty()) return;
  text += "body\n";
  for (std::size_t begin = 0; begin <= body.size();) {
    text += "| ";
    text += next_line(body, begin);
    text += '\n';
  }
}

const char* outcome_name(Outcome outcome) {
  for (const auto& [value, name] : outcomes) {
    if (value == outcome) return name;
  }
  return "failed";
}

void read_failure(const std::string& rest, Exchange& exchange) {
  const auto [name, words] = name_and_rest(rest);
  for (const auto& [outcome, known] : outcomes) {
    if (name != known || outcome == Outcome::answered) continue;
    exchange.outcome = outcome;
    exchange.error = words;
    return;
  }
  throw std::invalid_argument("unknown outcome: " + join_words({name.substr(0, 40)}));
}

void read_header(const std::string& rest, Exchange& exchange) {
  const std::size_t colon = rest.find(':');
  if (colon == std::string::npos) throw std::invalid_argument("a header without a colon");
  const std::size_t value = std::min(rest.find_first_not_of(' ', colon + 1), rest.size());
  exchange.headers.emplace_back(rest.substr(0, colon), rest.substr(value));
}

// A line before the body.
void read_exchange_line(std::string_view line, bool& failed, Exchange& exchange) {
  const auto [name, rest] = name_and_rest(line);
  if (name == "status") {
    exchange.status = static_cast<int>(parse_number(name_and_rest(rest).first, 0, 999));
    if (!failed) exchange.outcome = Outcome::answered;
    if (!failed) exchange.connected = true;
  } else if (name == "failed") {
    failed = true;
    read_failure(rest, exchange);
  } else if (name == "connected") {
    exchange.connected = yes(rest);
  } else if (name == "connect") {
    exchange.connect_ms = milliseconds_of(rest);
  } else if (name == "total") {
    exchange.total_ms = milliseconds_of(rest);
  } else if (name == "header") {
    read_header(rest, exchange);
  } else {
    unknown_line(name);
  }
}

void append_lines(std::string& text, const char* name, const std::string& stream) {
  for (std::size_t begin = 0; begin < stream.size();) {
    text += name;
    text += ' ';
    text += next_line(stream, begin);
    text += '\n';
  }
}

HostAddress host_address_of(const std::string& rest) {
  const auto [interface, address] = name_and_rest(rest);
  const std::size_t slash = address.find('/');
  if (slash == std::string::npos) throw std::invalid_argument("an address without a prefix length");
  const auto bits = parse_number(std::string_view(address).substr(slash + 1), 0, 128);
  return {interface, address.substr(0, slash), static_cast<int>(bits)};
}

}  // namespace

std::string encode_exchange(const Exchange& exchange) {
  std::string text;
  if (!exchange.answered()) {
    text += std::string("failed ") + outcome_name(exchange.outcome);
    if (!exchange.error.empty()) text += " " + one_line(exchange.error);
    text += '\n';
  }
  if (exchange.answered() || exchange.status != 0) {
    const std::string reason = reason_of(exchange.status);
    text +=
        "status " + std::to_string(exchange.status) + (reason.empty() ? "" : " " + reason) + "\n";
  }
  text += exchange.connected ? "connected yes\n" : "connected no\n";
  text += "connect " + milliseconds(exchange.connect_ms) + "\n";
  text += "total " + milliseconds(exchange.total_ms) + "\n";
  for (const auto& [name, value] : exchange.headers) {
    text += "header " + one_line(name) + ": " + one_line(value) + "\n";
  }
  append_body(text, exchange.body);
  return text;
}

std::string encode_sample(const std::vector<Measurement>& sample) {
  std::string text;
  for (const Measurement& one : sample) {
    text += one.answered() ? std::to_string(one.status) : outcome_name(one.outcome);
    text += " " + milliseconds(one.total_ms) + "\n";
  }
  return text;
}

std::vector<Measurement> decode_sample(const std::string& text) {
  std::vector<Measurement> sample;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto [name, time] = name_and_rest(std::string(next_line(text, begin)));
    Measurement one;
    one.total_ms = milliseconds_of(time);
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      one.outcome = Outcome::answered;
      one.status = static_cast<int>(parse_number(name, 0, 999));
    } else {
      Exchange failed;
      read_failure(name, failed);
      one.outcome = failed.outcome;
    }
    sample.push_back(one);
  }
  return sample;
}

Exchange decode_exchange(const std::string& text) {
  Exchange exchange;
  bool failed = false;
  bool in_body = false;
  bool first_of_body = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view line = next_line(text, begin);
    if (!in_body && line == "body") {
      in_body = true;
    } else if (!in_body) {
      read_exchange_line(line, failed, exchange);
    } else {
      if (!starts_with(line, "|")) throw std::invalid_argument("a line of the body without \"|\"");
      if (!first_of_body) exchange.body += '\n';
      first_of_body = false;
      exchange.body += line.substr(std::min<std::size_t>(line.size(), 2));
    }
  }
  if (!failed && !exchange.answered()) throw std::invalid_argument("an exchange without a status");
  return exchange;
}

std::string encode_command(const CommandResult& result) {
  std::string text = result.signal != 0 ? "signal " + std::to_string(result.signal)
                                        : "exit " + std::to_string(result.exit_code);
  text += '\n';
  append_lines(text, "out", result.out);
  append_lines(text, "err", result.err);
  return text;
}

CommandResult decode_command(const std::string& text) {
  CommandResult result;
  bool ended = false;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto [name, rest] = name_and_rest(next_line(text, begin));
    if (name == "exit") {
      result.exit_code = static_cast<int>(parse_number(rest, -1, 255));
      ended = true;
    } else if (name == "signal") {
      result.signal = static_cast<int>(parse_number(rest, 1, 128));
      ended = true;
    } else if (name == "out") {
      result.out += rest + "\n";
    } else if (name == "err") {
      result.err += rest + "\n";
    } else {
      unknown_line(name);
    }
  }
  if (!ended) throw std::invalid_argument("a command without its end");
  return result;
}

std::string encode_identity(const Identity& identity) {
  std::string text = field("name", identity.name) + field("os", identity.os) +
                     field("kernel", identity.kernel) + field("user", identity.user);
  text += identity.privileged ? "privileged yes\n" : "privileged no\n";
  text += identity.systemd ? "systemd yes\n" : "systemd no\n";
  for (const HostAddress& address : identity.addresses) {
    text += "address " + address.interface + " " + address.address + "/" +
            std::to_string(address.prefix_length) + "\n";
  }
  return text;
}

Identity decode_identity(const std::string& text) {
  Identity identity;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto [name, rest] = name_and_rest(next_line(text, begin));
    if (name == "name") {
      identity.name = rest;
    } else if (name == "os") {
      identity.os = rest;
    } else if (name == "kernel") {
      identity.kernel = rest;
    } else if (name == "user") {
      identity.user = rest;
    } else if (name == "privileged") {
      identity.privileged = yes(rest);
    } else if (name == "systemd") {
      identity.systemd = yes(rest);
    } else if (name == "address") {
      identity.addresses.push_back(host_address_of(rest));
    } else {
      unknown_line(name);
    }
  }
  return identity;
}

std::string utc_text(long long seconds) {
  const time_t moment = seconds;
  tm parts{};
  if (gmtime_r(&moment, &parts) == nullptr) return "1970-01-01T00:00:00Z";
  std::array<char, 80> buffer{};
  strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return buffer.data();
}

long long parse_utc(const std::string& text) {
  constexpr std::string_view form = "dddd-dd-ddTdd:dd:ddZ";
  bool fits = text.size() == form.size();
  for (std::size_t i = 0; fits && i < form.size(); ++i) {
    fits = form[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == form[i];
  }
  if (!fits) throw std::invalid_argument("not a time: " + join_words({text.substr(0, 40)}));
  const auto number = [&](std::size_t at, std::size_t length) {
    return static_cast<int>(parse_number(std::string_view(text).substr(at, length), 0, 9999));
  };
  tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = number(17, 2);
  const long long seconds = timegm(&parts);
  // timegm takes the 31st of February for a day in March.
  if (utc_text(seconds) != text) throw std::invalid_argument("no such time: " + text);
  return seconds;
}

std::string encode_clock(const Clock& clock) {
  return "now " + utc_text(clock.now) + "\nboot " + utc_text(clock.boot) + "\n";
}

Clock decode_clock(const std::string& text) {
  Clock clock;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto [name, rest] = name_and_rest(next_line(text, begin));
    if (name == "now") {
      clock.now = parse_utc(rest);
    } else if (name == "boot") {
      clock.boot = parse_utc(rest);
    } else {
      unknown_line(name);
    }
  }
  return clock;
}

}  // namespace hopcheck
