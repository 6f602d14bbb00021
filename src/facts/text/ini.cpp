// Files of sections and settings.
#include "facts/text/ini.h"

#include "facts/text/words.h"

namespace hopcheck {

std::vector<IniLine> read_ini(const std::string& file, std::string_view text) {
  std::vector<IniLine> lines;
  std::string section;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    line = trimmed(line.substr(0, std::min(line.find(" ;"), line.find(" #"))));
    if (line.empty() || line[0] == ';' || line[0] == '#') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = line.substr(1, line.size() - 2);
      continue;
    }
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    lines.push_back({section,
                     std::string(trimmed(line.substr(0, equals))),
                     {std::string(trimmed(line.substr(equals + 1))),
                      {EvidenceKind::file, file, number, one_line(line), false}}});
  }
  return lines;
}

}  // namespace hopcheck
