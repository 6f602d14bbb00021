// The output of `nginx -T`: every file of a configuration behind a line that names it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopcheck::nginx {

struct DumpedFile {
  std::string path{};
  std::string text{};
};

struct Dump {
  std::vector<DumpedFile> files{};  ///< in nginx's order, the main file first
  bool cut{false};                  ///< the last file's end is missing
};

/// What stands before the first mark (nginx's warnings) is left out. A line that looks like a mark
/// is one only where a file can end and an include names it. Throws std::invalid_argument where
/// the text is no dump.
Dump read_dump(std::string_view text);

}  // namespace hopcheck::nginx
