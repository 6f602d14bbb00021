// Percent-encoding as nginx writes it: what it escapes depends on where the text goes.
#pragma once

#include <string>
#include <string_view>

namespace hopcheck::nginx {

enum class Escape {
  uri,   ///< a path
  args,  ///< a part of the query
};

std::string escaped(std::string_view text, Escape where);

/// What a redirect by `rewrite` makes of its target: harmless characters are decoded, up to "?".
std::string redirect_target(std::string_view text);

/// -1 where it is no hexadecimal digit.
int hex_value(char c);

}  // namespace hopcheck::nginx
