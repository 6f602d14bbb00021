// The sockets of server blocks.
#include <algorithm>
#include <array>

#include "facts/nginx/refusal/judge.h"
#include "facts/nginx/refusal/url.h"
#include "facts/nginx/refusal/values.h"

namespace hopcheck::nginx {

namespace {

// Words that some nginx knows, among them such as only later or earlier ones do.
constexpr std::array<std::string_view, 12> kPlain{
    "default_server", "default", "bind", "deferred", "reuseport",      "ssl",
    "http2",          "http3",   "quic", "spdy",     "proxy_protocol", "multipath"};
constexpr std::array<std::string_view, 2> kSilent{"setfib=", "accept_filter="};

bool has(std::span<const std::string_view> words, std::string_view wanted) {
  return std::find(words.begin(), words.end(), wanted) != words.end();
}

bool is_keepalive(std::string_view value) {
  if (value == "on" || value == "off") return true;
  std::array<std::string_view, 3> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t colon = i + 1 < parts.size() ? value.find(':') : value.npos;
    parts[i] = value.substr(0, colon);
    value = colon == value.npos ? std::string_view{} : value.substr(colon + 1);
  }
  const auto good = [](std::string_view text, bool time) {
    return text.empty() || (time ? is_time(text, true) : parse_decimal(text).has_value());
  };
  const bool any = std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    return part.find_first_of("123456789") != part.npos;
  });
  return any && good(parts[0], true) && good(parts[1], true) && good(parts[2], false);
}

/// Options of the socket itself: only one listen of an address may give them.
bool is_socket_option(std::string_view word) {
  static constexpr std::array<std::string_view, 12> kOptions{
      "bind",    "deferred", "reuseport",      "setfib=",   "fastopen=",     "backlog=",
      "rcvbuf=", "sndbuf=",  "accept_filter=", "ipv6only=", "so_keepalive=", "multipath"};
  return std::any_of(kOptions.begin(), kOptions.end(), [&](std::string_view option) {
    return option.ends_with('=') ? word.starts_with(option) : word == option;
  });
}

/// What nginx says of one parameter; "" where nothing.
std::string refused_parameter(std::string_view word) {
  const std::string shown = "\"" + std::string(word) + "\"";
  const std::size_t equals = word.find('=');
  const std::string_view value = equals == word.npos ? "" : word.substr(equals + 1);
  if (word.starts_with("backlog="))
    return parse_decimal(value).value_or(0) == 0 ? "invalid backlog " + shown : "";
  if (word.starts_with("fastopen="))
    return !parse_decimal(value) ? "invalid fastopen " + shown : "";
  if (word.starts_with("rcvbuf=")) return !is_size(value) ? "invalid rcvbuf " + shown : "";
  if (word.starts_with("sndbuf=")) return !is_size(value) ? "invalid sndbuf " + shown : "";
  if (word.starts_with("ipv6only=o")) {
    const bool good = value == "on" || value == "off";
    return good ? "" : "invalid ipv6only flags \"" + std::string(value) + "\"";
  }
  if (word.starts_with("so_keepalive=")) {
    const std::string message = "invalid so_keepalive value: \"" + std::string(value) + "\"";
    return is_keepalive(value) ? "" : message;
  }
  const bool known = has(kPlain, word) ||
                     std::any_of(kSilent.begin(), kSilent.end(),
                                 [&](std::string_view start) { return word.starts_with(start); });
  return known ? "" : "invalid parameter " + shown;
}

}  // namespace

bool Judge::check_listen_options(Arguments words) {
  for (const std::string_view word : words.subspan(1)) {
    std::string message = refused_parameter(word);
    if (message.empty()) continue;
    refuse(std::move(message));
    return false;
  }
  return true;
}

void Judge::http_listen(Arguments words) {
  UrlRules rules;
  rules.listen = true;
  rules.default_port = 80;
  const Url url = parse_url(words[0], rules);
  if (!url.error.empty()) {
    return refuse(url.error + " in \"" + std::string(words[0]) + "\" of the \"listen\" directive");
  }
  if (!check_listen_options(words)) return;
  // A name stands for addresses that only the resolver knows; QUIC has sockets of its own.
  if (url.address.empty() || has(words, "quic")) return;
  if (url.is_unix) return add_socket(url.address, words);
  const std::size_t before = refusals_.size();
  const int last = url.last_port == 0 ? url.port : url.last_port;
  for (int port = url.port; port <= last && refusals_.size() == before; ++port)
    add_socket(url.address + ":" + std::to_string(port), words);
}

void Judge::add_socket(const std::string& key, Arguments words) {
  const std::uint32_t server = block().node;
  const auto [place, first] = sockets_.try_emplace(key);
  Socket& socket = place->second;
  const bool options =
      std::any_of(words.begin() + 1, words.end(), [](auto word) { return is_socket_option(word); });
  const bool is_default =
      has(words.subspan(1), "default_server") || has(words.subspan(1), "default");
  if (first) {
    socket.first_server = server;
  } else if (socket.last_server == server) {
    return refuse("a duplicate listen " + key);
  } else if (options && socket.has_options) {
    return refuse("duplicate listen options for " + key);
  } else if (is_default && socket.default_server) {
    return refuse("a duplicate default server for " + key);
  }
  socket.last_server = server;
  socket.has_options |= options;
  socket.ssl |= has(words.subspan(1), "ssl");
  if (is_default) socket.default_server = server;
}

}  // namespace hopcheck::nginx
