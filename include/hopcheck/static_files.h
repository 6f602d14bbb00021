// Files that nginx serves itself: which URL leads to which folder.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// A location whose files nginx takes from a folder.
struct StaticPlace {
  const nginx::Instance* instance{nullptr};
  const nginx::ServerBlock* server{nullptr};
  const nginx::Location* location{nullptr};
  bool alias{false};
  bool own{false};       ///< the root or alias line stands in the location itself
  std::string path{};    ///< of the root or alias line, absolute, as written
  std::string folder{};  ///< where the files of the location's prefix are looked for
  Evidence from{};       ///< the root or alias line
  /// A file that is missing is asked for elsewhere (try_files, error_page).
  bool falls_back{false};
  bool guarded{false};     ///< a password or an address is asked for
  bool quiet_miss{false};  ///< a missing file is expected: log_not_found off

  std::string node() const;
};

/// Locations that are no single file, not internal, and whose folder is known from what is written.
std::vector<StaticPlace> static_places(const nginx::Instance& instance);

/// What a folder holds, sorted by name; unseen with not_installed: it is not there.
struct FolderEntry {
  std::string name{};
  bool directory{false};
};
Fact<std::vector<FolderEntry>> folder_entries(const Deployment& host, const std::string& folder);

/// A URL below the place's prefix that a requested page of its server block asks for, "" where none
/// was seen to. `page`: the request's route, where there is one.
std::string asked_for(const Deployment& host, const StaticPlace& place, const Route** page);

/// The place answers this path with the file of that name in its folder, as far as the
/// configuration decides.
bool serves(const StaticPlace& place, const std::string& name);

}  // namespace hopcheck
