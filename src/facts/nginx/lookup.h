// Which line of a `map` block a value leads to.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

struct MapFind {
  bool known{true};  ///< false: a file of the map could not be read
  std::optional<Directive> line{};
};

/// `match` is asked whether a pattern of the map fits the value.
MapFind find_in_map(const Directive& map, std::string value,
                    const std::function<bool(std::string_view pattern, bool caseless)>& match);

}  // namespace hopcheck::nginx
