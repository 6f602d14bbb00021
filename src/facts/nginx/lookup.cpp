// `map`, `geo` and `split_clients`: variables that are looked up by another value.
#include <charconv>

#include "facts/nginx/letters.h"
#include "facts/nginx/server_names.h"
#include "facts/nginx/visit.h"
#include "facts/socket/ip.h"

namespace hopcheck::nginx {

namespace {

constexpr int kDeepest = 20;

/// A line's key without the "\" that keeps it from meaning more.
std::string_view plain_key(std::string_view key) {
  if (key.starts_with('\\')) key.remove_prefix(1);
  return key;
}

class Map {
 public:
  Map(Visit& visit, const Directive& block) : visit_(visit), lines_(block.children()) {
    for (const Directive& line : lines_) {
      if (line.name() == "hostnames" && line.args().empty()) hostnames_ = true;
    }
  }

  std::optional<std::string> find(std::string subject) {
    if (hostnames_ && subject.ends_with('.')) subject.pop_back();
    // A file that could not be read may hold the key.
    for (const Directive& line : lines_) {
      if (line.name() == "include") return std::nullopt;
    }
    const Directive* line = by_text(subject);
    if (line == nullptr && !subject.empty()) line = by_regex(subject);
    if (line == nullptr) line = by_default();
    return line == nullptr ? std::optional<std::string>("") : expand(visit_, line->arg(0));
  }

 private:
  const Directive* by_text(const std::string& subject) const {
    const std::string low = lower(subject);
    NameTable table(low);
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const std::string_view key = lines_[i].name();
      if (lines_[i].args().size() != 1 || key == "default" || key.starts_with('~')) continue;
      if (hostnames_) {
        table.add(i, plain_key(key));
      } else if (equal_lower(plain_key(key), low)) {
        return &lines_[i];
      }
    }
    const auto found = hostnames_ ? table.find() : std::nullopt;
    return found ? &lines_[found->owner] : nullptr;
  }

  const Directive* by_regex(const std::string& subject) {
    for (const Directive& line : lines_) {
      std::string_view key = line.name();
      if (!key.starts_with('~')) continue;
      key.remove_prefix(1);
      const bool caseless = key.starts_with('*');
      if (caseless) key.remove_prefix(1);
      if (matches(visit_, key, caseless, subject)) return &line;
    }
    return nullptr;
  }

  const Directive* by_default() const {
    for (const Directive& line : lines_) {
      if (line.name() == "default") return &line;
    }
    return nullptr;
  }

  Visit& visit_;
  std::vector<Directive> lines_;
  bool hostnames_{false};
};

/// The value of the narrowest network; the last of equal ones.
std::optional<std::string> geo(Visit& visit, const Directive& block) {
  static const std::string kNowhere = "255.255.255.255";
  std::string address;
  if (block.args().size() > 1) {
    const auto source = value_of(visit, block.arg(0).substr(1));
    if (!source) return std::nullopt;
    address = *source;
  } else {
    if (visit.asked->client.empty()) return std::nullopt;
    address = visit.asked->client;
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

std::optional<std::string> looked_up(Visit& visit, const Directive& block) {
  // Maps may ask one another.
  if (visit.lookups >= kDeepest) return std::nullopt;
  ++visit.lookups;
  std::optional<std::string> value;
  if (block.name() == "geo") {
    value = geo(visit, block);
  } else if (block.name() == "split_clients") {
    value = split_clients(visit, block);
  } else if (const auto subject = expand(visit, block.arg(0))) {
    value = Map(visit, block).find(*subject);
  }
  --visit.lookups;
  return value;
}

}  // namespace hopcheck::nginx
