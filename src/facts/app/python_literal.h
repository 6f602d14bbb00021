// A Python file whose settings are plain literals, read without running it. What depends on more
// than literals is unseen, never guessed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/evidence.h"
#include "hopcheck/fact.h"

namespace hopcheck {

/// A literal; a dict holds key, value, key, value in `items`.
struct PyValue {
  enum class Kind { none, boolean, integer, real, string, list, tuple, dict };
  Kind kind{Kind::none};
  long long integer{0};  ///< boolean: 0 or 1
  double real{0};
  std::string text{};  ///< UTF-8
  std::vector<PyValue> items{};

  bool is_mutable() const;  ///< a list or a dict, or holds one
};

/// The names a file leaves behind when it has run.
struct PyFile {
  std::map<std::string, Fact<Located<PyValue>>> names{};
  std::optional<Unseen> rest{};  ///< why any other name may be set as well

  /// The name's value, or why it is not known; nullopt where the file surely does not set it.
  std::optional<Fact<Located<PyValue>>> find(const std::string& name) const;
};

/// Files above this many bytes are not read.
constexpr std::size_t python_file_limit = 128 << 10;

PyFile read_python_literals(const std::string& path, std::string_view bytes);

}  // namespace hopcheck
