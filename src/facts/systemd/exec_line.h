// The command lines of units, split as systemd does.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

struct ExecLine {
  std::string prefixes{};           ///< of "-", "@", ":", "+", "!", as written
  std::string program{};            ///< what is run
  std::vector<std::string> argv{};  ///< as the program sees it; "@" gives it another name
};

/// The first command of a line; its program is empty where there is none or a quote stays open.
ExecLine exec_line(std::string_view text);

/// Words with quotes and C escapes, as in Environment=; empty where a quote stays open.
std::vector<std::string> systemd_words(std::string_view text);

/// Replaces "${NAME}" anywhere and "$NAME" as a word of its own where the variable is known.
/// Where `all_known`, any other is empty, but for those that systemd sets by itself.
std::vector<std::string> expand_variables(const std::vector<std::string>& words,
                                          const std::map<std::string, std::string>& variables,
                                          bool all_known);

}  // namespace hopcheck
