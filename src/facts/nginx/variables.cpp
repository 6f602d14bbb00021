// nginx's variables, as far as a request's address, host and path decide them.
#include <algorithm>

#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::optional<std::string> from_request(const Visit& visit, std::string_view name) {
  const bool tls = visit.listen != nullptr && visit.listen->ssl;
  if (name == "host") return visit.host;
  if (name == "http_host") return visit.http_host;
  if (name == "uri" || name == "document_uri") return visit.uri;
  if (name == "request_uri") return visit.request_uri;
  if (name == "args" || name == "query_string") return visit.args;
  if (name == "is_args") return visit.args.empty() ? "" : "?";
  if (name == "scheme") return tls ? "https" : "http";
  if (name == "https") return tls ? "on" : "";
  if (name == "request_method") return "GET";
  if (name == "server_port") return std::to_string(visit.port);
  if (name == "server_addr") return visit.address;
  if (visit.forwarded != nullptr && name.starts_with("http_x_forwarded_")) {
    std::string header(name.substr(5));
    std::replace(header.begin(), header.end(), '_', '-');
    const auto sent = visit.forwarded->find(header);
    return sent == visit.forwarded->end() ? "" : sent->second;
  }
  if (name == "server_name" && visit.server != nullptr) {
    return visit.server->names.empty() ? "" : visit.server->names.front();
  }
  return std::nullopt;
}

std::optional<std::string> value_of(const Visit& visit, std::string_view name) {
  if (name.size() == 1 && name[0] >= '1' && name[0] <= '9') {
    const auto number = static_cast<std::size_t>(name[0] - '0');
    const auto& all = visit.captures.numbered;
    return number < all.size() ? all[number] : "";
  }
  const auto set = visit.variables.find(name);
  if (set != visit.variables.end()) return set->second;
  const auto named = visit.captures.named.find(std::string(name));
  if (named != visit.captures.named.end()) return named->second;
  return from_request(visit, name);
}

/// The name that begins behind the "$" at text[at], and where it ends.
std::string_view variable_at(std::string_view text, std::size_t at, std::size_t& end) {
  if (at + 1 < text.size() && text[at + 1] == '{') {
    const std::size_t close = text.find('}', at);
    end = close == std::string_view::npos ? text.size() : close + 1;
    return text.substr(at + 2, std::min(close, text.size()) - at - 2);
  }
  end = at + 1;
  // "$1" is one digit long.
  if (end < text.size() && text[end] >= '1' && text[end] <= '9') return text.substr(end++, 1);
  while (end < text.size() && is_name(text[end])) ++end;
  return text.substr(at + 1, end - at - 1);
}

}  // namespace

std::optional<std::string> expand(const Visit& visit, std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      out += text[at++];
      continue;
    }
    std::size_t end = at;
    const auto value = value_of(visit, variable_at(text, at, end));
    // Chains of `set` could double a value again and again.
    if (!value || out.size() + value->size() > 65536) return std::nullopt;
    out += *value;
    at = end;
  }
  return out;
}

}  // namespace hopcheck::nginx
