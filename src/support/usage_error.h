// What the user typed wrong: the command line, the configuration file, a bundle.
#pragma once

#include <stdexcept>
#include <string>

namespace hopcheck {

/// One line for standard error, exit code 2. Caught once, in main.
class UsageError : public std::runtime_error {
 public:
  /// `where`: "hopcheck.toml:12:3", a file, an option; "" for none.
  UsageError(const std::string& where, const std::string& what)
      : std::runtime_error(where.empty() ? what : where + ": " + what) {}
};

}  // namespace hopcheck
