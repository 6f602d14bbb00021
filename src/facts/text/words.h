// Words of command lines, as the programs that split them do it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hopcheck {

/// Python's shlex.split (POSIX rules, no comments); nullopt where a quote is not closed.
std::optional<std::vector<std::string>> shell_split(std::string_view text);

/// "/usr/bin/gunicorn" -> "gunicorn".
std::string_view base_name(std::string_view path);

/// `path` as seen from the directory `cwd`; "" where it is relative and `cwd` is not absolute.
std::string from_directory(const std::string& cwd, const std::string& path);

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text);

/// Words between blanks, as they stand.
std::vector<std::string> blank_separated(std::string_view text);

/// At most `limit` bytes of one line, "…" at a cut.
std::string one_line(std::string_view text, std::size_t limit = 200);

/// Strictly UTF-8: no surrogates, nothing overlong.
bool is_utf8(std::string_view bytes);

}  // namespace hopcheck
