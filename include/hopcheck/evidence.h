// Where a value came from. A finding cites the same objects.
#pragma once

#include <string>

namespace hopcheck {

/// `default_` stands as "default" in the JSON report.
enum class EvidenceKind { file, command, probe, kernel, log, config, profile, default_ };

/// One reason to believe something: what a person can go and look at.
struct Evidence {
  EvidenceKind kind{EvidenceKind::file};
  std::string source{};   ///< a path, a command line, a URL, a unit, a profile's name
  int line{0};            ///< 1-based; 0 where the source has no lines
  std::string text{};     ///< the line itself, or what was seen there
  bool untrusted{false};  ///< others can write this text (log lines, responses)

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// A value and where it came from.
template <class T>
struct Located {
  T value{};
  Evidence from{};
};

}  // namespace hopcheck
