// Settings as one answer of a recording, so that a replay knows what the live run was told.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/settings.h"

namespace hopcheck {

// A setting a line: TARGET NAME VALUE FROM SOURCE, words quoted where needed:
//   default lb.path /health config /etc/hopcheck.toml:9
//   default lb.host none default "profile aws-alb"       (none: what the profile sends)
std::string encode_settings(const std::vector<Target>& targets);
/// Throws std::invalid_argument.
std::vector<Target> decode_settings(const std::string& text);

/// The recorded targets with everything that `given` has from a flag.
std::vector<Target> with_flags(std::vector<Target> recorded, const std::vector<Target>& given);

/// "200", "200-399", "200,301"; throws std::invalid_argument.
StatusCodes parse_codes(const std::string& text);

}  // namespace hopcheck
