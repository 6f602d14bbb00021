// How a user is let through where the file system's permissions stop it.
#include "hopcheck/permit.h"

#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/finding.h"

namespace hopcheck {
namespace {

/// To whom the kernel applies which three bits of a mode.
struct Class {
  unsigned shift{0};
  std::string who{"others"};
  std::string widens{"every user of this host"};
};

Class class_of(const Credentials& who, const PathStep& step) {
  if (who.user == step.user) return {6, "its owner " + step.user, ""};
  const bool in_group = who.group == step.group ||
                        std::find(who.groups.begin(), who.groups.end(), step.group) !=
                            who.groups.end();
  if (in_group) return {3, "group " + step.group, "group " + step.group};
  return {};
}

}  // namespace

Permit permit(const Credentials& who, const PathStep& step, unsigned bits) {
  const Class whom = class_of(who, step);
  if (!step.acl.empty() && whom.shift < 6) {
    // With an ACL the mode's group bits are its mask: chmod would open more, or nothing.
    const std::string rights = std::string((bits & 4U) != 0 ? "r" : "") +
                               ((bits & 2U) != 0 ? "w" : "") + ((bits & 1U) != 0 ? "x" : "");
    return {fmt::format("setfacl -m u:{}:{} {}", shell_quote(who.user), rights,
                        shell_quote(step.path)),
            who.user, ""};
  }
  return {fmt::format("chmod {:04o} {}", step.mode | (bits << whom.shift), shell_quote(step.path)),
          whom.who, whom.widens};
}

}  // namespace hopcheck
