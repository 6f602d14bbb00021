// The upstream blocks: found by name one at a time, or all of them made at once.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "facts/nginx/address.h"
#include "facts/nginx/letters.h"
#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

namespace {

struct Hash {
  std::size_t operator()(std::string_view name) const {
    std::size_t hash = 0;
    for (const char c : name) hash = hash * 31 + static_cast<unsigned char>(to_lower(c));
    return hash;
  }
};
struct Equal {
  bool operator()(std::string_view a, std::string_view b) const { return equal_lower(a, b); }
};

Upstream upstream_of(const Directive& block) {
  Upstream out;
  out.name = block.arg(0);
  out.from = block.evidence();
  for (const Directive& line : block.children("server")) {
    if (auto member = parse_member(line)) out.members.push_back(std::move(*member));
  }
  return out;
}

std::vector<Upstream> made(const std::vector<Directive>& blocks) {
  std::vector<Upstream> out;
  out.reserve(blocks.size());
  std::transform(blocks.begin(), blocks.end(), std::back_inserter(out), upstream_of);
  return out;
}

}  // namespace

struct Upstreams::Names {
  std::unordered_map<std::string_view, Directive, Hash, Equal> blocks{};
};

Upstreams::Upstreams(std::vector<Directive> blocks) {
  auto names = std::make_shared<Names>();
  names->blocks.reserve(blocks.size());
  for (const Directive& block : blocks) names->blocks.emplace(block.arg(0), block);
  names_ = std::move(names);
  all_ = Lazy<std::vector<Upstream>>([blocks = std::move(blocks)] { return made(blocks); });
}

std::string Upstreams::name_of(std::string_view name) const {
  if (names_ == nullptr) return {};
  const auto found = names_->blocks.find(name);
  return found == names_->blocks.end() ? std::string() : std::string(found->first);
}

std::optional<Upstream> Upstreams::find(std::string_view name) const {
  if (names_ == nullptr) return std::nullopt;
  const auto found = names_->blocks.find(name);
  return found == names_->blocks.end() ? std::nullopt : std::optional(upstream_of(found->second));
}

}  // namespace hopcheck::nginx
