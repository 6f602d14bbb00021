// toml++ for the two files that read TOML; never included by a header. It holds its own steps to
// assertions that a malformed file can reach ("[[["): here they throw, in every build.
#pragma once

#include <stdexcept>

namespace hopcheck::cli {

struct TomlAssertion : std::logic_error {
  using std::logic_error::logic_error;
};

/// Throws TomlAssertion.
[[noreturn]] void toml_assertion_failed(const char* what);

}  // namespace hopcheck::cli

#undef NDEBUG
#define TOML_ASSERT(expr) \
  ((expr) ? static_cast<void>(0) : ::hopcheck::cli::toml_assertion_failed(#expr))

#include <toml++/toml.h>
