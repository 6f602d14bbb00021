// Names that nobody knows and that were plainly meant to be others.
#pragma once

#include <string_view>
#include <vector>

#include "facts/nginx/grammar.h"

namespace hopcheck::nginx {

/// One or two letters away from a directive that may stand here, and of no module that we know of.
bool is_misspelt_directive(std::string_view name, Context context);

/// Likewise, from a variable of nginx's own or one of `defined`.
bool is_misspelt_variable(std::string_view name, const std::vector<std::string_view>& defined);

/// A variable that every nginx has and that no directive may define again. `name` in lowercase.
bool is_fixed_variable(std::string_view name);

/// A variable that nginx or one of its modules has, whatever the configuration says.
bool is_built_in_variable(std::string_view name);

}  // namespace hopcheck::nginx
