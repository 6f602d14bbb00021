// Lines of the reducer "flask-1".
#include "facts/app/flask_lines.h"

#include <charconv>

namespace hopcheck {

std::vector<FlaskLine> flask_lines(std::string_view text) {
  std::vector<FlaskLine> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    FlaskLine read;
    const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), read.number);
    if (error != std::errc{}) continue;
    line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
    while (!line.empty()) {
      const auto begin = line.find_first_not_of(' ');
      if (begin == std::string_view::npos) break;
      const auto blank = std::min(line.find(' ', begin), line.size());
      read.words.emplace_back(line.substr(begin, blank - begin));
      line.remove_prefix(blank);
    }
    if (!read.words.empty()) lines.push_back(std::move(read));
  }
  return lines;
}

std::string flask_option(const FlaskLine& line, std::string_view name) {
  for (const auto& word : line.words) {
    if (word.size() > name.size() && word[name.size()] == '=' &&
        word.compare(0, name.size(), name) == 0)
      return word.substr(name.size() + 1);
  }
  return {};
}

}  // namespace hopcheck
