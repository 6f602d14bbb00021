// What a unit's journal tells of workers that were killed and of stops that went wrong.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// One line of a log that tells of an incident.
struct Incident {
  double age_s{0};  ///< before this run
  std::string text{};
};

/// The lines of a unit's journal that tell of killed workers, of requests that took too long, and
/// of stops that had to be forced; oldest first, within the last hour.
Fact<std::vector<Incident>> incidents(const Deployment& host, const std::string& unit);

/// Those that hold one of `words`.
std::vector<Incident> with_words(const std::vector<Incident>& all,
                                 const std::vector<std::string>& words);

/// Seconds for which a process has run.
Fact<double> age_of(const Deployment& host, int pid);

/// "12 s", "3 min".
std::string span(double seconds);
/// "12 s ago", "3 min ago".
std::string ago(double seconds);

}  // namespace hopcheck
