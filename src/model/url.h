// The parts of an http or https URL.
#pragma once

#include <optional>
#include <string>

namespace hopcheck {

struct Url {
  std::string scheme{};
  std::string host{};  ///< without brackets
  int port{0};         ///< 80 or 443 where the URL names none
  bool port_given{false};
  std::string path{};  ///< with its query; at least "/"
};

/// Nothing where it is no absolute http or https URL.
std::optional<Url> parse_url(const std::string& text);

}  // namespace hopcheck
