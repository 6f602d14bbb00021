// Texts made to break parsers, the same on every run.
#pragma once

#include <array>
#include <random>
#include <string>

namespace hopcheck::test {

/// Bytes of all kinds, with what the formats use as marks much more often than by chance.
inline std::string random_text(std::mt19937& random, std::size_t most) {
  constexpr std::array<const char*, 16> marks{
      "\n", "-- ",  "  ", "absent", "unseen failed", "\\", "\"", "\\x41",
      "é",  "\x1b", "=",  "needs=", "end 1 answers", " ",  ": ", "\n  "};
  std::string text;
  const std::size_t parts = random() % (most + 1);
  for (std::size_t i = 0; i < parts; ++i) {
    if (random() % 2 == 0) {
      text += marks[random() % marks.size()];
    } else {
      text += static_cast<char>(random() % 256);
    }
  }
  return text;
}

}  // namespace hopcheck::test
