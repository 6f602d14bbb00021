// Normalisation of request target, Host and URI after RFC 3986, with nginx's own choices.
#include "facts/nginx/uri.h"

#include <algorithm>

#include "facts/nginx/escape.h"
#include "facts/nginx/letters.h"

namespace hopcheck::nginx {

namespace {

bool is_letter(char c) {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
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

/// Takes "." and ".." behind the last "/" of `out` away, and for ".." the segment before it.
/// False: ".." above the root.
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

bool is_dots(std::string_view out) {
  return out.ends_with("/.") || out.ends_with("/..");
}

bool append_slash(std::string& out, bool merge_slashes) {
  // What follows "/." or "/.." is the slash that was there before it.
  if (is_dots(out)) return close_segment(out);
  if (!out.ends_with('/') || !merge_slashes) out += '/';
  return true;
}

bool in_bracketed_host(char c) {
  return is_letter(c) || is_digit(c) ||
         std::string_view(":-._~!$&'()*+,;=").find(c) != std::string_view::npos;
}

/// Behind the host of an absolute target: ":port", or where the path begins.
std::optional<std::size_t> host_end(std::string_view text, std::size_t at) {
  if (at < text.size() && text[at] == '[') {
    while (++at < text.size() && text[at] != ']') {
      if (!in_bracketed_host(text[at])) return std::nullopt;
    }
    return at < text.size() ? std::optional(at + 1) : std::nullopt;
  }
  while (at < text.size() &&
         (is_letter(text[at]) || is_digit(text[at]) || text[at] == '.' || text[at] == '-')) {
    ++at;
  }
  return at;
}

std::optional<Target> absolute_target(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || !is_letter(text.front())) return std::nullopt;
  for (const char c : text.substr(0, scheme)) {
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return std::nullopt;
  }
  const auto end = host_end(text, scheme + 3);
  if (!end) return std::nullopt;
  Target out;
  out.host = text.substr(scheme + 3, *end - scheme - 3);
  std::size_t at = *end;
  if (at < text.size() && text[at] == ':') {
    while (++at < text.size() && is_digit(text[at])) {
    }
  }
  out.absolute = true;
  out.no_path = at < text.size() && text[at] == '?';
  out.unparsed = at >= text.size() ? "/" : std::string(text.substr(at));
  if (at < text.size() && text[at] != '/' && text[at] != '?') return std::nullopt;
  return out;
}

}  // namespace

std::optional<Target> read_target(std::string_view text) {
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
  if (text.empty() || !clean) return std::nullopt;
  if (!text.starts_with('/')) return absolute_target(text);
  Target out;
  out.unparsed = text;
  return out;
}

std::optional<Uri> normal_uri(std::string_view target, bool merge_slashes) {
  Uri uri;
  uri.path = "/";
  std::size_t at = 0;
  if (!target.starts_with('?')) {
    if (!target.starts_with('/')) return std::nullopt;
    at = 1;
  }
  while (at < target.size()) {
    const auto letter = read_letter(target, at);
    if (!letter) return std::nullopt;
    if (!letter->literal && (letter->c == '?' || letter->c == '#')) break;
    uri.quoted = uri.quoted || target[at] == '%';
    uri.has_plus = uri.has_plus || letter->c == '+';
    at = letter->next;
    if (letter->c != '/') {
      uri.path += letter->c;
    } else if (!append_slash(uri.path, merge_slashes)) {
      return std::nullopt;
    }
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
  while (host.ends_with(' ') || host.ends_with('\t')) host.remove_suffix(1);
  while (host.starts_with(' ') || host.starts_with('\t')) host.remove_prefix(1);
  // Released versions differ in how much more they refuse.
  const bool clean = std::all_of(host.begin(), host.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '/';
  });
  if (!clean || host.find("..") != std::string_view::npos) return std::nullopt;
  const std::size_t close = host.find(']');
  std::size_t end =
      host.starts_with('[') ? (close == host.npos ? close : close + 1) : host.find(':');
  end = std::min(end, host.size());
  // The last dot of all counts, so that one behind the port protects the name's own.
  if (end > 0 && host.rfind('.') == end - 1) --end;
  if (end == 0) return std::nullopt;
  return lower(host.substr(0, end));
}

}  // namespace hopcheck::nginx
