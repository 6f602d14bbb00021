// Which logs nginx writes, as its configuration tells.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/nginx.h"

namespace hopcheck::log {

/// A log that some block writes.
struct LogFile {
  std::string path{};    ///< absolute
  std::string format{};  ///< access logs: the text of the log_format in use
};

struct LogFiles {
  std::vector<LogFile> files{};
  /// Logs that are none of ours to read, and lines that are not written or come late.
  std::vector<Unseen> missing{};
};

/// The access logs in force in the servers and locations of a configuration. `prefix`: where
/// relative paths begin, "" where not known.
LogFiles access_log_files(const nginx::Config& config, const std::string& prefix);

/// The error logs of all blocks; `built_in`: the one that nginx writes where none is set.
LogFiles error_log_files(const nginx::Config& config, const std::string& prefix,
                         const std::string& built_in);

}  // namespace hopcheck::log
