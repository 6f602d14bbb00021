// Small helpers for the text formats of the seam: escapes, numbers, reasons in words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"

namespace hopcheck {

/// How many bytes at text[at] are one character that a terminal only prints (a tab is not one);
/// 0 where the byte there must be escaped.
std::size_t printable_length(std::string_view text, std::size_t at);

/// Appends "\xNN".
void append_hex_escape(std::string& out, char byte);
/// The byte of the "\xNN" at text[at]; nullopt where none stands there.
std::optional<char> hex_escape_at(std::string_view text, std::size_t at);

/// The line at `begin` without its line break; moves `begin` behind it.
std::string_view next_line(std::string_view text, std::size_t& begin);

/// A decimal number that is the whole text; throws std::invalid_argument.
long long parse_number(std::string_view text, long long least, long long most);

/// "denied needs=root "what"" as words, and back from word number `from` on.
std::vector<std::string> unseen_words(const Unseen& unseen);
Unseen unseen_of_words(const std::vector<std::string>& words, std::size_t from);

/// "/x" starts with "/".
inline bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

}  // namespace hopcheck
