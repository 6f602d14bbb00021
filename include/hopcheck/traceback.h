// What a Python traceback in a log says of the user's own code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hopcheck/evidence.h"

namespace hopcheck {

/// A place in the user's own code, as a traceback tells it.
struct OwnFrame {
  std::string file{};
  int line{0};
  std::string code{};  ///< that line, as the traceback shows it; "" where it shows none
};

/// The innermost frame outside Python's library and its packages, of the last traceback that has
/// one: what ran when the last exception rose.
std::optional<OwnFrame> own_frame(const std::vector<std::string>& lines);

/// "/srv/shop/shop.py:12 | return conf["db"]"
Evidence cite(const OwnFrame& frame);

/// The lines of a unit's journal since it was last started; all where no start is among them, or
/// nothing follows it.
std::vector<std::string> last_run(const std::vector<std::string>& lines);

}  // namespace hopcheck
