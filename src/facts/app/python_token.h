// Python source as tokens grouped into logical lines. Only as much as is needed to read settings
// that are plain literals without ever running anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

struct PyToken {
  enum class Kind { name, number, string, op };
  Kind kind{Kind::op};
  std::string_view text{};  ///< as written, a string with its prefix and quotes
  bool f_string{false};
  int line{0};  ///< 1-based, where it begins

  bool is(std::string_view op) const { return kind == Kind::op && text == op; }
  bool is_name(std::string_view name) const { return kind == Kind::name && text == name; }
};

/// One logical line: brackets and backslashes join physical ones.
struct PyLine {
  bool indented{false};
  std::vector<PyToken> tokens{};  ///< at least one

  int number() const { return tokens.front().line; }
};

struct PyTokens {
  std::vector<PyLine> lines{};
  std::string problem{};  ///< why Python, or we, cannot read this file; "" where it can be read
};

/// The tokens point into `source`, whose line ends must be "\n".
PyTokens tokenize_python(std::string_view source);

/// Python's line ends: "\r\n" and "\r" become "\n"; a byte order mark goes.
std::string python_source(std::string_view bytes);

}  // namespace hopcheck
