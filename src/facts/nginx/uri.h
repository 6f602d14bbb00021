// What nginx makes of a request's first line and Host before it looks for who answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hopcheck::nginx {

struct Uri {
  std::string path{};    ///< decoded, dots and slashes resolved
  std::string args{};    ///< behind "?"
  bool quoted{false};    ///< the path has a "%"
  bool has_plus{false};  ///< the path has a "+"
};

/// Nothing where nginx answers 400.
std::optional<Uri> normal_uri(std::string_view target, bool merge_slashes);

/// The target of a request line: "/a?x", or "http://shop.test/a?x".
struct Target {
  std::string host{};      ///< of an absolute target
  std::string unparsed{};  ///< from the path on, as sent
  bool absolute{false};
  bool no_path{false};  ///< absolute, with a query and no path behind the host
};
/// Nothing where nginx answers 400.
std::optional<Target> read_target(std::string_view text);

/// Lowercase, without port and trailing dot; nothing where nginx answers 400. Empty stays empty.
std::optional<std::string> normal_host(std::string_view host);

}  // namespace hopcheck::nginx
