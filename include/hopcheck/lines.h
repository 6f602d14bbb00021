// Lines of files as they stand there, for edits that a person can apply as they are written.
#pragma once

#include <optional>
#include <string>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// The line with its indentation, without its line break.
Fact<std::string> line_of(const Deployment& host, const std::string& file, int line);

/// `from`, which must stand in that line once, replaced; nothing where it does not, or where the
/// line was not seen.
std::optional<Edit> replaced_in_line(const Deployment& host, const Evidence& at,
                                     const std::string& from, const std::string& to);

/// `text` as a line of its own before that of `at`, indented like it.
std::optional<Edit> line_before(const Deployment& host, const Evidence& at,
                                const std::string& text);

}  // namespace hopcheck
