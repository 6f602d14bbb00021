// The reducer for lines in which a word stands.
#pragma once

#include "host/reducers.h"

namespace hopcheck {

/// "12 app.config[...] = ...": the first five lines, numbered and outside of comments, that hold
/// the word `format`; nothing else of the file.
std::string reduce_lines_with(const ByteSource& source, const std::string& format);

}  // namespace hopcheck
