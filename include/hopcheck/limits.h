// What the machine itself has left: room on file systems, descriptors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// The file system that holds a path.
struct FileSystem {
  std::string mount{};  ///< where it is mounted
  std::string type{};   ///< "ext4", "tmpfs"
  bool read_only{false};
  std::string device{};          ///< "/dev/sdb1"; told where it is read-only
  std::string mounted_as{};      ///< "rw,relatime", likewise
  std::string file_system_as{};  ///< "ro,errors=remount-ro", likewise
  std::uint64_t size{0};         ///< bytes
  std::uint64_t free{0};         ///< bytes that an ordinary user may still write
  std::uint64_t inodes{0};       ///< 0: it does not count them
  std::uint64_t inodes_free{0};  ///< for an ordinary user

  /// Nothing worth mentioning can be written any more.
  bool full() const;
  /// The mount is for writing, its file system is not: the kernel gave up on it after an error.
  bool given_up() const;
  /// No file can be made any more, though there is room.
  bool out_of_inodes() const;
};

/// The line that mounts a file system, of /etc/fstab or of a mount unit.
struct MountLine {
  Evidence from{};
  bool read_only{false};   ///< it says "ro"
  std::string writable{};  ///< the line with "rw" in its place
};
/// Nothing where neither has a line for it.
Fact<std::optional<MountLine>> mount_line(const Deployment& host, const std::string& mount);

/// Unseen where the path is not there.
Fact<FileSystem> file_system(const Deployment& host, const std::string& path);

/// A file and the room that it takes.
struct LargeFile {
  std::string path{};
  std::uint64_t bytes{0};
};
/// The files that take most below a folder, on its own file system, largest first.
Fact<Partial<LargeFile>> largest_files(const Deployment& host, const std::string& folder);

/// A process that has used at least half of the descriptors that it may have.
struct OpenFiles {
  int pid{0};
  long used{0};
  long limit{0};
};
/// Missing: processes that we may not look into.
Fact<Partial<OpenFiles>> open_files(const Deployment& host);

/// How many sockets a process has open.
Fact<long> open_sockets(const Deployment& host, int pid);

/// "3.5 MiB", "120 KiB", "0 bytes"
std::string size_text(std::uint64_t bytes);

}  // namespace hopcheck
