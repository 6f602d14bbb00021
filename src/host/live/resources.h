// What is left of the machine: room on file systems, descriptors of processes.
#pragma once

#include <string>

#include "host/live/system.h"

namespace hopcheck::live {

/// Answers space; may hang on a dead network mount.
Answer space(const std::string& path);
/// Answers largest: looks into so many folders as a second allows, never into other mounts.
Answer largest(const std::string& folder, const Deadline* deadline);
/// Answers descriptors.
Answer descriptors(const Deadline& deadline);
/// Answers sockets.
Answer sockets(int pid);

/// Where the file system with this device number is mounted, and its type: of the mounts that hold
/// `path` the nearest. `mountinfo`: the text of /proc/self/mountinfo.
struct Mount {
  std::string point{};
  std::string type{};
  std::string device{};
  std::string options{};      ///< of the mount
  std::string file_system{};  ///< options of what is mounted
};
Mount mount_of(const std::string& mountinfo, const std::string& device, const std::string& path);

}  // namespace hopcheck::live
