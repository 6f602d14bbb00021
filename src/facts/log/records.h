// The answers of the log reducers, read: records of named words, and the host's time zone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "hopcheck/logs.h"

namespace hopcheck::log {

/// "prober agent=x path=/health": a line of a reducer's answer.
struct Record {
  std::string kind{};
  std::map<std::string, std::string> words{};

  const std::string& operator[](const std::string& name) const;
  long long number(const std::string& name, long long otherwise) const;
};
/// Throws std::invalid_argument.
std::vector<Record> records(const std::string& text);

/// From a clock on the wall to seconds since 1970.
class Zone {
 public:
  struct Change {
    long long offset{0};  ///< seconds east of Greenwich
    long long from{0};    ///< seconds since 1970
  };
  Zone() = default;  ///< UTC
  explicit Zone(std::vector<Change> changes) : changes_(std::move(changes)) {}

  long long utc(long long local) const;
  long long local(long long utc) const;

 private:
  std::vector<Change> changes_{};
};
/// Throws std::invalid_argument.
Zone parse_zone(const std::string& text);

/// The times of a record, moved by the zone; throws std::invalid_argument.
Occurrences occurrences(const Record& record, const Zone& zone);
/// "2026-11-21T09:30:00" of a record in seconds of its clock; throws std::invalid_argument.
long long time_of(const std::string& text);

/// One error log: its lines by meaning, and the newest ones.
struct ErrorLog {
  long long first{0};  ///< 0: it has no lines
  bool whole{true};
  std::vector<Logged> groups{};
  std::vector<LoggedLine> lines{};
};
/// Throws std::invalid_argument.
ErrorLog parse_error_log(const std::string& file, const std::string& text, const Zone& zone);

/// One access log; its times need no zone. Throws std::invalid_argument.
struct OneAccessLog {
  AccessLog log{};
  long long lines{0};
  long long odd{0};  ///< lines that do not fit the format
  bool whole{true};
  bool more_probers{false};
};
OneAccessLog parse_access_log(const std::string& file, const std::string& text);

/// Adds what a prober did from `from` on to what is known of the same one: a record tells of one
/// status alone.
void add_prober(Prober one, long long from, std::vector<Prober>& all);

}  // namespace hopcheck::log
