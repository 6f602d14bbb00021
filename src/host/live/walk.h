// A path, component by component, as the kernel would resolve it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "hopcheck/path.h"
#include "host/live/accounts.h"

namespace hopcheck::live {

struct RawStep {
  std::string path{};
  struct stat status {};
  bool absent{false};
  std::string target{};  ///< of a link
};

struct RawWalk {
  std::vector<RawStep> steps{};
  int error{0};      ///< errno that cut the walk; EREMOTE: `stop` said so
  std::string at{};  ///< where it was cut
};

/// Every component of `path`; links are followed by hand, inside `root` ("" for this machine).
/// `stop` is asked before a component is touched.
RawWalk raw_walk(const std::string& root, const std::string& path,
                 const std::function<bool(const std::string&)>& stop = {});

/// With names, modes and POSIX ACLs.
Walk named_walk(const std::string& root, const std::string& path, const RawWalk& raw,
                const Accounts& accounts);

/// The entries of an extended ACL as the kernel stores it (system.posix_acl_access); empty where
/// it says no more than the mode does, or is not one.
std::vector<std::string> acl_entries(const std::string& bytes, const Accounts& accounts);

PathStep::Type type_of_mode(mode_t mode);

/// Mounts of file systems that another machine serves, so that a look may never return.
class NetworkMounts {
 public:
  /// The text of /proc/self/mountinfo.
  explicit NetworkMounts(const std::string& mountinfo);
  bool holds(const std::string& path) const;
  bool none() const { return points_.empty(); }

 private:
  std::vector<std::string> points_{};
};

}  // namespace hopcheck::live
