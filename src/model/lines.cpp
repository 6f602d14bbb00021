// Lines of files, from the answers that hold their text.
#include "hopcheck/lines.h"

#include "model/state.h"

namespace hopcheck {

Fact<std::string> line_of(const Deployment& host, const std::string& file, int line) {
  const auto text = text_of(host.state().host.ask(ask::read(file)), file + ": not there");
  if (!text.seen()) return text.unseen();
  std::size_t begin = 0;
  for (int at = 1; at < line && begin != std::string::npos; ++at) {
    begin = text->find('\n', begin);
    if (begin != std::string::npos) ++begin;
  }
  if (line < 1 || begin == std::string::npos || begin >= text->size())
    return Unseen{Unseen::Why::malformed, file + " has no line " + std::to_string(line), {}};
  return text->substr(begin, text->find('\n', begin) - begin);
}

std::optional<Edit> replaced_in_line(const Deployment& host, const Evidence& at,
                                     const std::string& from, const std::string& to) {
  const auto line = line_of(host, at.source, at.line);
  if (!line.seen() || from.empty()) return std::nullopt;
  const auto place = line->find(from);
  if (place == std::string::npos || line->find(from, place + 1) != std::string::npos)
    return std::nullopt;
  std::string changed = *line;
  changed.replace(place, from.size(), to);
  return Edit{at.source, at.line, *line, changed};
}

std::optional<Edit> line_before(const Deployment& host, const Evidence& at,
                                const std::string& text) {
  const auto line = line_of(host, at.source, at.line);
  if (!line.seen()) return std::nullopt;
  const auto indentation = line->find_first_not_of(" \t");
  return Edit{at.source,
              at.line,
              {},
              line->substr(0, indentation == std::string::npos ? 0 : indentation) + text};
}

}  // namespace hopcheck
