// Python statements taken apart: which names one mentions, which it assigns to.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "facts/app/python_token.h"

namespace hopcheck::python {

using Tokens = std::span<const PyToken>;

/// With such a word a file may set any name at run time.
bool is_dangerous(std::string_view word, bool after_dot);

/// The first word of a statement any of whose names may be bound by it: import, for, with …
bool binds_anything(std::string_view word);

/// The first word of a statement that has a body.
bool is_compound(std::string_view word);

/// "def", "async def" or "class": names in its body are its own.
bool is_definition(Tokens tokens);

/// A line at its semicolons.
std::vector<Tokens> simple_statements(Tokens line);

/// The words inside an f-string: its braces may hold any expression.
std::vector<std::string_view> words_of(std::string_view text);

/// Every name that an expression or statement mentions, f-strings included.
std::vector<std::string_view> names_of(Tokens tokens);

/// What stands before the last "=" or "+=" outside brackets; empty where there is none.
Tokens assigned_part(Tokens statement);

/// How far the target of an assignment goes: "name =", "name: type =", "a = b =".
struct Targets {
  std::vector<std::string_view> names{};
  std::size_t value_at{0};  ///< 0: it is none of these
};
Targets targets_of(Tokens statement);

/// From the first token to the last, as written.
std::string_view text_of(Tokens tokens);

}  // namespace hopcheck::python
