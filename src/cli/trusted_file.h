// Files that decide what root does: read only where nobody else could have written them.
#pragma once

#include <optional>
#include <string>

namespace hopcheck::cli {

/// The text of a regular file of at most `cap` bytes, nothing where there is none. As root, one
/// that others could have written is refused. Throws UsageError.
std::optional<std::string> read_trusted(const std::string& path, std::size_t cap);

/// The text of any regular file; throws UsageError where it cannot be read.
std::string read_file(const std::string& path, std::size_t cap);

/// All of standard input; throws UsageError where it is longer than `cap`.
std::string read_input(std::size_t cap);

}  // namespace hopcheck::cli
