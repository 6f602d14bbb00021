// What is left of the machine's resources, as text and back; decode_* throw std::invalid_argument.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/limits.h"

namespace hopcheck {

// "mount=/var type=ext4 size=1000 free=20 inodes=50 inodes-free=7", then "read-only" where it is.
std::string encode_space(const FileSystem& system);
FileSystem decode_space(const std::string& text);

// A file a line, largest first: "bytes=1048576 path=/var/log/nginx/access.log.1".
std::string encode_largest(const std::vector<LargeFile>& files);
std::vector<LargeFile> decode_largest(const std::string& text);

// A process a line: "pid=812 used=1020 limit=1024".
std::string encode_descriptors(const std::vector<OpenFiles>& processes);
std::vector<OpenFiles> decode_descriptors(const std::string& text);
/// "sockets=12"
long decode_sockets(const std::string& text);

}  // namespace hopcheck
