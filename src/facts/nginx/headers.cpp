// Request headers as the proxy and uwsgi modules send them on.
#include <algorithm>

#include "facts/nginx/letters.h"
#include "facts/nginx/lookup.h"
#include "facts/nginx/regex.h"
#include "facts/nginx/visit.h"
#include "hopcheck/nginx_headers.h"

namespace hopcheck::nginx {

namespace {

// `map` blocks may lead to each other; a chain this long is a circle.
constexpr int kMostMaps = 8;

/// The block itself and those around it, from the inside out.
std::vector<std::uint32_t> blocks_from(const Config& config, std::uint32_t index) {
  std::vector<std::uint32_t> blocks{index};
  for (std::uint32_t before = index; before-- > 0;) {
    if (config.nodes[before].end > index) blocks.push_back(before);
  }
  return blocks;
}

void require_read(const Config& config, std::uint32_t block) {
  for (const Directive& include : config.at(block).children("include")) {
    const Evidence from = include.evidence();
    throw NotSeen({Unseen::Why::undecidable,
                   from.text + " (" + from.source + ":" + std::to_string(from.line) +
                       ") could not be read: what it sets is not known",
                   "root"});
  }
}

/// "x-forwarded-for" of HTTP_X_FORWARDED_FOR; "" where a parameter is no header.
std::string header_of(std::string_view parameter) {
  if (!parameter.starts_with("HTTP_")) return {};
  std::string name = lower(parameter.substr(5));
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::vector<SentHeader> set_in(const Config& config, std::uint32_t block, Action::Kind kind,
                               bool& any) {
  const bool uwsgi = kind == Action::Kind::uwsgi_pass;
  std::vector<SentHeader> headers;
  for (const Directive& line :
       config.at(block).children(uwsgi ? "uwsgi_param" : "proxy_set_header")) {
    any = true;
    const std::string name = uwsgi ? header_of(line.arg(0)) : std::string(line.arg(0));
    if (!name.empty()) headers.push_back({name, std::string(line.arg(1)), line.evidence()});
  }
  return headers;
}

const SentHeader* named(const std::vector<SentHeader>& headers, const std::string& name) {
  const auto found = std::find_if(headers.rbegin(), headers.rend(), [&](const SentHeader& header) {
    return equal_lower(header.name, name);
  });
  return found == headers.rend() ? nullptr : &*found;
}

/// Puts values in the place of variables.
class Expander {
 public:
  Expander(const Config& config, const Received& request) : config_(config), request_(request) {}

  std::optional<std::string> expand(std::string_view text) {
    std::string out;
    for (const Piece& piece : pieces_of(text)) {
      std::optional<std::string> value(piece.text);
      if (piece.kind == Piece::Kind::capture) value.reset();
      if (piece.kind == Piece::Kind::variable) value = variable(piece.text);
      if (!value) return std::nullopt;
      out += *value;
    }
    return out;
  }

 private:
  std::optional<std::string> variable(std::string_view name) {
    if (name == "scheme") return request_.scheme;
    if (name == "https") return request_.scheme == "https" ? "on" : "";
    if (name == "http_host") return request_.host;
    if (name == "host") return lower(request_.host.substr(0, request_.host.rfind(':')));
    if (name.starts_with("http_")) {
      std::string header = lower(name.substr(5));
      std::replace(header.begin(), header.end(), '_', '-');
      const auto found = request_.headers.find(header);
      return found == request_.headers.end() ? "" : found->second;
    }
    return mapped(name);
  }

  std::optional<std::string> mapped(std::string_view name) {
    if (++maps_ > kMostMaps) return std::nullopt;
    for (std::uint32_t i = 0; i < config_.nodes.size(); ++i) {
      const Directive map = config_.at(i);
      if (map.name() != "map" || !map.is_block() || map.arg(1) != "$" + std::string(name)) continue;
      const auto source = expand(map.arg(0));
      if (!source) return std::nullopt;
      return chosen(map, *source);
    }
    return std::nullopt;
  }

  /// The value of the line of a map that matches.
  std::optional<std::string> chosen(const Directive& map, const std::string& source) {
    const auto found = find_in_map(map, source, [&](std::string_view pattern, bool caseless) {
      return regex_match(pattern, caseless, source).has_value();
    });
    if (!found.known) return std::nullopt;
    return found.line ? expand(found.line->arg(0)) : std::string();
  }

  const Config& config_;
  const Received& request_;
  int maps_{0};
};

}  // namespace

const SentHeader* SentHeaders::find(const std::string& name) const {
  return named(set, name);
}

const SentHeader* SentHeaders::lost(const std::string& name) const {
  return named(set, name) == nullptr ? named(dropped, name) : nullptr;
}

SentHeaders sent_headers(const Config& config, std::uint32_t index, Action::Kind kind) {
  SentHeaders headers;
  headers.block = index;
  bool own = false;
  for (const std::uint32_t block : blocks_from(config, index)) {
    bool any = false;
    auto here = set_in(config, block, kind, any);
    // What an outer block holds no longer counts once this one sets its own.
    if (!own) require_read(config, block);
    if (!any) continue;
    if (own) {
      headers.dropped = std::move(here);
      break;
    }
    own = true;
    headers.set = std::move(here);
    headers.block = block;
  }
  const auto pass = in_force(config, index,
                             kind == Action::Kind::uwsgi_pass ? "uwsgi_pass_request_headers"
                                                              : "proxy_pass_request_headers");
  headers.passes_clients = !pass || pass->arg(0) != "off";
  return headers;
}

std::optional<std::string> sent_value(const Config& config, const std::string& value,
                                      const Received& request) {
  return Expander(config, request).expand(value);
}

std::optional<std::string> arriving(const Config& config, const SentHeaders& headers,
                                    const std::string& name, const Received& request) {
  if (const SentHeader* own = headers.find(name)) return sent_value(config, own->value, request);
  if (!headers.passes_clients) return "";
  const auto found = request.headers.find(lower(name));
  return found == request.headers.end() ? "" : found->second;
}

ForwardedFor forwarded_for(const SentHeaders& headers) {
  const SentHeader* own = headers.find("X-Forwarded-For");
  if (own == nullptr) return headers.passes_clients ? ForwardedFor::passed : ForwardedFor::removed;
  const std::string& value = own->value;
  if (value.empty()) return ForwardedFor::removed;
  if (value == "$http_x_forwarded_for") return ForwardedFor::passed;
  if (value == "$remote_addr") return ForwardedFor::replaced;
  const bool by_hand = value == "$http_x_forwarded_for, $remote_addr" ||
                       value == "$http_x_forwarded_for,$remote_addr";
  return value == "$proxy_add_x_forwarded_for" || by_hand ? ForwardedFor::appended
                                                          : ForwardedFor::other;
}

RealIp real_ip(const Config& config, std::uint32_t index) {
  RealIp found;
  for (const std::uint32_t block : blocks_from(config, index)) {
    require_read(config, block);
    if (!found.trusted.empty()) continue;
    for (const Directive& line : config.at(block).children("set_real_ip_from")) {
      found.trusted.emplace_back(line.arg(0));
      found.from.push_back(line.evidence());
    }
  }
  if (const auto header = in_force(config, index, "real_ip_header")) {
    found.header = header->arg(0);
    found.from.push_back(header->evidence());
  }
  const auto recursive = in_force(config, index, "real_ip_recursive");
  found.recursive = recursive && recursive->arg(0) == "on";
  return found;
}

}  // namespace hopcheck::nginx
