// supervisor's configuration, read.
#include "facts/app/supervisor.h"

#include "facts/text/words.h"

namespace hopcheck {
namespace {

/// A semicolon behind a blank begins a comment.
std::string_view without_comment(std::string_view line) {
  const auto comment = line.find(" ;");
  return trimmed(line.substr(0, comment));
}

}  // namespace

std::vector<SupervisorProgram> parse_supervisor(const std::string& file, std::string_view text) {
  std::vector<SupervisorProgram> programs;
  bool inside = false;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = without_comment(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line[0] == ';' || line[0] == '#') continue;
    constexpr std::string_view kProgram = "[program:";
    if (line[0] == '[') {
      inside = line.substr(0, kProgram.size()) == kProgram && line.back() == ']';
      if (inside) {
        programs.emplace_back();
        programs.back().name = line.substr(kProgram.size(), line.size() - kProgram.size() - 1);
      }
      continue;
    }
    const auto equals = line.find('=');
    if (!inside || equals == std::string_view::npos || trimmed(line.substr(0, equals)) != "command")
      continue;
    const std::string value(trimmed(line.substr(equals + 1)));
    programs.back().command = {value, {EvidenceKind::file, file, number, std::string(line), false}};
  }
  return programs;
}

}  // namespace hopcheck
