// The value of a Python expression made of literals.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "facts/app/python_literal.h"
#include "facts/app/python_token.h"

namespace hopcheck {

/// The value of a name that is known and cannot change, or null.
using PyLookup = std::function<const PyValue*(std::string_view name)>;

/// nullopt where it is more than literals, simple arithmetic on integers, and known names.
std::optional<PyValue> evaluate(std::span<const PyToken> tokens, const PyLookup& lookup);

/// The value of one string token; nullopt for bytes, f-strings, and escapes we do not know.
std::optional<std::string> string_value(const PyToken& token);

}  // namespace hopcheck
