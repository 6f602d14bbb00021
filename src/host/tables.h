// The small text formats of answers: what the live host writes, facts read, and a person can
// read, write and check in a bundle. decode_* throw std::invalid_argument on text that does not
// fit.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/http.h"
#include "hopcheck/path.h"
#include "hopcheck/process.h"
#include "hopcheck/sample.h"

namespace hopcheck {

// A process a line, fields in this order, words quoted where needed; empty ones left out:
//   812 parent=1 name=gunicorn user=shop group=shop groups=adm,www-data bypasses-modes
//       unit=shop.service state=S started=1763717400 exe=/usr/bin/python3.11 cwd=/srv/shop
//       env.PORT=8000 -- /usr/bin/python3 /usr/bin/gunicorn shop:app
// (one line). "exe=?", "cwd=?", "env=?" : not permitted to see.
std::string encode_processes(const std::vector<Process>& processes);
std::vector<Process> decode_processes(const std::string& text);

// A listening socket a line; "pids=?" where the holders were hidden:
//   tcp 0.0.0.0:80 queue=0/511 pids=810,811
//   tcp [::]:80 only-v6 queue=0/511 pids=810,811
//   unix /run/shop/gunicorn.sock queue=0/2048 pids=812
std::string encode_listeners(const std::vector<Listener>& listeners);
std::vector<Listener> decode_listeners(const std::string& text);

// A component a line, as design: "PATH TYPE MODE USER:GROUP [acl=ENTRY,ENTRY] [-> TARGET]",
// "PATH absent", and last "PATH unseen WHY" where the walk was cut (WHY: an Unseen::Why).
/// "directory", "file" …
const char* type_name(PathStep::Type type);
std::string encode_walk(const Walk& walk);
Walk decode_walk(const std::string& path, const std::string& text);

// "status 502 Bad Gateway", or "failed OUTCOME WORDS…"; "connected yes", "connect 0.1 ms",
// "total 3.0 ms", "header Name: value" a line each, then "body" and the body's beginning, each line
// behind "| ".
std::string encode_exchange(const Exchange& exchange);
Exchange decode_exchange(const std::string& text);

// An exchange of a sample a line: "200 2.1 ms", "timed_out 8000.0 ms".
std::string encode_sample(const std::vector<Measurement>& sample);
std::vector<Measurement> decode_sample(const std::string& text);

/// What a command printed and how it ended.
struct CommandResult {
  int exit_code{-1};  ///< -1: killed by `signal`
  int signal{0};
  std::string out{};
  std::string err{};
};
// "exit 0" or "signal 9", then lines behind "out " and "err ".
std::string encode_command(const CommandResult& result);
CommandResult decode_command(const std::string& text);

struct HostAddress {
  std::string interface {};
  std::string address{};
  int prefix_length{0};
};
struct Identity {
  std::string name{};
  std::string os{};  ///< PRETTY_NAME of os-release
  std::string kernel{};
  std::string user{};
  bool privileged{false};  ///< effective user 0 with the usual capabilities
  bool systemd{false};     ///< systemd is the service manager here (/run/systemd/system)
  std::vector<HostAddress> addresses{};
};
// "name web1", "os …", "kernel …", "user root", "privileged yes", "systemd yes",
// "address eth0 10.0.0.5/24" a line each.
std::string encode_identity(const Identity& identity);
Identity decode_identity(const std::string& text);

struct Clock {
  long long now{0};   ///< seconds since 1970
  long long boot{0};  ///< when the kernel started
};
// "now 2026-11-21T09:30:00Z", "boot 2026-11-20T08:00:00Z"
std::string encode_clock(const Clock& clock);
Clock decode_clock(const std::string& text);

/// "2026-11-21T09:30:00Z" and back; parse throws std::invalid_argument.
std::string utc_text(long long seconds);
long long parse_utc(const std::string& text);

}  // namespace hopcheck
