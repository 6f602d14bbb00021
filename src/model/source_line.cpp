// Lines of configuration files as they stand there, for edits.
#include <fmt/format.h>

#include "facts/text/words.h"
#include "hopcheck/forwarded.h"
#include "model/state.h"

namespace hopcheck {
namespace {

Fact<std::vector<std::string>> lines_of(const Deployment& host, const std::string& file) {
  const auto text = text_of(host.state().host.ask(ask::read(file)), file + ": not there");
  if (!text.seen()) return text.unseen();
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    lines.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

Unseen no_line(const std::string& file, int line) {
  return {Unseen::Why::undecidable, fmt::format("{} has no line {}", file, line), {}};
}

}  // namespace

Fact<std::string> source_line(const Deployment& host, const Evidence& from) {
  const auto lines = lines_of(host, from.source);
  if (!lines.seen()) return lines.unseen();
  if (from.line < 1 || static_cast<std::size_t>(from.line) > lines->size())
    return no_line(from.source, from.line);
  return (*lines)[static_cast<std::size_t>(from.line) - 1];
}

Fact<Evidence> line_within(const Deployment& host, const Evidence& block, const Evidence& inside) {
  Evidence found = inside;
  if (inside.source == block.source) {
    const auto line = source_line(host, inside);
    if (!line.seen()) return line.unseen();
    found.text = *line;
    return found;
  }
  const auto lines = lines_of(host, block.source);
  if (!lines.seen()) return lines.unseen();
  for (auto at = static_cast<std::size_t>(std::max(block.line, 1)); at < lines->size(); ++at) {
    const std::string_view line = trimmed((*lines)[at]);
    if (!line.starts_with("include") || line.find(base_name(inside.source)) == line.npos) continue;
    found = block;
    found.line = static_cast<int>(at) + 1;
    found.text = (*lines)[at];
    return found;
  }
  return Unseen{Unseen::Why::undecidable,
                fmt::format("the include of {} in {}", inside.source, block.source),
                {}};
}

}  // namespace hopcheck
