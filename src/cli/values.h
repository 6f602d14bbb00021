// What a user may type as a value, on the command line or in the configuration file. Each throws
// UsageError naming `where` and what was expected.
#pragma once

#include <string>
#include <vector>

#include "facts/text/nearest.h"

#include "hopcheck/settings.h"

namespace hopcheck::cli {

/// "5s", "500ms", "2m", "1h", or a bare number of seconds, in milliseconds; more than nothing.
int parse_duration(const std::string& where, const std::string& text);
int parse_port(const std::string& where, const std::string& text);
/// A network ("10.0.0.0/8") or an address, which is a network of one.
std::string parse_network(const std::string& where, const std::string& text);
StatusCodes parse_status_codes(const std::string& where, const std::string& text);
/// An absolute path of a URL.
std::string parse_url_path(const std::string& where, const std::string& text);
/// A Host header; may be empty.
std::string parse_host(const std::string& where, const std::string& text);
std::string parse_url(const std::string& where, const std::string& text);
/// One of `words`.
std::string parse_word(const std::string& where, const std::string& text,
                       const std::vector<std::string>& words);

/// "; did you mean X?", "" where there are no candidates.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace hopcheck::cli
