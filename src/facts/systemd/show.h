// What the service manager says of its units.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/unit.h"

namespace hopcheck {

/// One unit of `systemctl show`.
struct ShownUnit {
  std::string id{};
  std::vector<std::string> names{};     ///< it goes by
  std::string fragment{};               ///< its file, "" for none
  std::vector<std::string> drop_ins{};  ///< in the order in which they are read
  UnitState state{};
};

/// The command that parse_show understands.
std::vector<std::string> show_command(const std::vector<std::string>& units);

/// Blocks of NAME=VALUE lines with empty lines between; those without an Id are left out.
std::vector<ShownUnit> parse_show(std::string_view text);

}  // namespace hopcheck
