// listen, server and *_pass addresses, with nginx's defaults.
#include "facts/nginx/address.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

#include "facts/nginx/letters.h"

namespace hopcheck::nginx {

namespace {

constexpr int kMaxPort = 65535;
// A range is opened port by port; no honest one is longer.
constexpr int kMaxRange = 1024;

struct HostPort {
  std::string_view host{};
  std::string_view port{};
  bool has_port{false};
};

/// Splits "host:port", "[v6]:port"; nothing where the bracket is not closed.
std::optional<HostPort> split_host(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    return HostPort{text.substr(1, close - 1), rest.empty() ? rest : rest.substr(1), !rest.empty()};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return HostPort{text, {}, false};
  return HostPort{text.substr(0, colon), text.substr(colon + 1), true};
}

std::string socket_path(std::string_view text) {
  std::string path(text);
  // The kernel takes "///run/x" for "/run/x"; so do those who compare.
  while (path.starts_with("//")) path.erase(0, 1);
  return path;
}

struct Range {
  int from{80};
  int to{80};
};

std::optional<Range> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const int from = parse_port(text.substr(0, dash));
  const int to = dash == std::string_view::npos ? from : parse_port(text.substr(dash + 1));
  if (from < 1 || to < from) return std::nullopt;
  return Range{from, std::min(to, from + kMaxRange - 1)};
}

bool is_ports(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789-") == std::string_view::npos;
}

std::string listen_address(std::string_view host) {
  if (host == "*") return "0.0.0.0";
  if (equal_lower(host, "localhost")) return "127.0.0.1";
  const std::string ip = canonical_ip(host);
  return ip.empty() ? std::string(host) : ip;
}

Listen listen_options(const Directive& directive) {
  Listen out;
  for (const std::string_view word : directive.args().subspan(1)) {
    if (word == "default_server" || word == "default") out.default_server = true;
    if (word == "ssl") out.ssl = true;
    if (word == "http2") out.http2 = true;
    if (word == "proxy_protocol") out.proxy_protocol = true;
    if (word == "ipv6only=off") out.only_v6 = false;
  }
  out.from = directive.evidence();
  return out;
}

struct Scheme {
  std::string_view prefix{};
  int port{0};
};

/// Cuts a known scheme off `target` and returns its default port; nothing where one is missing.
std::optional<int> cut_scheme(Action::Kind kind, std::string_view& target) {
  static constexpr Scheme kSchemes[] = {{"http://", 80},   {"https://", 443}, {"grpc://", 80},
                                        {"grpcs://", 443}, {"uwsgi://", 0},   {"suwsgi://", 0}};
  for (const Scheme& scheme : kSchemes) {
    if (!starts_with_lower(target, scheme.prefix)) continue;
    target.remove_prefix(scheme.prefix.size());
    return scheme.port;
  }
  if (kind == Action::Kind::proxy_pass) return std::nullopt;
  return kind == Action::Kind::grpc_pass ? 80 : 0;
}

}  // namespace

int parse_port(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole && value >= 0 && value <= kMaxPort ? value : -1;
}

std::string canonical_ip(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.size() >= INET6_ADDRSTRLEN) return {};
  const std::string plain(text);
  unsigned char bytes[16] = {};
  char out[INET6_ADDRSTRLEN] = {};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, plain.c_str(), bytes) != 1) continue;
    return inet_ntop(family, bytes, out, sizeof out) != nullptr ? out : "";
  }
  return {};
}

std::vector<Listen> parse_listen(const Directive& directive) {
  const auto args = directive.args();
  // QUIC is UDP: no connection arrives there.
  if (args.empty() || std::find(args.begin(), args.end(), "quic") != args.end()) return {};
  const std::string_view word = directive.arg(0);
  Listen base = listen_options(directive);
  if (starts_with_lower(word, "unix:")) {
    base.path = socket_path(word.substr(5));
    base.port = 0;
    return base.path.empty() ? std::vector<Listen>{} : std::vector<Listen>{base};
  }
  HostPort parts;
  if (is_ports(word)) {
    parts = {"*", word, true};
  } else if (const auto split = split_host(word)) {
    parts = *split;
  } else {
    return {};
  }
  const auto range = parts.has_port ? parse_range(parts.port) : Range{};
  if (!range || parts.host.empty()) return {};
  base.address = listen_address(parts.host);
  std::vector<Listen> out;
  for (base.port = range->from; base.port <= range->to; ++base.port) out.push_back(base);
  return out;
}

std::optional<Place> parse_place(Action::Kind kind, std::string_view target) {
  if (target.find('$') != std::string_view::npos) return std::nullopt;
  const auto default_port = cut_scheme(kind, target);
  if (!default_port) return std::nullopt;
  if (starts_with_lower(target, "unix:")) {
    target.remove_prefix(5);
    // Only proxy_pass has a URI behind the socket, after a colon.
    if (kind == Action::Kind::proxy_pass) target = target.substr(0, target.find(':'));
    if (target.empty()) return std::nullopt;
    return Place{{}, 0, socket_path(target)};
  }
  const std::size_t search_from = target.starts_with('[') ? target.find(']') : 0;
  if (search_from == std::string_view::npos) return std::nullopt;
  const auto parts = split_host(target.substr(0, target.find_first_of("/?", search_from)));
  if (!parts || parts->host.empty()) return std::nullopt;
  const int port = parts->has_port ? parse_port(parts->port) : *default_port;
  if (port < 0) return std::nullopt;
  const std::string ip = canonical_ip(parts->host);
  return Place{ip.empty() ? std::string(parts->host) : ip, port, {}};
}

std::optional<Member> parse_member(const Directive& directive) {
  auto place = parse_place(Action::Kind::uwsgi_pass, directive.arg(0));
  if (!place) return std::nullopt;
  Member out;
  out.host = std::move(place->host);
  out.path = std::move(place->path);
  out.port = out.path.empty() && place->port == 0 ? 80 : place->port;
  for (const std::string_view word : directive.args().subspan(1)) {
    if (word == "backup") out.backup = true;
    if (word == "down") out.down = true;
    if (word.starts_with("weight=")) out.weight = std::max(1, parse_port(word.substr(7)));
    if (word.starts_with("max_fails=")) out.max_fails = std::max(0, parse_port(word.substr(10)));
    if (word.starts_with("fail_timeout=")) out.fail_timeout = word.substr(13);
  }
  out.from = directive.evidence();
  return out;
}

}  // namespace hopcheck::nginx
