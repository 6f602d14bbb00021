// All processes, in one table.
#pragma once

#include <functional>

#include "host/live/accounts.h"
#include "host/live/system.h"

namespace hopcheck::live {

Answer processes(const Accounts& accounts, const Deadline& deadline);

/// Calls `each` with an open /proc/PID of every process until it returns false. The return value
/// says whether /proc could be read.
bool each_process(const std::function<bool(int pid, int directory)>& each);

/// Whether /proc is mounted so that an ordinary user sees only his own (hidepid).
bool processes_hidden();

/// When the kernel started, in seconds since 1970; 0 where /proc does not say.
long long boot_time();

/// The systemd unit of a /proc/PID/cgroup text: the last part of its path that is a service or a
/// scope, "" for none.
std::string unit_of_cgroup(const std::string& text);

}  // namespace hopcheck::live
