// The journal of a unit, read.
#include "facts/systemd/journal.h"

#include <algorithm>
#include <charconv>

namespace hopcheck {
namespace {

/// "1763700000.123456 host gunicorn[80]: words": its time, and in `line` its words. Zero for the
/// further lines of an entry, which are indented as far as the words of its first.
double take_time(std::string_view& line) {
  double time = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), time);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return 0;
  const auto words = line.find(": ");
  line.remove_prefix(words == std::string_view::npos ? line.size() : words + 2);
  return time;
}

std::size_t indentation(std::string_view line, std::size_t most) {
  return std::min({line.find_first_not_of(' '), line.size(), most});
}

}  // namespace

std::vector<std::string> journal_command(const std::string& unit) {
  return {"journalctl", "--no-pager", "-o", "short-unix", "-n", "60", "-u", unit};
}

std::vector<JournalLine> parse_journal(std::string_view text) {
  std::vector<JournalLine> lines;
  std::size_t margin = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view whole = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (whole.substr(0, 3) == "-- ") continue;
    std::string_view line = whole;
    const double time = take_time(line);
    if (time > 0) {
      margin = whole.size() - line.size();
      lines.push_back({time, std::string(line)});
    } else if (!lines.empty()) {
      lines.push_back({lines.back().time, std::string(line.substr(indentation(line, margin)))});
    }
  }
  return lines;
}

std::vector<std::string> last_words(const std::vector<JournalLine>& lines, int since_ms) {
  std::vector<std::string> words;
  for (const auto& line : lines) {
    if (line.time + since_ms / 1000.0 >= lines.back().time) words.push_back(line.text);
  }
  return words;
}

}  // namespace hopcheck
