// What nginx makes of a request's Host and URI before it looks for who answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hopcheck::nginx {

struct Uri {
  std::string path{};  ///< decoded, dots and slashes resolved
  std::string args{};  ///< behind "?"
};

/// Nothing where nginx answers 400.
std::optional<Uri> normal_uri(std::string_view target, bool merge_slashes);

/// Lowercase, without port and trailing dot; nothing where nginx answers 400. Empty stays empty.
std::optional<std::string> normal_host(std::string_view host);

}  // namespace hopcheck::nginx
