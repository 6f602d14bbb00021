// How a user is let through where the file system's permissions stop it.
#pragma once

#include <string>

#include "hopcheck/path.h"

namespace hopcheck {

/// One command that gives a user rights on a file or directory, no wider than it must.
struct Permit {
  std::string command{};
  std::string to_whom{};  ///< "others", "group shop", "its owner shop", "www-data"
  std::string widens{};   ///< who else gains access, "" for nobody
};

/// `bits`: 4 to read, 2 to write, 1 to search or run, or a sum of them.
Permit permit(const Credentials& who, const PathStep& step, unsigned bits);

}  // namespace hopcheck
