// Normalisation of Host and URI after RFC 3986, with nginx's own choices.
#include "facts/nginx/uri.h"

#include <algorithm>

#include "facts/nginx/letters.h"

namespace hopcheck::nginx {

namespace {

int hex_value(char c) {
  const char low = to_lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// A character and whether it was written as %XX, in which case "?", "#" and "%" mean nothing.
struct Letter {
  char c{0};
  bool literal{false};
  std::size_t next{0};
};

std::optional<Letter> read_letter(std::string_view text, std::size_t at) {
  if (text[at] != '%') return Letter{text[at], false, at + 1};
  if (at + 2 >= text.size()) return std::nullopt;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
  const char c = static_cast<char>(high * 16 + low);
  return Letter{c, c == '?' || c == '#' || c == '%', at + 3};
}

/// Ends the segment behind the last "/" of `out`: "." and ".." go. False: ".." above the root.
bool close_segment(std::string& out) {
  const std::size_t slash = out.rfind('/');
  const std::string_view segment = std::string_view(out).substr(slash + 1);
  if (segment == ".") {
    out.resize(slash + 1);
  } else if (segment == "..") {
    if (slash == 0) return false;
    out.resize(out.rfind('/', slash - 1) + 1);
  }
  return true;
}

// Released versions differ in how much more they refuse.
bool host_character(char c) {
  const auto value = static_cast<unsigned char>(c);
  return value > 0x20 && value != 0x7f && c != '/';
}

/// Where the name ends and ":port" begins; nothing where the shape is wrong.
std::optional<std::size_t> host_end(std::string_view host) {
  if (!host.starts_with('[')) return std::min(host.find(':'), host.size());
  const std::size_t close = host.find(']');
  if (close == std::string_view::npos) return std::nullopt;
  if (close + 1 < host.size() && host[close + 1] != ':') return std::nullopt;
  return close + 1;
}

}  // namespace

std::optional<Uri> normal_uri(std::string_view target, bool merge_slashes) {
  if (!target.starts_with('/')) return std::nullopt;
  Uri uri;
  uri.path = "/";
  std::size_t at = 1;
  while (at < target.size()) {
    const auto letter = read_letter(target, at);
    if (!letter) return std::nullopt;
    if (!letter->literal && (letter->c == '?' || letter->c == '#')) break;
    at = letter->next;
    if (letter->c != '/') {
      uri.path += letter->c;
      continue;
    }
    if (!close_segment(uri.path)) return std::nullopt;
    if (!uri.path.ends_with('/') || !merge_slashes) uri.path += '/';
  }
  if (!close_segment(uri.path)) return std::nullopt;
  if (at < target.size() && target[at] == '?') {
    uri.args = target.substr(at + 1);
    uri.args.resize(std::min(uri.args.find('#'), uri.args.size()));
  }
  return uri;
}

std::optional<std::string> normal_host(std::string_view host) {
  if (host.empty()) return std::string();
  const auto end = host_end(host);
  if (!end) return std::nullopt;
  std::string_view name = host.substr(0, *end);
  if (name.find("..") != std::string_view::npos) return std::nullopt;
  if (!std::all_of(name.begin(), name.end(), host_character)) return std::nullopt;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return std::nullopt;
  return lower(name);
}

}  // namespace hopcheck::nginx
