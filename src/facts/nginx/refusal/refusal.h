// What nginx refuses in a configuration that it can read: the words of its modules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

#include "facts/nginx/grammar.h"
#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// Lines that nginx names and that are not those of a directive's first word.
struct Lines {
  std::unordered_map<std::uint32_t, std::uint32_t> ends{};  ///< by node: of its ; or {
  /// A `}`, and how many problems the reader itself had met when it came to it.
  struct Close {
    std::uint32_t line{0};
    std::size_t problems{0};
  };
  std::unordered_map<std::uint32_t, Close> closes{};  ///< of http {} and upstreams
};

/// A problem with the place where nginx would meet it: before node number `before`, and behind the
/// first `behind` of those that the reader itself met.
struct Refusal {
  std::uint32_t before{0};
  std::size_t behind{std::numeric_limits<std::size_t>::max()};
  Problem problem{};
};

/// In nginx's order. `words` are those of the nodes, none where nothing is known of one or where
/// it stands in a wrong place.
std::vector<Refusal> refusals(const Config& config, const std::vector<WordId>& words,
                              const Lines& lines, Context outermost);

}  // namespace hopcheck::nginx
