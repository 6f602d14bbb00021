// Words of command lines, as the programs that split them do it.
#include "facts/text/words.h"

#include <sstream>

namespace hopcheck {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Appends what the quotes at `at` hold; returns the position after them, npos where they stay open.
std::size_t read_quoted(std::string_view text, std::size_t at, std::string& word) {
  const char quote = text[at++];
  for (; at < text.size(); ++at) {
    if (text[at] == quote) return at + 1;
    const bool escape = quote == '"' && text[at] == '\\';
    if (escape && at + 1 == text.size()) return std::string_view::npos;
    if (escape && (text[at + 1] == '"' || text[at + 1] == '\\')) ++at;
    word += text[at];
  }
  return std::string_view::npos;
}

// Reads one word that begins at `at`; npos where it is malformed.
std::size_t read_word(std::string_view text, std::size_t at, std::string& word) {
  while (at < text.size() && !is_blank(text[at])) {
    if (text[at] == '\'' || text[at] == '"') {
      at = read_quoted(text, at, word);
      if (at == std::string_view::npos) return at;
      continue;
    }
    if (text[at] == '\\' && ++at == text.size()) return std::string_view::npos;
    word += text[at++];
  }
  return at;
}

}  // namespace

std::optional<std::vector<std::string>> shell_split(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (true) {
    while (at < text.size() && is_blank(text[at])) ++at;
    if (at >= text.size()) return words;
    std::string word;
    at = read_word(text, at, word);
    if (at == std::string_view::npos) return std::nullopt;
    words.push_back(std::move(word));
  }
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string from_directory(const std::string& cwd, const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  if (cwd.empty() || cwd.front() != '/') return {};
  std::string_view rest = path;
  while (rest.substr(0, 2) == "./") rest.remove_prefix(2);
  return (cwd.back() == '/' ? cwd : cwd + "/") + std::string(rest);
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string one_line(std::string_view text, std::size_t limit) {
  text = trimmed(text);
  const std::string_view head = text.substr(0, limit + 1);
  const std::string_view line = head.substr(0, head.find('\n'));
  std::string_view cut = trimmed(line.substr(0, limit));
  // Not in the middle of a UTF-8 sequence.
  if (line.size() > limit) {
    while (!cut.empty() && (static_cast<unsigned char>(cut.back()) & 0xc0U) == 0x80U)
      cut.remove_suffix(1);
    if (!cut.empty() && (static_cast<unsigned char>(cut.back()) & 0x80U) != 0) cut.remove_suffix(1);
  }
  return std::string(cut) + (cut.size() < text.size() ? "…" : "");
}

bool is_utf8(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const auto first = static_cast<unsigned char>(bytes[at]);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length == 0 || at + length > bytes.size()) return false;
    unsigned code = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t i = 1; i < length; ++i) {
      const auto next = static_cast<unsigned char>(bytes[at + i]);
      if ((next & 0xc0U) != 0x80U) return false;
      code = (code << 6) | (next & 0x3fU);
    }
    if (length == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) return false;
    if (length == 4 && (code < 0x10000 || code > 0x10ffff)) return false;
    at += length;
  }
  return true;
}

std::vector<std::string> blank_separated(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

}  // namespace hopcheck
