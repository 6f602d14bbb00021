// Paths as nginx puts them together: by letter, links and ".." are left alone.
#pragma once

#include <string>
#include <string_view>

namespace hopcheck::nginx {

inline std::string directory_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "."
         : slash == 0                    ? "/"
                                         : std::string(path.substr(0, slash));
}

inline std::string join(std::string_view dir, std::string_view name) {
  std::string out(dir);
  if (!dir.ends_with('/')) out += '/';
  out += name;
  return out;
}

/// What an include in a configuration with this main file names.
inline std::string beside(std::string_view main, std::string_view name) {
  return name.starts_with('/') ? std::string(name) : join(directory_of(main), name);
}

}  // namespace hopcheck::nginx
