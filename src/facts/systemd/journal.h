// The journal of a unit, as `journalctl -o short-unix` prints it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

/// The command whose output parse_journal understands: a unit's last lines.
std::vector<std::string> journal_command(const std::string& unit);

struct JournalLine {
  double time{0};  ///< seconds since 1970
  std::string text{};
};

/// Entries in their order, the lines of an entry of several each for itself; what journalctl says
/// of itself ("-- Boot … --") is left out.
std::vector<JournalLine> parse_journal(std::string_view text);

/// The words of the lines that are at most `since_ms` older than the newest: a unit that fell
/// silent days ago has said why then, not within the last hour.
std::vector<std::string> last_words(const std::vector<JournalLine>& lines, int since_ms);

}  // namespace hopcheck
