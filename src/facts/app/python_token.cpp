// Python source as tokens grouped into logical lines.
#include "facts/app/python_token.h"

#include <algorithm>
#include <array>

namespace hopcheck {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_name_part(char c) {
  return is_name_start(c) || is_digit(c);
}

// "r", "Rb", "f" … : what may stand before a quote.
bool is_string_prefix(std::string_view text) {
  if (text.size() > 2) return false;
  std::string lower;
  for (const char c : text) lower += static_cast<char>(c | 0x20);
  static constexpr std::array<std::string_view, 12> known{"",   "r",  "u",  "b",  "f",  "t",
                                                          "br", "rb", "fr", "rf", "tr", "rt"};
  return std::find(known.begin(), known.end(), lower) != known.end();
}

bool is_formatted(std::string_view prefix) {
  return prefix.find_first_of("fFtT") != std::string_view::npos;
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view source) : source_(source) {}

  PyTokens run() {
    while (at_ < source_.size() && result_.problem.empty()) {
      if (line_begins_) begin_line();
      if (at_ < source_.size() && !line_begins_) step();
    }
    if (result_.problem.empty() && !brackets_.empty()) fail("a bracket is not closed");
    end_logical_line();
    return std::move(result_);
  }

 private:
  // Measures the indentation; lines that are blank or only a comment have none.
  void begin_line() {
    bool indented = false;
    for (; at_ < source_.size(); ++at_) {
      const char c = source_[at_];
      if (c == ' ' || c == '\t') {
        indented = true;
      } else if (c == '\f') {
        indented = false;
      } else {
        break;
      }
    }
    line_begins_ = false;
    current_.indented = indented;
  }

  void step() {
    const char c = source_[at_];
    if (c == '\n') return newline();
    if (c == ' ' || c == '\t' || c == '\f') {
      ++at_;
    } else if (c == '#') {
      while (at_ < source_.size() && source_[at_] != '\n') ++at_;
    } else if (c == '\\') {
      backslash();
    } else if (is_name_start(c)) {
      name();
    } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      number();
    } else if (c == '"' || c == '\'') {
      string(at_);
    } else {
      op();
    }
  }

  void newline() {
    ++at_;
    ++line_;
    if (!brackets_.empty()) return;
    end_logical_line();
    line_begins_ = true;
  }

  void backslash() {
    if (peek(1) != '\n') return fail("a backslash stands in the middle of a line");
    if (at_ + 2 >= source_.size()) return fail("the file ends after a backslash");
    at_ += 2;
    ++line_;
  }

  void name() {
    const std::size_t begin = at_;
    while (is_name_part(peek(0))) ++at_;
    const std::string_view text = source_.substr(begin, at_ - begin);
    if ((peek(0) == '"' || peek(0) == '\'') && is_string_prefix(text)) return string(begin);
    add(PyToken::Kind::name, begin);
  }

  void number() {
    const std::size_t begin = at_;
    while (is_name_part(peek(0)) || peek(0) == '.') {
      const char c = source_[at_++];
      const bool hex = source_.substr(begin, 2) == "0x" || source_.substr(begin, 2) == "0X";
      if (!hex && (c == 'e' || c == 'E') && (peek(0) == '+' || peek(0) == '-')) ++at_;
    }
    add(PyToken::Kind::number, begin);
  }

  // at_ stands on the opening quote; `begin` on the prefix before it.
  void string(std::size_t begin) {
    const int first_line = line_;
    const std::string_view prefix = source_.substr(begin, at_ - begin);
    const char quote = source_[at_];
    const bool triple = peek(1) == quote && peek(2) == quote;
    at_ += triple ? 3U : 1U;
    const bool closed =
        is_formatted(prefix) ? formatted_body(quote, triple) : plain_body(quote, triple);
    if (!result_.problem.empty()) return;
    if (!closed) return fail("a string is not closed");
    add(PyToken::Kind::string, begin, first_line, is_formatted(prefix));
  }

  bool closes(char quote, bool triple) const {
    return peek(0) == quote && (!triple || (peek(1) == quote && peek(2) == quote));
  }

  // One character of a string, escapes as a pair; false where the string cannot go on.
  bool string_character(bool triple) {
    if (source_[at_] == '\\' && at_ + 1 < source_.size())
      ++at_;
    else if (source_[at_] == '\n' && !triple)
      return false;
    if (source_[at_] == '\n') ++line_;
    ++at_;
    return true;
  }

  bool plain_body(char quote, bool triple) {
    while (at_ < source_.size()) {
      if (closes(quote, triple)) {
        at_ += triple ? 3U : 1U;
        return true;
      }
      if (!string_character(triple)) return false;
    }
    return false;
  }

  // Versions of Python differ in where an f-string with quotes inside its braces ends; where they
  // could, the file is given up.
  bool formatted_body(char quote, bool triple) {
    int depth = 0;
    while (at_ < source_.size()) {
      if (closes(quote, triple)) {
        if (depth != 0) break;
        at_ += triple ? 3U : 1U;
        return true;
      }
      if (depth > 0) {
        if (!braces_character(quote, depth)) break;
      } else if (source_[at_] == '{' && peek(1) != '{') {
        ++depth;
        ++at_;
      } else if (source_[at_] == '{' || source_[at_] == '}') {
        at_ += peek(1) == source_[at_] ? 2U : 1U;
      } else if (source_[at_] == '\\' && peek(1) == '{') {
        break;
      } else if (!string_character(triple)) {
        return false;
      }
    }
    fail("an f-string is too intricate to read");
    return false;
  }

  bool braces_character(char quote, int& depth) {
    const char c = source_[at_];
    if (c == quote || c == '\\' || c == '\n' || c == '#') return false;
    ++at_;
    if (c == '{') ++depth;
    if (c == '}') --depth;
    if (c != '"' && c != '\'') return true;
    while (peek(0) != c) {
      if (at_ >= source_.size() || peek(0) == quote || peek(0) == '\\' || peek(0) == '\n')
        return false;
      ++at_;
    }
    ++at_;
    return true;
  }

  void op() {
    const std::size_t begin = at_;
    const char c = source_[at_];
    if (static_cast<unsigned char>(c) >= 0x80) return fail("a name is not plain ASCII");
    if (c == '\0' || static_cast<unsigned char>(c) < 0x20 || c == '$' || c == '?' || c == '`' ||
        c == 0x7f) {
      return fail("a character that cannot stand in Python");
    }
    static constexpr std::array<std::string_view, 24> longer{
        "**=", "//=", ">>=", "<<=", "...", "+=", "-=", "*=", "/=", "%=", "&=", "|=",
        "^=",  "@=",  "==",  "!=",  "<=",  ">=", "->", ":=", "**", "//", "<<", ">>"};
    at_ += 1;
    for (const std::string_view known : longer) {
      if (source_.substr(begin, known.size()) == known) {
        at_ = begin + known.size();
        break;
      }
    }
    if (at_ - begin == 1 && !track_bracket(c)) return fail("brackets do not match");
    add(PyToken::Kind::op, begin);
  }

  bool track_bracket(char c) {
    if (c == '(' || c == '[' || c == '{') {
      brackets_ += c == '(' ? ')' : c == '[' ? ']' : '}';
      return brackets_.size() < 200;  // Python's own limit
    }
    if (c != ')' && c != ']' && c != '}') return true;
    if (brackets_.empty() || brackets_.back() != c) return false;
    brackets_.pop_back();
    return true;
  }

  void add(PyToken::Kind kind, std::size_t begin) { add(kind, begin, line_); }
  void add(PyToken::Kind kind, std::size_t begin, int line, bool f_string = false) {
    current_.tokens.push_back({kind, source_.substr(begin, at_ - begin), f_string, line});
  }

  void end_logical_line() {
    if (!current_.tokens.empty()) result_.lines.push_back(std::move(current_));
    current_ = {};
  }

  void fail(const std::string& why) {
    result_.problem = why + " (line " + std::to_string(line_) + ")";
  }

  char peek(std::size_t ahead) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  std::string_view source_;
  std::size_t at_{0};
  int line_{1};
  bool line_begins_{true};
  std::string brackets_{};
  PyLine current_{};
  PyTokens result_{};
};

}  // namespace

PyTokens tokenize_python(std::string_view source) {
  return Tokenizer(source).run();
}

std::string python_source(std::string_view bytes) {
  if (bytes.substr(0, 3) == "\xef\xbb\xbf") bytes.remove_prefix(3);
  std::string source;
  source.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\r') {
      source += bytes[i];
    } else {
      source += '\n';
      if (i + 1 < bytes.size() && bytes[i + 1] == '\n') ++i;
    }
  }
  return source;
}

}  // namespace hopcheck
