// Words on lines: wrapping by columns, for the text report and the other things that are printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

/// Columns that printable UTF-8 takes on a terminal; colour sequences take none.
std::size_t columns(std::string_view text);

/// Breaks at blanks into lines of at most `width` columns; a longer word stands alone.
std::vector<std::string> wrap(std::string_view text, std::size_t width);
/// The same with another width for the first line.
std::vector<std::string> wrap(std::string_view text, std::size_t width, std::size_t first_width);

/// `head`, then `text` wrapped at `width`; lines after the first begin with `indent`.
/// Ends in a line break.
std::string paragraph(const std::string& head, std::string_view text, const std::string& indent,
                      std::size_t width);

/// `text` followed by blanks up to `width` columns.
std::string padded(std::string text, std::size_t width);

/// Text from outside, fit for a terminal: no control characters, tabs as blanks, other than
/// ASCII escaped unless `unicode`, cut (with "...") after 5000 bytes.
std::string fit_for_terminal(std::string_view text, bool unicode, bool keep_lines = false);

/// A shell command over several lines where it is too long, each but the last ending in a
/// backslash; broken only at blanks outside quotes, so that it still pastes.
std::vector<std::string> wrap_command(std::string_view command, std::size_t width);

/// "3 ms", "0.4 ms", "1.2 s"
std::string time_text(double ms);

/// "1 check", "2 checks"
std::string counted(std::size_t count, const std::string& noun);

}  // namespace hopcheck
