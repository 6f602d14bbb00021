// Words on lines.
#include "report/layout.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "host/bundle.h"

namespace hopcheck {
namespace {

constexpr std::size_t kLongest = 5000;  // more than PATH_MAX: a path is never cut

struct Range {
  char32_t first;
  char32_t last;
};
// East Asian wide and the pictographs: two columns each.
constexpr std::array<Range, 9> kWide = {{{0x1100, 0x115F},
                                         {0x2E80, 0xA4CF},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0xFFE0, 0xFFE6},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};

unsigned byte_at(std::string_view text, std::size_t i) {
  return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
}

/// The code point at `i`, and how many bytes it takes; what is not UTF-8 counts byte by byte.
char32_t decode(std::string_view text, std::size_t i, std::size_t& length) {
  const unsigned lead = byte_at(text, i);
  length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (length == 1 || i + length > text.size()) {
    length = 1;
    return lead;
  }
  char32_t point = lead & (0xFFU >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) point = (point << 6U) | (byte_at(text, i + k) & 0x3FU);
  return point;
}

std::size_t after_colour(std::string_view text, std::size_t i) {
  const auto end = text.find('m', i);
  return end == std::string_view::npos ? text.size() : end + 1;
}

struct Plain {
  std::string_view mark;
  std::string_view ascii;
};
constexpr std::array<Plain, 7> kPlain = {{{"\xe2\x80\xa6", "..."},
                                          {"\xe2\x80\x93", "-"},
                                          {"\xe2\x80\x94", "-"},
                                          {"\xe2\x80\x98", "'"},
                                          {"\xe2\x80\x99", "'"},
                                          {"\xe2\x80\x9c", "\""},
                                          {"\xe2\x80\x9d", "\""}}};

/// Typographic marks in plain letters; every other byte that is not ASCII as \xNN.
std::string in_ascii(std::string_view text) {
  std::string ascii;
  for (std::size_t i = 0; i < text.size();) {
    const auto known = std::find_if(kPlain.begin(), kPlain.end(), [&](const Plain& plain) {
      return text.substr(i, plain.mark.size()) == plain.mark;
    });
    if (known != kPlain.end()) {
      ascii += known->ascii;
      i += known->mark.size();
      continue;
    }
    const unsigned byte = byte_at(text, i);
    if (byte < 0x80U) {
      ascii += text[i];
    } else {
      ascii += fmt::format("\\x{:02x}", byte);
    }
    ++i;
  }
  return ascii;
}

void cut(std::string& text) {
  if (text.size() <= kLongest) return;
  std::size_t end = kLongest;
  while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  text += "...";
}

/// The end of the word that begins at `i`: the next blank that stands outside quotes.
std::size_t shell_word_end(std::string_view text, std::size_t i) {
  char quote = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == ' ') {
      break;
    }
  }
  return std::min(i, text.size());
}

}  // namespace

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\033') {
      i = after_colour(text, i);
      continue;
    }
    std::size_t length = 1;
    const char32_t point = decode(text, i, length);
    bool wide = false;
    for (const auto& range : kWide) wide = wide || (point >= range.first && point <= range.last);
    count += wide ? 2 : 1;
    i += length;
  }
  return count;
}

namespace {

/// How much of a word that is wider than a line goes on the line: up to its last comma or slash,
/// else as much as fits.
std::size_t fitting(std::string_view word, std::size_t width) {
  std::size_t end = 0, used = 0, pause = 0;
  while (end < word.size()) {
    std::size_t length = 1;
    decode(word, end, length);
    const std::size_t wide = columns(word.substr(end, length));
    if (used + wide > width) break;
    used += wide;
    end += length;
    if (word[end - 1] == ',' || word[end - 1] == '/') pause = end;
  }
  return pause > end / 2 ? pause : std::max<std::size_t>(end, 1);
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width, std::size_t first_width) {
  std::vector<std::string> lines;
  std::string line;
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto begin = std::min(text.find_first_not_of(' ', i), text.size());
    auto end = std::min(text.find(' ', begin), text.size());
    auto word = text.substr(begin, end - begin);
    if (columns(word) > width && word.find('\033') == std::string_view::npos) {
      word = word.substr(0, fitting(word, lines.empty() && line.empty() ? first_width : width));
      end = begin + word.size();
    }
    const std::size_t blanks = begin - i, needed = columns(word);
    i = end;
    if (word.empty()) break;
    if (!line.empty() && used + blanks + needed > (lines.empty() ? first_width : width)) {
      lines.push_back(std::move(line));
      line.clear();
    }
    if (line.empty()) {
      line = word;
      used = needed;
      continue;
    }
    if (blanks == 0 && !line.empty() && begin > 0) {  // the rest of a word that was cut
      lines.push_back(std::move(line));
      line = word;
      used = needed;
      continue;
    }
    line.append(blanks, ' ').append(word);
    used += blanks + needed;
  }
  lines.push_back(std::move(line));
  return lines;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  return wrap(text, width, width);
}

std::string paragraph(const std::string& head, std::string_view text, const std::string& indent,
                      std::size_t width) {
  const auto beside = [&](const std::string& before) {
    const std::size_t used = columns(before);
    return width > used + 10 ? width - used : 10;
  };
  const auto lines = wrap(text, beside(indent), beside(head));
  std::string result = head;
  if (lines.empty()) result += '\n';
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) result += indent;
    result += lines[i];
    while (!result.empty() && result.back() == ' ') result.pop_back();
    result += '\n';
  }
  return result;
}

std::string padded(std::string text, std::size_t width) {
  const std::size_t used = columns(text);
  if (used < width) text.append(width - used, ' ');
  return text;
}

std::string fit_for_terminal(std::string_view text, bool unicode, bool keep_lines) {
  std::string blanks(text.substr(0, kLongest + 1));
  for (char& c : blanks) {
    if (c == '\t') c = ' ';
  }
  cut(blanks);
  const std::string safe = printable(blanks, keep_lines);
  return unicode ? safe : in_ascii(safe);
}

std::vector<std::string> wrap_command(std::string_view command, std::size_t width) {
  if (columns(command) <= width) return {std::string(command)};
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < command.size();) {
    const auto end = shell_word_end(command, i);
    const std::string word(command.substr(i, end - i));
    i = end < command.size() ? end + 1 : end;
    std::string& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (columns(line) + 1 + columns(word) + 2 <= width) {
      line += ' ' + word;
    } else {
      line += " \\";
      lines.push_back("  " + word);
    }
  }
  return lines;
}

std::string time_text(double ms) {
  if (!(ms >= 0.05)) return "0 ms";
  if (ms < 0.95) return fmt::format("{:.1f} ms", ms);
  if (ms < 9999.5) return fmt::format("{:.0f} ms", ms);
  return fmt::format("{:.1f} s", ms / 1000);
}

std::string counted(std::size_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace hopcheck
