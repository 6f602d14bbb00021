// Lines with a word in them, of a source that holds other things, too.
#include "host/reduce_words.h"

#include <algorithm>

namespace hopcheck {
namespace {

constexpr std::uint64_t kMostLookedAt = 1U << 20U;
constexpr std::size_t kMostLines = 5;
constexpr std::size_t kMostBytes = 400;

bool is_letter(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool has_word(std::string_view line, std::string_view word) {
  const auto begin = line.find_first_not_of(" \t");
  if (begin == std::string_view::npos || line[begin] == '#') return false;
  for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const bool starts = at == 0 || !is_letter(line[at - 1]);
    const auto end = at + word.size();
    if (starts && (end == line.size() || !is_letter(line[end]))) return true;
  }
  return false;
}

}  // namespace

std::string reduce_lines_with(const ByteSource& source, const std::string& format) {
  std::string bytes(static_cast<std::size_t>(std::min(source.size, kMostLookedAt)), '\0');
  bytes.resize(std::min(source.read(0, bytes.data(), bytes.size()), bytes.size()));
  std::string out;
  std::size_t number = 0;
  std::size_t found = 0;
  for (std::size_t begin = 0; begin < bytes.size() && found < kMostLines && !format.empty();) {
    const auto end = std::min(bytes.find('\n', begin), bytes.size());
    const std::string_view line = std::string_view(bytes).substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (!has_word(line, format)) continue;
    ++found;
    out += std::to_string(number) + " ";
    out += line.substr(0, kMostBytes);
    out += '\n';
  }
  return out;
}

}  // namespace hopcheck
