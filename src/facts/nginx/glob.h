// Shell patterns as glob(3) reads them, for nginx's include.
#pragma once

#include <string_view>

namespace hopcheck::nginx {

/// Whether one path component matches; a leading dot is matched only by a dot.
bool glob_match(std::string_view pattern, std::string_view name);
/// Whether a whole path is one of those that a pattern names.
bool glob_match_path(std::string_view pattern, std::string_view path);
/// Whether nginx treats this include as a pattern at all.
bool has_wildcard(std::string_view path);

}  // namespace hopcheck::nginx
