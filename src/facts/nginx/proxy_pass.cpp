// The parts of what stands behind proxy_pass, and the variables in it.
#include "hopcheck/proxy_pass.h"

#include <algorithm>

#include "facts/nginx/letters.h"

namespace hopcheck {
namespace nginx {
namespace {

// A value may hold further variables; a chain this long is a circle.
constexpr int kMostSteps = 8;

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The `set` lines for a variable in the block at `index` and in those around it, wherever they
/// stand in them: an `if` may hold one, too.
std::vector<Directive> lines_that_set(const Config& config, std::uint32_t index,
                                      const std::string& name) {
  std::vector<Directive> lines;
  for (std::uint32_t i = 0; i < config.nodes.size(); ++i) {
    const Directive line = config.at(i);
    if (line.name() != "set" || !equal_lower(line.arg(0), "$" + name)) continue;
    // Of other locations none counts.
    std::uint32_t around = i;
    while (around-- > 0) {
      const bool holds = config.nodes[around].end > i;
      if (holds && config.at(around).name() == "location") break;
      if (holds && config.at(around).name() == "server") break;
    }
    if (around <= index && index < config.nodes[around].end) lines.push_back(line);
  }
  return lines;
}

/// Where the variable that begins at `at` ends, and its name.
std::size_t variable_at(const std::string& text, std::size_t at, std::string& name) {
  const bool braced = at + 1 < text.size() && text[at + 1] == '{';
  const std::size_t begin = at + (braced ? 2 : 1);
  std::size_t end = begin;
  while (end < text.size() && is_name(text[end])) ++end;
  name = text.substr(begin, end - begin);
  return braced && end < text.size() ? end + 1 : end;
}

}  // namespace

Valued with_values(const Config& config, std::uint32_t index, const std::string& text) {
  Valued valued{text, {}};
  int steps = 0;
  for (std::size_t at = 0; (at = valued.text.find('$', at)) != std::string::npos;) {
    std::string name;
    const std::size_t end = variable_at(valued.text, at, name);
    const auto lines = lines_that_set(config, index, name);
    const bool one = !lines.empty() && std::all_of(lines.begin(), lines.end(), [&](const auto& l) {
      return l.arg(1) == lines.front().arg(1);
    });
    if (!one || ++steps > kMostSteps) {
      at = end;
      continue;
    }
    valued.text.replace(at, end - at, lines.back().arg(1));
    valued.from.push_back(lines.back().evidence());
  }
  return valued;
}

}  // namespace nginx

ProxyPass proxy_pass_of(const std::string& target) {
  ProxyPass parts;
  const auto scheme = target.find("://");
  if (scheme == std::string::npos) {
    parts.place = target;
    return parts;
  }
  parts.scheme = target.substr(0, scheme);
  const std::string rest = target.substr(scheme + 3);
  const bool is_unix = rest.starts_with("unix:");
  const auto cut = rest.find_first_of(is_unix ? ":" : "/?", is_unix ? 5 : 0);
  parts.place = rest.substr(0, cut);
  if (cut != std::string::npos) parts.uri = rest.substr(is_unix ? cut + 1 : cut);
  return parts;
}

}  // namespace hopcheck
