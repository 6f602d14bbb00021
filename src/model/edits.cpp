// Lines of nginx's configuration, changed or added where they stand.
#include "hopcheck/edits.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "hopcheck/lines.h"

namespace hopcheck {
namespace {

/// The line as it stands, "" where there is none.
std::string line_at(const Deployment& host, const std::string& file, int number) {
  const auto line = line_of(host, file, number);
  return line.seen() ? *line : "";
}

std::string indentation_of(const std::string& line) {
  return line.substr(0, std::min(line.find_first_not_of(" \t"), line.size()));
}

/// The line with this directive's value changed; nothing where it does not stand on one line.
std::optional<std::string> changed(const std::string& line, const std::string& name,
                                   const std::string& value) {
  auto at = line.find(name);
  while (at != std::string::npos && at > 0 &&
         std::string_view(" \t;{}").find(line[at - 1]) == std::string_view::npos)
    at = line.find(name, at + 1);
  if (at == std::string::npos) return std::nullopt;
  const auto end = line.find(';', at);
  if (end == std::string::npos) return std::nullopt;
  return line.substr(0, at) + name + " " + value + line.substr(end);
}

/// As the first line of a block whose name stands on line number `begin`.
std::optional<Edit> inserted(const Deployment& host, const std::string& file, int begin,
                             const std::string& directive) {
  for (int i = begin; i < begin + 3; ++i) {
    const std::string line = line_at(host, file, i);
    const auto brace = line.find('{');
    if (brace == std::string::npos) continue;
    const auto rest = line.find_first_not_of(" \t", brace + 1);
    // More than the brace: the directive comes between.
    if (rest != std::string::npos && line[rest] != '#')
      return Edit{file, i, line,
                  line.substr(0, brace + 1) + " " + directive + line.substr(brace + 1)};
    const std::string next = line_at(host, file, i + 1);
    const bool empty_block = next.find_first_not_of(" \t") == next.find('}');
    const std::string indentation =
        empty_block ? indentation_of(line) + "    " : indentation_of(next);
    return Edit{file, i + 1, "", indentation + directive};
  }
  return std::nullopt;
}

std::vector<Edit> change(const Deployment& host, const nginx::Directive& old,
                         const std::string& name, const std::string& value) {
  const Evidence from = old.evidence();
  const std::string before = line_at(host, from.source, from.line);
  const auto line = changed(before, name, value);
  if (!line) return {};
  return {{from.source, from.line, before, *line}};
}

std::optional<nginx::Directive> events_of(const nginx::Config& config) {
  for (const auto& top : config.top()) {
    if (top.name() == "events") return top;
  }
  return std::nullopt;
}

}  // namespace

std::vector<Edit> set_directive(const Deployment& host, const nginx::Instance& instance,
                                std::uint32_t block, const std::string& name,
                                const std::string& value) {
  if (const auto old = nginx::in_force(*instance.config, block, name))
    return change(host, *old, name, value);
  const Evidence from = instance.config->at(block).evidence();
  const auto edit = inserted(host, from.source, from.line, name + " " + value + ";");
  return edit ? std::vector<Edit>{*edit} : std::vector<Edit>{};
}

std::vector<Edit> set_main_directive(const Deployment& host, const nginx::Instance& instance,
                                     const std::string& name, const std::string& value) {
  for (const auto& top : instance.config->top()) {
    if (top.name() == name) return change(host, top, name, value);
  }
  return {{instance.conf_path, 1, "", name + " " + value + ";"}};
}

std::optional<nginx::Directive> connections_line(const nginx::Config& config) {
  const auto events = events_of(config);
  return events ? events->child("worker_connections") : std::nullopt;
}

std::vector<Edit> more_connections(const Deployment& host, const nginx::Instance& instance) {
  const nginx::Config& config = *instance.config;
  const auto events = events_of(config);
  const auto set = connections_line(config);
  // 10000 and more were a choice.
  if (!events || (set && set->arg(0).size() > 4)) return {};
  auto edits = set_directive(host, instance, events->index(), "worker_connections", "4096");
  // Each takes a descriptor, those that are passed on two; 1024 is what systemd starts it with.
  const auto top = config.top();
  const bool has_limit = std::any_of(top.begin(), top.end(), [](const nginx::Directive& one) {
    return one.name() == "worker_rlimit_nofile";
  });
  if (edits.empty() || has_limit) return edits;
  for (auto& edit : set_main_directive(host, instance, "worker_rlimit_nofile", "65536"))
    edits.push_back(std::move(edit));
  return edits;
}

long long size_bytes(const std::string& text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0 || value > (1LL << 40)) return 0;
  const std::string unit(end, text.data() + text.size());
  if (unit.empty()) return value;
  const char letter = static_cast<char>(unit[0] | 0x20);
  const int shift = letter == 'k' ? 10 : letter == 'm' ? 20 : letter == 'g' ? 30 : 0;
  return unit.size() == 1 && shift > 0 ? value << shift : 0;
}

long long time_ms(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, long long>, 8> units{{{"ms", 1},
                                                                         {"", 1000},
                                                                         {"s", 1000},
                                                                         {"m", 60'000},
                                                                         {"h", 3'600'000},
                                                                         {"d", 86'400'000},
                                                                         {"w", 604'800'000},
                                                                         {"y", 31'536'000'000}}};
  long long sum = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    long long value = 0;
    const char* const end_of_text = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + at, end_of_text, value);
    if (error != std::errc{} || value < 0 || value > 1'000'000'000) return 0;
    at = static_cast<std::size_t>(end - text.data());
    const std::size_t begin = at;
    while (at < text.size() && text[at] >= 'a' && text[at] <= 'z') ++at;
    const std::string_view name = std::string_view(text).substr(begin, at - begin);
    const auto unit = std::find_if(units.begin(), units.end(),
                                   [&](const auto& one) { return one.first == name; });
    if (unit == units.end()) return 0;
    sum += value * unit->second;
  }
  return sum;
}

}  // namespace hopcheck
