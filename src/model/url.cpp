// The parts of an http or https URL.
#include "model/url.h"

#include <algorithm>
#include <charconv>

namespace hopcheck {
namespace {

bool parse_port(const std::string& text, int& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port > 0 && port < 65536;
}

}  // namespace

std::optional<Url> parse_url(const std::string& text) {
  Url url;
  const auto colon = text.find("://");
  if (colon == std::string::npos) return std::nullopt;
  url.scheme = text.substr(0, colon);
  if (url.scheme != "http" && url.scheme != "https") return std::nullopt;
  const auto begin = colon + 3;
  const auto slash = std::min(text.find_first_of("/?#", begin), text.size());
  std::string authority = text.substr(begin, slash - begin);
  if (authority.find('@') != std::string::npos) authority.erase(0, authority.rfind('@') + 1);
  url.path = text.substr(slash, text.find('#', slash) - slash);
  if (url.path.empty() || url.path.front() != '/') url.path = '/' + url.path;
  url.port = url.scheme == "https" ? 443 : 80;
  const auto bracket = authority.rfind(']');
  const auto port = authority.rfind(':');
  if (port != std::string::npos && (bracket == std::string::npos || port > bracket)) {
    if (!parse_port(authority.substr(port + 1), url.port)) return std::nullopt;
    authority.erase(port);
    url.port_given = true;
  }
  if (authority.size() > 1 && authority.front() == '[')
    authority = authority.substr(1, authority.size() - 2);
  if (authority.empty()) return std::nullopt;
  url.host = authority;
  return url;
}

}  // namespace hopcheck
