// What nginx says of a directive before it looks at what the arguments mean.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hopcheck::nginx {

/// Directives that share contexts and argument counts; one name may stand in several rules.
struct Rule {
  std::string_view contexts{};   ///< words, or "any"
  std::string_view arguments{};  ///< "2", "1-3" or "1+"
  bool block{false};
  std::string_view names{};
};

std::span<const Rule> rules();

/// nginx's message about a directive (name and arguments) in a context, or nothing where it has
/// none. A name of no module that we know is not judged: another module may know it.
std::optional<std::string> complain(const std::vector<std::string_view>& words, bool block,
                                    std::string_view context);

/// The context inside a block; "" is one that we know nothing of, "raw" takes any words.
std::string_view context_inside(std::string_view block, std::string_view context);

}  // namespace hopcheck::nginx
