// The realip module: for a proxy that is trusted, the client is whom the proxy names.
#include "facts/nginx/address.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/visit.h"
#include "facts/socket/ip.h"

namespace hopcheck::nginx {

namespace {

/// Whether set_real_ip_from names the address; nothing where a line holds a host name, or a part
/// of the network that the address may lie in.
std::optional<bool> is_trusted(const std::vector<Directive>& lines, const std::string& address) {
  const auto place = parse_network(address);
  bool known = true;
  for (const Directive& line : lines) {
    const std::string word(line.arg(0));
    if (lower(word) == "unix:") {
      if (address == "unix:") return true;
      continue;
    }
    const auto network = parse_network(word);
    const auto share = place && network ? overlap(*place, *network) : Overlap::none;
    if (share == Overlap::whole) return true;
    if (!network || share == Overlap::partial) known = false;
  }
  return known ? std::optional(false) : std::nullopt;
}

/// An IPv4 address as nginx reads it: leading zeros mean nothing, an empty part is 0.
std::string ipv4(std::string_view text) {
  std::string out;
  int part = 0;
  int dots = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      part = part * 10 + (c - '0');
      if (part > 255) return {};
    } else if (c == '.') {
      out += std::to_string(part) + ".";
      part = 0;
      ++dots;
    } else {
      return {};
    }
  }
  out += std::to_string(part);
  return dots == 3 && out != "255.255.255.255" ? out : "";
}

std::string plain_address(std::string_view text) {
  return text.find(':') == std::string_view::npos ? ipv4(text) : canonical_ip(text);
}

/// "10.0.0.1", "10.0.0.1:80", "::1" or "[::1]:80"; "" for anything else.
std::string address_in(std::string_view text) {
  if (!text.starts_with('[')) {
    if (auto plain = plain_address(text); !plain.empty()) return plain;
  }
  const std::size_t close = text.starts_with('[') ? text.find(']') : 0;
  if (close == std::string_view::npos) return {};
  const std::size_t colon = close == 0 ? text.find(':') : close + 1;
  if (colon >= text.size() || text[colon] != ':') return {};
  if (parse_port(text.substr(colon + 1)) < 1) return {};
  return plain_address(text.substr(0, colon));
}

/// Follows a list of addresses from its end; nothing where that cannot be known.
std::optional<std::string> follow(const std::vector<Directive>& trusted, std::string client,
                                  std::string_view list, bool recursive) {
  while (true) {
    const auto believed = is_trusted(trusted, client);
    if (!believed) return std::nullopt;
    if (!*believed) return client;
    const std::size_t last = list.find_last_not_of(" ,");
    if (last == std::string_view::npos) return client;
    list = list.substr(0, last + 1);
    const std::size_t before = list.find_last_of(" ,");
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    std::string named = address_in(list.substr(begin));
    if (named.empty()) return client;
    client = std::move(named);
    if (!recursive || begin == 0) return client;
    list = list.substr(0, begin - 1);
  }
}

}  // namespace

void take_real_client(Visit& visit) {
  if (visit.client_is_real || visit.client.empty()) return;
  const auto trusted = all_in_force(visit, "set_real_ip_from");
  if (trusted.empty()) return;
  const auto line = in_force(visit, "real_ip_header");
  std::string name = line ? lower(line->arg(0)) : "x-real-ip";
  for (char& c : name) c = c == '-' ? '_' : c;
  // What the PROXY protocol says comes before the request.
  const bool by_proxy = name == "proxy_protocol";
  if (by_proxy && !visit.proxied) return;
  const auto list = by_proxy ? std::nullopt : sent_header(visit, name);
  if (list && list->empty()) return;
  const auto believed = is_trusted(trusted, visit.client);
  if (believed == false) return;
  auto client = believed && list
                    ? follow(trusted, visit.client, *list, is_on(visit, "real_ip_recursive", false))
                    : std::nullopt;
  if (client == visit.client) return;
  visit.client_is_real = client.has_value();
  visit.client = client.value_or("");
}

}  // namespace hopcheck::nginx
