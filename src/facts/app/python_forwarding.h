// What one Python file makes of forwarded requests, from the lines that the reducer
// "python-forwarding-1" keeps of it.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/forwarded.h"

namespace hopcheck {

struct PythonForwarding {
  std::vector<ProxyFix> proxy_fixes{};
  std::vector<Evidence> asks_scheme{};
  std::vector<Evidence> asks_host{};
  std::vector<Evidence> asks_address{};
  std::vector<Evidence> own_ways{};
  /// Modules that it may import: "shop.views", relative ones with their dots. Of "from a import b"
  /// both "a" and "a.b".
  std::vector<std::string> imports{};
  bool truncated{false};
};

PythonForwarding python_forwarding(const std::string& path, const std::string& reduced);

}  // namespace hopcheck
