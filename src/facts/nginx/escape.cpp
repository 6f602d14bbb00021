// Escapes and unescapes URIs.
#include "facts/nginx/escape.h"

#include "facts/nginx/letters.h"

namespace hopcheck::nginx {

namespace {

constexpr std::string_view kNotInUri = " \"#%<>?\\^`{|}";
constexpr std::string_view kNotInArgs = " \"#%&+;<>?\\^`{|}";

void append_escaped(std::string& out, unsigned char value) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  out += '%';
  out += kDigits[value >> 4];
  out += kDigits[value & 15];
}

}  // namespace

int hex_value(char c) {
  const char low = to_lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

std::string escaped(std::string_view text, Escape where) {
  const std::string_view special = where == Escape::uri ? kNotInUri : kNotInArgs;
  std::string out;
  for (const char c : text) {
    const auto value = static_cast<unsigned char>(c);
    if (value < 0x20 || value >= 0x7f || special.find(c) != std::string_view::npos) {
      append_escaped(out, value);
    } else {
      out += c;
    }
  }
  return out;
}

std::string redirect_target(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '?') return out + std::string(text.substr(at - 1));
    if (c != '%') {
      out += c;
      continue;
    }
    // A "%" that two digits do not follow goes, and with it what stood for the first of them.
    if (at >= text.size()) break;
    const int high = hex_value(text[at++]);
    if (high < 0) {
      out += text[at - 1];
      continue;
    }
    if (at >= text.size()) break;
    const int low = hex_value(text[at++]);
    if (low < 0) continue;
    const int value = high * 16 + low;
    // Of a "?" only the digits in letters (%3F) are recognised, as they always are.
    if (value == '?') return out + "?" + std::string(text.substr(at));
    if (value > '%' && value < 0x7f) {
      out += static_cast<char>(value);
    } else {
      out += text.substr(at - 3, 3);
    }
  }
  return out;
}

}  // namespace hopcheck::nginx
