// All sockets that accept connections, and who holds them.
#pragma once

#include <optional>
#include <vector>

#include "hopcheck/process.h"
#include "host/live/system.h"

namespace hopcheck::live {

struct OpenListener {
  unsigned long inode{0};
  Listener listener{};
};

Answer listeners(const Deadline& deadline);

/// Listening sockets of one family (AF_INET, AF_INET6, AF_UNIX) as the kernel's socket diagnosis
/// tells them; nullopt where it does not answer.
std::optional<std::vector<OpenListener>> diagnosed(int family);

/// Rows of /proc/net/tcp, tcp6 and unix that listen.
std::vector<OpenListener> listeners_of_tcp(const std::string& text);
std::vector<OpenListener> listeners_of_unix(const std::string& text);

}  // namespace hopcheck::live
