// Compares what is printed with a file in tests/golden; HOPCHECK_UPDATE_GOLDEN=1 rewrites it.
#pragma once

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace hopcheck {

/// The golden text of that name, after writing it anew where that was asked for.
inline std::string golden(const std::string& name, const std::string& now) {
  const std::string path = std::string(HOPCHECK_SOURCE_DIR) + "/tests/golden/" + name;
  if (std::getenv("HOPCHECK_UPDATE_GOLDEN") != nullptr)
    std::ofstream(path, std::ios::binary) << now;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace hopcheck
