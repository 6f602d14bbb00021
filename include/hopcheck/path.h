// A path as the kernel walks it, and who may pass.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/fact.h"
#include "hopcheck/process.h"

namespace hopcheck {

/// One component on the way to a path. Symbolic links appear, and then what they lead to.
struct PathStep {
  enum class Type { directory, file, socket, link, fifo, device, other, absent };
  std::string path{};
  Type type{Type::other};
  unsigned mode{0};  ///< permission bits, 07777
  std::string user{};
  std::string group{};
  std::string target{};            ///< of a link
  std::vector<std::string> acl{};  ///< POSIX ACL entries, "user:www-data:--x"; empty: none
};

/// The steps from / down to a path; ends early at a component that is absent, or that could not
/// be looked at (`cut`).
struct Walk {
  std::string path{};
  std::vector<PathStep> steps{};
  Fact<bool> whole{true};  ///< unseen: why the walk ended before the path did

  bool exists() const;  ///< throws NotSeen where the walk was cut
  const PathStep& last() const { return steps.back(); }
};

/// Permission asked for.
enum class Access { read = 4, write = 2, search = 1 };

/// Whether these credentials get `access` on this step, by owner, ACL, group and other, as the
/// kernel decides (acl_permission_check).
bool may(const Credentials& who, const PathStep& step, Access access);

/// The first step that stops `who` from connecting to the socket at the walk's end (search on
/// every directory, write on the socket); null: none does.
const PathStep* denied_at(const Credentials& who, const Walk& walk, Access at_end = Access::write);

/// "directory 0700 shop:shop"
std::string describe(const PathStep& step);

}  // namespace hopcheck
