// Python's string literals: prefixes, quotes, escapes.
#include "facts/app/python_expression.h"

namespace hopcheck {
namespace {

bool append_utf8(std::string& out, unsigned long code) {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  const auto put = [&out](unsigned long byte) {
    out += static_cast<char>(static_cast<unsigned char>(byte));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else {
    if (code < 0x10000) {
      put(0xe0 | (code >> 12));
    } else {
      put(0xf0 | (code >> 18));
      put(0x80 | ((code >> 12) & 0x3f));
    }
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
  return true;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// Reads `least` to `most` digits at `at`; false where there are fewer.
bool read_code(std::string_view body, std::size_t& at, int base, std::size_t least,
               std::size_t most, unsigned long& code) {
  std::size_t count = 0;
  code = 0;
  while (count < most && at < body.size() && digit_of(body[at]) < base) {
    code = code * static_cast<unsigned long>(base) + static_cast<unsigned long>(digit_of(body[at]));
    ++at;
    ++count;
  }
  return count >= least;
}

// `at` stands after the backslash.
bool append_escape(std::string_view body, std::size_t& at, std::string& out) {
  const char c = body[at++];
  unsigned long code = 0;
  switch (c) {
    case '\n':
      return true;
    case '\\':
    case '\'':
    case '"':
      out += c;
      return true;
    case 'a':
      out += '\a';
      return true;
    case 'b':
      out += '\b';
      return true;
    case 'f':
      out += '\f';
      return true;
    case 'n':
      out += '\n';
      return true;
    case 'r':
      out += '\r';
      return true;
    case 't':
      out += '\t';
      return true;
    case 'v':
      out += '\v';
      return true;
    case 'N':
      return false;
    case 'x':
      return read_code(body, at, 16, 2, 2, code) && append_utf8(out, code);
    case 'u':
      return read_code(body, at, 16, 4, 4, code) && append_utf8(out, code);
    case 'U':
      return read_code(body, at, 16, 8, 8, code) && append_utf8(out, code);
    default:
      break;
  }
  if (c >= '0' && c <= '7') {
    --at;
    return read_code(body, at, 8, 1, 3, code) && append_utf8(out, code);
  }
  out += '\\';  // an unknown escape stays as it is
  out += c;
  return true;
}

}  // namespace

std::optional<std::string> string_value(const PyToken& token) {
  const std::size_t quote = token.text.find_first_of("'\"");
  const std::string_view prefix = token.text.substr(0, quote);
  if (token.f_string || prefix.find_first_of("bB") != std::string_view::npos) return std::nullopt;
  std::string_view body = token.text.substr(quote);
  const bool triple = body.size() >= 6 && body[1] == body[0] && body[2] == body[0];
  const std::size_t edge = triple ? 3 : 1;
  body = body.substr(edge, body.size() - 2 * edge);
  if (prefix.find_first_of("rR") != std::string_view::npos) return std::string(body);
  std::string out;
  std::size_t at = 0;
  while (at < body.size()) {
    if (body[at] != '\\') {
      out += body[at++];
    } else if (++at == body.size() || !append_escape(body, at, out)) {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace hopcheck
