// Numbers, sizes and times as nginx reads them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "facts/nginx/grammar.h"

namespace hopcheck::nginx {

/// Decimal digits and nothing else, within a signed 64-bit number.
std::optional<long long> parse_decimal(std::string_view text);
/// "10", "4k", "1m"; an offset also "1g".
bool is_size(std::string_view text);
bool is_offset(std::string_view text);
/// "1h 30m", "500ms", a bare number of seconds; `seconds`: without milliseconds, but with years.
bool is_time(std::string_view text, bool seconds);

/// What nginx says of the arguments of a directive that one of its common rules reads.
std::optional<std::string> refused_value(const Word& word,
                                         std::span<const std::string_view> arguments);

}  // namespace hopcheck::nginx
