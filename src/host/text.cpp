// Small helpers for the text formats of the seam: escapes, numbers, reasons in words.
#include "host/text.h"

#include <charconv>
#include <stdexcept>

#include "host/bundle.h"

namespace hopcheck {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// Characters that print nothing but change how others are shown: C1 controls, line and paragraph
// separators, marks of text direction, zero-width ones.
bool acts_on_terminal(unsigned code) {
  return code < 0xa0 || code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
         code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb) || (code & 0xfffe) == 0xfffe ||
         (code >= 0xe0000 && code <= 0xe0fff);
}

std::size_t sequence_length(unsigned lead) {
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::size_t printable_length(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  const std::size_t length = sequence_length(lead);
  if (length == 0 || text.size() - at < length) return 0;
  unsigned code = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = byte_at(text, at + i);
    if ((next & 0xc0) != 0x80) return 0;
    code = code << 6 | (next & 0x3f);
  }
  const unsigned least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return 0;
  return acts_on_terminal(code) ? 0 : length;
}

void append_hex_escape(std::string& out, char byte) {
  constexpr char digits[] = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += "\\x";
  out += digits[value >> 4];
  out += digits[value & 15];
}

std::optional<char> hex_escape_at(std::string_view text, std::size_t at) {
  if (text.size() < at + 4 || text[at] != '\\' || text[at + 1] != 'x') return std::nullopt;
  const int high = hex_digit(text[at + 2]);
  const int low = hex_digit(text[at + 3]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

std::string_view next_line(std::string_view text, std::size_t& begin) {
  const std::size_t end = std::min(text.find('\n', begin), text.size());
  const std::string_view line = text.substr(begin, end - begin);
  begin = end + 1;
  return line;
}

long long parse_number(std::string_view text, long long least, long long most) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    throw std::invalid_argument("not a number in range: " + printable(text.substr(0, 40)));
  }
  return value;
}

std::vector<std::string> unseen_words(const Unseen& unseen) {
  std::vector<std::string> words{why_name(unseen.why)};
  // A text that begins like the option must not be taken for it.
  if (!unseen.needs.empty() || starts_with(unseen.what, "needs=")) {
    words.push_back("needs=" + unseen.needs);
  }
  if (!unseen.what.empty()) words.push_back(unseen.what);
  return words;
}

Unseen unseen_of_words(const std::vector<std::string>& words, std::size_t from) {
  if (from >= words.size()) throw std::invalid_argument("no reason given");
  Unseen unseen{parse_why(words[from]), {}, {}};
  std::size_t at = from + 1;
  if (at < words.size() && starts_with(words[at], "needs=")) unseen.needs = words[at++].substr(6);
  for (; at < words.size(); ++at) {
    if (!unseen.what.empty()) unseen.what += ' ';
    unseen.what += words[at];
  }
  return unseen;
}

}  // namespace hopcheck
