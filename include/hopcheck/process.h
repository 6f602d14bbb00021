// Processes and listening sockets, as the kernel shows them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hopcheck/fact.h"

namespace hopcheck {

/// Whose rights are judged: names as /etc/passwd and /etc/group have them, numbers where they
/// have none.
struct Credentials {
  std::string user{};
  std::string group{};                ///< effective group
  std::vector<std::string> groups{};  ///< supplementary groups
  bool bypasses_modes{false};         ///< CAP_DAC_OVERRIDE or CAP_DAC_READ_SEARCH in effect
};

struct Process {
  int pid{0};
  int parent{0};
  std::string name{};  ///< the kernel's comm
  std::vector<std::string> argv{};
  Credentials credentials{};
  std::string unit{};    ///< the systemd unit of its control group, "" for none
  char state{'S'};       ///< as in /proc/PID/stat
  long long started{0};  ///< seconds since 1970
  Fact<std::string> exe{};
  Fact<std::string> cwd{};
  /// Allowed names only (GUNICORN_CMD_ARGS, FLASK_*, PORT …); for app servers only.
  Fact<std::map<std::string, std::string>> environment{};
};

/// A socket that accepts connections.
struct Listener {
  enum class Kind { tcp, unix_stream };
  Kind kind{Kind::tcp};
  std::string address{};  ///< "0.0.0.0", "127.0.0.1", "::"; tcp only
  int port{0};
  bool only_v6{false};  ///< an IPv6 socket that takes no IPv4 connections
  std::string path{};   ///< unix_stream only; "@name" is abstract
  unsigned queued{0};   ///< connections waiting to be accepted
  unsigned backlog{0};  ///< how many may wait; 0: not known
  Partial<int> pids{};  ///< who holds it

  bool is_loopback() const;
  /// Connections to this address (IPv4 or IPv6 text) and port arrive here.
  bool serves(const std::string& address, int port) const;
  /// "0.0.0.0:80", "[::]:80" or the path.
  std::string text() const;
};

/// 127.0.0.0/8 or ::1.
bool is_loopback(const std::string& address);
/// "address:port", with brackets around an IPv6 address.
std::string address_text(const std::string& address, int port);

}  // namespace hopcheck
