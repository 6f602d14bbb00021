// What the reducer "flask-1" left of a Python file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

/// One of its lines: "12 route app GET /health".
struct FlaskLine {
  int number{0};
  std::vector<std::string> words{};  ///< the kind first
};

std::vector<FlaskLine> flask_lines(std::string_view text);

/// The value of "name=value" among a line's words, "" where there is none.
std::string flask_option(const FlaskLine& line, std::string_view name);

}  // namespace hopcheck
