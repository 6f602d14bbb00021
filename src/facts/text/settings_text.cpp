// Settings in words.
#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "hopcheck/settings.h"

namespace hopcheck {

bool StatusCodes::contains(int status) const {
  return std::any_of(ranges.begin(), ranges.end(), [status](const auto& range) {
    return range.first <= status && status <= range.second;
  });
}

std::string duration_text(long long ms) {
  if (ms > -1000 && ms < 1000) return fmt::format("{} ms", ms);
  if (ms % 1000 == 0) return fmt::format("{} s", ms / 1000);
  std::string seconds = fmt::format("{:.2f}", static_cast<double>(ms) / 1000.0);
  seconds.erase(seconds.find_last_not_of('0') + 1);
  if (seconds.back() == '.') seconds.pop_back();
  return seconds + " s";
}

}  // namespace hopcheck
