// The state machine of nginx's configuration reader, one character at a time.
#include "facts/nginx/tokens.h"

namespace hopcheck::nginx {

namespace {

// nginx reads through a buffer of this size (NGX_CONF_BUFFER); a word must fit into it, and so,
// by an old quirk, must a comment.
constexpr std::size_t kBuffer = 4096;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Where a Lua long bracket ("[[", "[==[") that begins at `at` ends, or `at` where none begins.
std::size_t skip_long_bracket(std::string_view text, std::size_t at) {
  std::size_t level = 0;
  std::size_t i = at + 1;
  while (i < text.size() && text[i] == '=') {
    ++level;
    ++i;
  }
  if (i >= text.size() || text[i] != '[') return at;
  const std::string close = "]" + std::string(level, '=') + "]";
  const std::size_t end = text.find(close, i + 1);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

std::size_t skip_lua_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote || text[i] == '\n') {
      return i + 1;
    }
  }
  return text.size();
}

std::size_t skip_lua_comment(std::string_view text, std::size_t at) {
  if (at + 2 < text.size() && text[at + 2] == '[') {
    const std::size_t end = skip_long_bracket(text, at + 2);
    if (end != at + 2) return end;
  }
  const std::size_t end = text.find('\n', at);
  return end == std::string_view::npos ? text.size() : end;
}

/// One lexical step in Lua code: past a string, a comment, or one character.
std::size_t skip_lua(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '"' || c == '\'') return skip_lua_string(text, at);
  if (c == '-' && at + 1 < text.size() && text[at + 1] == '-') return skip_lua_comment(text, at);
  if (c == '[') {
    const std::size_t end = skip_long_bracket(text, at);
    if (end != at) return end;
  }
  return at + 1;
}

}  // namespace

void Tokens::reset() {
  words_.clear();
  start_ = pos_;
  start_line_ = first_line_ = line_;
  blank_ = true;
  need_blank_ = comment_ = variable_ = escaped_ = false;
  quote_ = 0;
}

Token Tokens::next() {
  reset();
  for (;;) {
    if (pos_ >= text_.size()) return at_end();
    if (pos_ - start_ == kBuffer) return too_long();
    const char c = text_[pos_++];
    if (c == '\n') {
      ++line_;
      comment_ = false;
    }
    if (comment_) continue;
    if (escaped_) {
      escaped_ = false;
      continue;
    }
    Step step = need_blank_ ? after_quote(c) : Step::read;
    if (step == Step::read) step = blank_ ? between_words(c) : in_word(c);
    switch (step) {
      case Step::read:
      case Step::skip:
        continue;
      case Step::directive:
        return Token::directive;
      case Step::block_start:
        return Token::block_start;
      case Step::block_end:
        return Token::block_end;
      case Step::error:
        return Token::error;
    }
  }
}

Tokens::Step Tokens::after_quote(char c) {
  if (is_blank(c)) {
    blank_ = true;
    need_blank_ = false;
    return Step::skip;
  }
  if (c == ';') return Step::directive;
  if (c == '{') return Step::block_start;
  if (c != ')') return fail(std::string("unexpected \"") + c + "\"");
  // `if ($x = "y")`: a parenthesis may follow a quote at once, and is a word of its own.
  blank_ = true;
  need_blank_ = false;
  return Step::read;
}

Tokens::Step Tokens::between_words(char c) {
  start_ = pos_ - 1;
  start_line_ = line_;
  if (is_blank(c)) return Step::skip;
  switch (c) {
    case ';':
    case '{':
      if (words_.empty()) return fail(std::string("unexpected \"") + c + "\"");
      return c == ';' ? Step::directive : Step::block_start;
    case '}':
      return words_.empty() ? Step::block_end : fail("unexpected \"}\"");
    case '#':
      comment_ = true;
      return Step::skip;
    case '\\':
      escaped_ = true;
      break;
    case '"':
    case '\'':
      ++start_;
      quote_ = c;
      break;
    case '$':
      variable_ = true;
      break;
    default:
      break;
  }
  blank_ = false;
  if (words_.empty()) {
    first_line_ = line_;
    first_offset_ = pos_ - 1;
  }
  return Step::skip;
}

Tokens::Step Tokens::in_word(char c) {
  if (c == '{' && variable_) return Step::skip;
  variable_ = false;
  if (c == '\\') {
    escaped_ = true;
    return Step::skip;
  }
  if (c == '$') {
    variable_ = true;
    return Step::skip;
  }
  if (quote_ != 0) {
    if (c != quote_) return Step::skip;
    quote_ = 0;
    need_blank_ = true;
    return take_word(c);
  }
  if (!is_blank(c) && c != ';' && c != '{') return Step::skip;
  blank_ = true;
  return take_word(c);
}

Tokens::Step Tokens::take_word(char c) {
  words_.push_back(unescaped(text_.substr(start_, pos_ - 1 - start_)));
  if (c == ';') return Step::directive;
  if (c == '{') return Step::block_start;
  return Step::skip;
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

Tokens::Step Tokens::fail(std::string message) {
  error_ = std::move(message);
  return Step::error;
}

Token Tokens::at_end() {
  if (words_.empty() && blank_) return Token::file_end;
  error_ = "unexpected end of file, expecting \";\" or \"}\"";
  return Token::error;
}

Token Tokens::too_long() {
  line_ = start_line_;
  if (quote_ != 0) {
    error_ = std::string("too long parameter, probably missing terminating \"") + quote_ +
             "\" character";
  } else {
    error_ = "too long parameter \"" + std::string(text_.substr(start_, 10)) + "...\" started";
  }
  return Token::error;
}

std::optional<std::string_view> Tokens::lua_block() {
  const std::size_t begin = pos_;
  std::size_t depth = 1;
  while (pos_ < text_.size()) {
    const char c = text_[pos_];
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) break;
    const std::size_t to = skip_lua(text_, pos_);
    for (; pos_ < to && pos_ < text_.size(); ++pos_) {
      if (text_[pos_] == '\n') ++line_;
    }
  }
  if (pos_ >= text_.size()) return std::nullopt;
  return text_.substr(begin, pos_++ - begin);
}

}  // namespace hopcheck::nginx
