// nginx's reader of addresses, without its look-ups.
#include "facts/nginx/refusal/url.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>

#include "facts/nginx/letters.h"
#include "facts/nginx/refusal/values.h"

namespace hopcheck::nginx {

namespace {

// The room for a path in a socket's address, with its NUL.
constexpr std::size_t kMostPath = 108;
constexpr int kMostPort = 65535;

std::string canonical(int family, const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> shown{};
  if (inet_pton(family, text.c_str(), bytes.data()) != 1) return {};
  if (inet_ntop(family, bytes.data(), shown.data(), shown.size()) == nullptr) return {};
  return shown.data();
}

/// Four decimal parts of any length, each below 256: nginx takes leading zeros, too.
bool is_ipv4(std::string_view text) {
  int dots = 0;
  int part = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      part = part * 10 + (c - '0');
      if (part > 255) return false;
    } else if (c == '.') {
      ++dots;
      part = 0;
    } else {
      return false;
    }
  }
  return dots == 3;
}

class Reader {
 public:
  Reader(std::string_view text, const UrlRules& rules) : rest_(text), rules_(rules) {}

  Url run() {
    if (starts_with_lower(rest_, "unix:")) {
      read_unix();
    } else if (rest_.starts_with('[')) {
      read_ipv6();
    } else {
      read_inet();
    }
    return std::move(url_);
  }

 private:
  void fail(const char* error) {
    if (url_.error.empty()) url_.error = error;
  }

  void read_unix() {
    std::string_view path = rest_.substr(5);
    if (rules_.uri_part) {
      const std::size_t colon = path.find(':');
      if (colon != path.npos) {
        url_.has_uri = colon + 1 < path.size();
        path = path.substr(0, colon);
      }
    }
    if (path.empty()) return fail("no path in the unix domain socket");
    if (path.size() + 1 > kMostPath) return fail("too long path in the unix domain socket");
    url_.host = path;
    url_.is_unix = url_.is_address = true;
    url_.address = "unix:" + url_.host;
  }

  /// Cuts the URI off; false where none may stand here.
  bool cut_uri(std::string_view& text, std::size_t uri) {
    if (uri == text.npos) return true;
    if (rules_.listen || !rules_.uri_part) {
      fail("invalid host");
      return false;
    }
    url_.has_uri = true;
    text = text.substr(0, uri);
    return true;
  }

  static bool is_port(std::optional<long long> number) {
    return number && *number >= 1 && *number <= kMostPort;
  }

  void read_port(std::string_view text) {
    const std::size_t dash = rules_.listen ? text.find('-') : text.npos;
    if (dash != text.npos) {
      const auto last = parse_decimal(text.substr(dash + 1));
      if (!is_port(last)) return fail("invalid port");
      url_.last_port = static_cast<int>(*last);
      text = text.substr(0, dash);
    }
    const auto port = parse_decimal(text);
    if (!is_port(port)) return fail("invalid port");
    if (url_.last_port != 0 && *port > url_.last_port) return fail("invalid port range");
    url_.port = static_cast<int>(*port);
    url_.has_port = true;
  }

  void read_ipv6() {
    std::string_view text = rest_;
    const std::size_t close = text.find(']');
    if (close == text.npos) return fail("invalid host");
    if (!cut_uri(text, text.find('/', close))) return;
    if (close + 1 < text.size()) {
      if (text[close + 1] != ':') return fail("invalid host");
      read_port(text.substr(close + 2));
    } else {
      url_.port = rules_.default_port;
    }
    if (!url_.error.empty()) return;
    if (close == 1) return fail("no host");
    url_.host = text.substr(0, close + 1);
    const std::string shown = canonical(AF_INET6, std::string(text.substr(1, close - 1)));
    if (shown.empty()) return fail("invalid IPv6 address");
    url_.is_address = true;
    url_.address = "[" + shown + "]";
  }

  /// "80" and "8000-8010" of a listen are ports without an address.
  bool read_bare_port(std::string_view text) {
    const std::size_t dash = text.find('-');
    const auto first = parse_decimal(text.substr(0, dash));
    if (!first) return false;
    if (dash != text.npos && !parse_decimal(text.substr(dash + 1))) return false;
    read_port(text);
    url_.is_address = true;
    url_.address = "0.0.0.0";
    return true;
  }

  void read_inet() {
    std::string_view text = rest_;
    const std::size_t colon = text.find(':');
    const std::size_t uri = std::min(text.find('/'), text.find('?'));
    if (!cut_uri(text, uri)) return;
    if (colon < text.size()) {
      read_port(text.substr(colon + 1));
      if (!url_.error.empty()) return;
      text = text.substr(0, colon);
    } else {
      if (!url_.has_uri && rules_.listen && read_bare_port(text)) return;
      url_.port = rules_.default_port;
    }
    if (text.empty()) return fail("no host");
    url_.host = text;
    if (rules_.listen && text == "*") {
      url_.address = "0.0.0.0";
    } else if (is_ipv4(text)) {
      url_.address = canonical(AF_INET, url_.host);
      if (url_.address.empty()) url_.address = url_.host;
    }
    url_.is_address = !url_.address.empty();
  }

  std::string_view rest_;
  UrlRules rules_;
  Url url_{};
};

}  // namespace

bool is_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  if (slash != text.npos) {
    const auto bits = parse_decimal(text.substr(slash + 1));
    if (!bits || *bits > (is_ipv4(address) ? 32 : 128)) return false;
  }
  if (is_ipv4(address)) return true;
  return address.find(':') != address.npos &&
         address.find_first_not_of("0123456789abcdefABCDEF:.") == address.npos;
}

Url parse_url(std::string_view text, const UrlRules& rules) {
  return Reader(text, rules).run();
}

}  // namespace hopcheck::nginx
