// Looking at a parsed configuration, one directive at a time.
#include <algorithm>

#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

namespace {

constexpr std::size_t kMaxText = 200;

bool needs_quotes(std::string_view word) {
  return word.empty() || word.find_first_of(" \t\r\n;{}\"'#") != std::string_view::npos;
}

void append_word(std::string& out, std::string_view word) {
  const bool quoted = needs_quotes(word);
  if (quoted) out += '"';
  for (const char c : word.substr(0, kMaxText)) {
    if (quoted && (c == '"' || c == '\\')) out += '\\';
    const auto value = static_cast<unsigned char>(c);
    out += value < 0x20 || value == 0x7f ? ' ' : c;
  }
  if (quoted) out += '"';
}

}  // namespace

std::string_view Directive::name() const {
  return config_->name(config_->nodes[index_]);
}

std::span<const std::string_view> Directive::args() const {
  return config_->arguments(config_->nodes[index_]);
}

std::string_view Directive::arg(std::size_t i) const {
  const auto all = args();
  return i < all.size() ? all[i] : std::string_view{};
}

bool Directive::is_block() const {
  return config_->nodes[index_].block != 0;
}

Origin Directive::at() const {
  return config_->nodes[index_].at;
}

std::vector<Directive> Directive::children() const {
  std::vector<Directive> out;
  const std::uint32_t end = config_->nodes[index_].end;
  for (std::uint32_t i = index_ + 1; i < end; i = config_->nodes[i].end) {
    out.emplace_back(*config_, i);
  }
  return out;
}

std::vector<Directive> Directive::children(std::string_view name) const {
  auto out = children();
  std::erase_if(out, [name](const Directive& child) { return child.name() != name; });
  return out;
}

std::optional<Directive> Directive::child(std::string_view name) const {
  std::optional<Directive> last;
  const std::uint32_t end = config_->nodes[index_].end;
  for (std::uint32_t i = index_ + 1; i < end; i = config_->nodes[i].end) {
    if (config_->name(config_->nodes[i]) == name) last.emplace(*config_, i);
  }
  return last;
}

std::string Directive::text() const {
  std::string out;
  append_word(out, name());
  for (const std::string_view word : args()) {
    if (out.size() > kMaxText) break;
    out += ' ';
    append_word(out, word);
  }
  out += is_block() ? " {" : ";";
  if (out.size() <= kMaxText) return out;
  std::size_t cut = kMaxText - 3;
  // Not inside a UTF-8 sequence.
  while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xc0) == 0x80) --cut;
  return out.substr(0, cut) + "...";
}

Evidence Directive::evidence() const {
  const Origin from = at();
  Evidence out;
  if (from.file < config_->files.size()) out.source = config_->files[from.file];
  out.line = static_cast<int>(from.line);
  out.text = text();
  return out;
}

std::vector<Directive> Config::top() const {
  std::vector<Directive> out;
  for (std::uint32_t i = 0; i < nodes.size(); i = nodes[i].end) out.emplace_back(*this, i);
  return out;
}

std::optional<Directive> in_force(const Config& config, std::uint32_t index,
                                  std::string_view name) {
  if (auto own = config.at(index).child(name)) return own;
  for (std::uint32_t before = index; before-- > 0;) {
    if (config.nodes[before].end <= index)
      continue;  // it ends before: a neighbour, not a block around
    if (auto outer = config.at(before).child(name)) return outer;
  }
  for (const Directive& top : config.top()) {
    if (top.name() == name) return top;
  }
  return std::nullopt;
}

}  // namespace hopcheck::nginx
