// `map`, `geo` and `split_clients`: variables that are looked up by another value.
#include "facts/nginx/lookup.h"

#include <algorithm>
#include <charconv>

#include "facts/nginx/letters.h"
#include "facts/nginx/server_names.h"
#include "facts/nginx/visit.h"
#include "facts/socket/ip.h"

namespace hopcheck::nginx {

namespace {

constexpr int kDeepest = 20;
constexpr int kMost = 1000;

/// A line's key without the "\" that keeps it from meaning more.
std::string_view plain_key(std::string_view key) {
  if (key.starts_with('\\')) key.remove_prefix(1);
  return key;
}

std::optional<Directive> by_text(const std::vector<Directive>& lines, const std::string& value,
                                 bool hostnames) {
  const std::string low = lower(value);
  NameTable table(low);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view key = lines[i].name();
    if (lines[i].args().size() != 1 || key == "default" || key.starts_with('~')) continue;
    if (hostnames) {
      table.add(i, plain_key(key));
    } else if (equal_lower(plain_key(key), low)) {
      return lines[i];
    }
  }
  const auto found = hostnames ? table.find() : std::nullopt;
  return found ? std::optional(lines[found->owner]) : std::nullopt;
}

bool has_line(const std::vector<Directive>& lines, std::string_view name, std::size_t arguments) {
  return std::any_of(lines.begin(), lines.end(), [&](const Directive& line) {
    return line.name() == name && line.args().size() == arguments;
  });
}

/// The value of the narrowest network; the last of equal ones.
std::optional<std::string> geo(Visit& visit, const Directive& block) {
  static const std::string kNowhere = "255.255.255.255";
  std::string address;
  if (block.args().size() > 1) {
    const auto source = value_of(visit, block.arg(0).substr(1));
    if (!source) return std::nullopt;
    address = *source;
  } else {
    if (visit.client.empty()) return std::nullopt;
    address = visit.client;
  }
  const std::string subject = parse_ip(address) ? address : kNowhere;
  int best = -1;
  std::string value;
  for (const Directive& line : block.children()) {
    const std::string_view key = line.name();
    if (key == "ranges" || key == "include" || key == "proxy" || key == "delete") {
      return std::nullopt;
    }
    const auto network = key == "default" ? std::nullopt : parse_network(std::string(key));
    const int bits = key == "default" ? 0 : network ? network->bits : -1;
    if (bits < best || bits < 0) continue;
    const auto place = *parse_network(subject);
    const bool inside =
        network && network->base.v4 == place.base.v4 && overlap(place, *network) == Overlap::whole;
    if (network && !inside) continue;
    best = bits;
    value = line.arg(0);
  }
  return value;
}

/// MurmurHash2 with the seed 0, by which nginx spreads clients.
std::uint32_t murmur_hash(std::string_view text) {
  constexpr std::uint32_t kFactor = 0x5bd1e995;
  const auto byte = [&text](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  auto hash = static_cast<std::uint32_t>(text.size());
  for (; text.size() >= 4; text.remove_prefix(4)) {
    std::uint32_t word = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    word *= kFactor;
    word ^= word >> 24;
    word *= kFactor;
    hash = hash * kFactor ^ word;
  }
  for (std::size_t i = text.size(); i-- > 0;) hash ^= byte(i) << (8 * i);
  if (!text.empty()) hash *= kFactor;
  hash = (hash ^ hash >> 13) * kFactor;
  return hash ^ hash >> 15;
}

/// "20.5%" in hundredths of a percent; 0: "*".
std::optional<std::uint32_t> share(std::string_view text) {
  if (text == "*") return 0;
  if (!text.ends_with('%')) return std::nullopt;
  double value = 0;
  text.remove_suffix(1);
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value).ptr;
  if (end != text.data() + text.size()) return std::nullopt;
  return static_cast<std::uint32_t>(value * 100 + 0.5);
}

std::optional<std::string> split_clients(Visit& visit, const Directive& block) {
  const auto subject = expand(visit, block.arg(0));
  if (!subject) return std::nullopt;
  const std::uint32_t hash = murmur_hash(*subject);
  std::uint32_t until = 0;
  for (const Directive& line : block.children()) {
    const auto part = share(line.name());
    if (!part) return std::nullopt;
    until += static_cast<std::uint32_t>(*part * std::uint64_t{0xffffffff} / 10000);
    if (*part == 0 || hash < until) return std::string(line.arg(0));
  }
  return "";
}

}  // namespace

MapFind find_in_map(const Directive& map, std::string value,
                    const std::function<bool(std::string_view pattern, bool caseless)>& match) {
  const auto lines = map.children();
  if (has_line(lines, "include", 1)) return {false, {}};
  const bool hostnames = has_line(lines, "hostnames", 0);
  if (hostnames && value.ends_with('.')) value.pop_back();
  if (const auto line = by_text(lines, value, hostnames)) return {true, line};
  for (const Directive& line : lines) {
    std::string_view key = line.name();
    if (value.empty() || !key.starts_with('~')) continue;
    key.remove_prefix(1);
    const bool caseless = key.starts_with('*');
    if (caseless) key.remove_prefix(1);
    if (match(key, caseless)) return {true, line};
  }
  for (const Directive& line : lines) {
    if (line.name() == "default") return {true, line};
  }
  return {};
}

std::optional<std::string> looked_up(Visit& visit, const Directive& block) {
  // Maps may ask one another, and each other several times.
  if (visit.lookup_depth >= kDeepest || ++visit.lookups > kMost) return std::nullopt;
  ++visit.lookup_depth;
  std::optional<std::string> value;
  if (block.name() == "geo") {
    value = geo(visit, block);
  } else if (block.name() == "split_clients") {
    value = split_clients(visit, block);
  } else if (const auto subject = expand(visit, block.arg(0))) {
    const auto found = find_in_map(block, *subject, [&](std::string_view pattern, bool caseless) {
      return matches(visit, pattern, caseless, *subject);
    });
    if (found.known) value = found.line ? expand(visit, found.line->arg(0)) : std::string();
  }
  --visit.lookup_depth;
  return value;
}

}  // namespace hopcheck::nginx
