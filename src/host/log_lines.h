// What the reducers of logs share: the end of a file line by line, and counts with their times.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/reducers.h"

namespace hopcheck {

/// How much of a log's end is looked at: minutes of a busy host, weeks of a quiet one.
constexpr std::uint64_t kMostLogBytes = 8U << 20U;

/// Gives every line of the file's last `most` bytes to `take`, oldest first; of a very long line
/// its beginning. Whether that was the whole file.
bool each_line(const ByteSource& source, std::uint64_t most,
               const std::function<void(std::string_view)>& take);

/// How often, from when to when, and when exactly the last times.
struct Tally {
  std::uint64_t count{0};
  long long first{0};
  long long last{0};
  std::vector<long long> times{};  ///< the last ones, oldest first

  void add(long long time);
  /// "count=2", "first=2026-11-21T09:30:00" … as words of an answer.
  std::vector<std::string> words() const;
};

/// "2026/11/21 09:30:00" at the beginning of an error log's line, in seconds of its own clock.
std::optional<long long> error_log_time(std::string_view line);
/// "21/Nov/2026:09:30:00 +0100" or "2026-11-21T09:30:00+01:00" in seconds since 1970.
std::optional<long long> access_log_time(std::string_view text);
/// "2026-11-21T09:30:00": seconds as a date without a zone.
std::string plain_time(long long seconds);

/// At most `most` bytes, cut between characters.
std::string_view clipped(std::string_view text, std::size_t most);
/// A request's target without its query, which may hold secrets.
std::string_view without_query(std::string_view target);

/// The reducers of this subject: reducers.h names them.
std::string reduce_error_log(const ByteSource& source, const std::string& format);
std::string reduce_access_log(const ByteSource& source, const std::string& format);
std::string reduce_probers(const ByteSource& source, const std::string& format);
std::string reduce_time_zone(const ByteSource& source, const std::string& format);

}  // namespace hopcheck
