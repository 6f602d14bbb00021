// Files of sections and "name = value" lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/evidence.h"

namespace hopcheck {

struct IniLine {
  std::string section{};
  std::string name{};
  Located<std::string> value{};
};

/// Comments begin with ';' or '#', at the line's begin or after a blank.
std::vector<IniLine> read_ini(const std::string& file, std::string_view text);

}  // namespace hopcheck
