// nginx's own configuration reader: the same states, left as soon as the next byte allows it.
#include "facts/nginx/tokens.h"

#include <algorithm>
#include <array>

namespace hopcheck::nginx {

namespace {

enum Kind : unsigned char { plain, blank, special };

/// What a byte means between words and inside of one that has no quotes.
constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  for (const char c : std::string_view(" \t\r\n")) kinds[static_cast<unsigned char>(c)] = blank;
  for (const char c : std::string_view(";{\\$")) kinds[static_cast<unsigned char>(c)] = special;
  return kinds;
}();

Kind kind_of(char c) {
  return kKinds[static_cast<unsigned char>(c)];
}

std::size_t lines_in(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ++lines;
  return lines;
}

/// What closes the Lua long bracket ("[[", "[==[") that begins at `at`; "" where none begins.
std::string long_bracket_end(std::string_view text, std::size_t at) {
  std::size_t level = 0;
  std::size_t i = at + 1;
  while (i < text.size() && text[i] == '=') {
    ++level;
    ++i;
  }
  if (i >= text.size() || text[i] != '[') return {};
  return "]" + std::string(level, '=') + "]";
}

/// A quote without its like on the same line is no string.
std::size_t skip_lua_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
    if (text[i] == quote) return i + 1;
    if (text[i] == '\\' && (++i == text.size() || text[i] == '\n')) break;
  }
  return at + 1;
}

}  // namespace

Token Tokens::next() {
  words_.clear();
  first_line_ = line_;
  for (;;) {
    if (!skip_blanks()) return at_end();
    const char c = text_[pos_];
    if (c == ';' || c == '{' || c == '}') return sign(c);
    if (c == '#') {
      if (!skip_comment()) return Token::error;
      continue;
    }
    if (words_.empty()) {
      first_line_ = line_;
      first_offset_ = pos_;
    }
    const Step step = c == '"' || c == '\'' ? quoted_word(c) : bare_word();
    if (step == Step::directive) return Token::directive;
    if (step == Step::block_start) return Token::block_start;
    if (step == Step::error) return Token::error;
  }
}

/// False at the end of the text.
bool Tokens::skip_blanks() {
  for (; pos_ < text_.size() && kind_of(text_[pos_]) == blank; ++pos_) {
    if (text_[pos_] == '\n') ++line_;
  }
  return pos_ < text_.size();
}

/// A `;`, `{` or `}` between words.
Token Tokens::sign(char c) {
  ++pos_;
  const bool closes = c == '}';
  if (closes != words_.empty()) {
    error_ = std::string("unexpected \"") + c + "\"";
    return Token::error;
  }
  if (closes) return Token::block_end;
  return c == ';' ? Token::directive : Token::block_start;
}

bool Tokens::skip_comment() {
  const std::size_t end = std::min(text_.find('\n', pos_), text_.size());
  if (!fits(pos_, end, 0)) return false;
  pos_ = end;
  return true;
}

/// What nginx says where its buffer does not hold all from `start` on.
void Tokens::refuse_length(std::size_t start, char quote) {
  pos_ = start + kBuffer;
  if (quote != 0) {
    error_ =
        std::string("too long parameter, probably missing terminating \"") + quote + "\" character";
  } else {
    error_ = "too long parameter \"" + std::string(text_.substr(start, 10)) + "...\" started";
  }
}

Tokens::Step Tokens::bare_word() {
  const std::size_t start = pos_;
  const int start_line = line_;
  bool escaped = false;
  bool variable = false;
  std::size_t at = start;
  for (; at < text_.size(); ++at) {
    const char c = text_[at];
    const Kind kind = kind_of(c);
    if (kind == plain) {
      variable = false;
      continue;
    }
    if (c == '\\') {
      escaped = true;
      variable = false;
      if (++at < text_.size() && text_[at] == '\n') ++line_;
    } else if (c == '$') {
      variable = true;
    } else if (c != '{' || !variable) {
      break;
    }
  }
  const std::size_t end = std::min(at, text_.size());
  const bool before_blank = end < text_.size() && kind_of(text_[end]) == blank;
  if (!fits(start, end + (before_blank ? 1 : 0), 0)) {
    line_ = start_line;
    return Step::error;
  }
  pos_ = end;
  if (end == text_.size()) return unfinished();
  const std::string_view raw = text_.substr(start, end - start);
  words_.push_back(escaped ? unescaped(raw) : raw);
  const char c = text_[end];
  if (c == '\n') ++line_;
  ++pos_;
  return c == ';' ? Step::directive : c == '{' ? Step::block_start : Step::read;
}

Tokens::Step Tokens::quoted_word(char quote) {
  const std::size_t start = pos_ + 1;
  const int start_line = line_;
  bool escaped = false;
  std::size_t at = start;
  for (; at < text_.size() && text_[at] != quote; ++at) {
    if (text_[at] != '\\') continue;
    escaped = true;
    ++at;
  }
  const std::size_t end = std::min(at, text_.size());
  if (!fits(start, end, quote)) {
    line_ = start_line;
    return Step::error;
  }
  const std::string_view raw = text_.substr(start, end - start);
  line_ += static_cast<int>(lines_in(raw));
  pos_ = end;
  if (end == text_.size()) return unfinished();
  words_.push_back(escaped ? unescaped(raw) : raw);
  ++pos_;
  const bool before_blank = pos_ < text_.size() && kind_of(text_[pos_]) == blank;
  if (!fits(start, pos_ + (before_blank ? 1 : 0), 0)) {
    line_ = start_line;
    return Step::error;
  }
  return after_quote();
}

/// A blank, an end of the directive or, in `if ($x = "y")`, a parenthesis.
Tokens::Step Tokens::after_quote() {
  if (pos_ == text_.size()) return unfinished();
  const char c = text_[pos_];
  if (c == ')') return Step::read;  // a word of its own
  ++pos_;
  if (c == '\n') ++line_;
  if (c == ';') return Step::directive;
  if (c == '{') return Step::block_start;
  if (kind_of(c) == blank) return Step::read;
  error_ = std::string("unexpected \"") + c + "\"";
  return Step::error;
}

std::string_view Tokens::unescaped(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    switch (next) {
      case '"':
      case '\'':
      case '\\':
        out += next;
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'n':
        out += '\n';
        break;
      default:
        out += raw[i];
        continue;
    }
    ++i;
  }
  return arena_.keep(out);
}

Tokens::Step Tokens::unfinished() {
  error_ = "unexpected end of file, expecting \";\" or \"}\"";
  return Step::error;
}

Token Tokens::at_end() {
  if (words_.empty()) return Token::file_end;
  unfinished();
  return Token::error;
}

/// One lexical step in Lua code: past a string, a comment, or one character.
std::size_t Tokens::skip_lua() {
  const std::string_view rest = text_.substr(pos_);
  if (rest.front() == '"' || rest.front() == '\'') return skip_lua_string(text_, pos_);
  const std::size_t begin = rest.starts_with("--") ? pos_ + 2 : pos_;
  if (begin < text_.size() && text_[begin] == '[') {
    const std::string close = long_bracket_end(text_, begin);
    const std::size_t end = close.empty() ? pos_ : text_.find(close, begin + close.size());
    if (end == text_.npos) {
      error_ = "Lua code block missing the closing long bracket \"" + close +
               "\", the inlined Lua code may be too long";
    }
    if (!close.empty()) return end == text_.npos ? end : end + close.size();
  }
  return begin > pos_ ? std::min(text_.find('\n', pos_), text_.size()) : pos_ + 1;
}

std::optional<std::string_view> Tokens::lua_block() {
  const std::size_t begin = pos_;
  int opened = line_;
  for (std::size_t depth = 1; pos_ < text_.size();) {
    const char c = text_[pos_];
    if (c == '}' && --depth == 0) return text_.substr(begin, pos_++ - begin);
    if (c == '{') {
      ++depth;
      opened = line_;
    }
    const std::size_t to = skip_lua();
    if (to == text_.npos) {
      pos_ = text_.size();
      return std::nullopt;
    }
    line_ += static_cast<int>(lines_in(text_.substr(pos_, to - pos_)));
    pos_ = to;
  }
  line_ = opened;
  error_ = "unexpected end of file, expecting terminating characters for lua code block";
  return std::nullopt;
}

}  // namespace hopcheck::nginx
