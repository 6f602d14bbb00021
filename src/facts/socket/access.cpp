// Who may pass where: the kernel's acl_permission_check and what a walk makes of it.
#include <algorithm>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "hopcheck/path.h"

namespace hopcheck {
namespace {

struct AclEntry {
  std::string_view tag{};   // user, group, mask, other
  std::string_view name{};  // empty: the owner, the owning group
  unsigned bits{0};
};

// "user:www-data:r-x", as getfacl prints it; a trailing "#effective:…" is of no concern.
std::optional<AclEntry> parse_entry(std::string_view text) {
  const auto first = text.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view tag = text.substr(0, first);
  if (tag != "user" && tag != "group" && tag != "mask" && tag != "other") return std::nullopt;
  AclEntry entry{tag, text.substr(first + 1, second - first - 1), 0};
  for (const char c : text.substr(second + 1, 3)) {
    if (c == 'r') entry.bits |= 4;
    if (c == 'w') entry.bits |= 2;
    if (c == 'x') entry.bits |= 1;
  }
  return entry;
}

bool in_group(const Credentials& who, std::string_view group) {
  return who.group == group ||
         std::find(who.groups.begin(), who.groups.end(), group) != who.groups.end();
}

bool grants(unsigned bits, Access access) {
  const auto wanted = static_cast<unsigned>(access);
  return (bits & wanted) == wanted;
}

// The entries that count beyond the owner's; default ACLs ("default:user:…") do not parse as one.
std::vector<AclEntry> entries_of(const PathStep& step) {
  std::vector<AclEntry> entries;
  for (const std::string& text : step.acl) {
    if (const auto entry = parse_entry(text)) entries.push_back(*entry);
  }
  return entries;
}

// posix_acl_permission: a named user's entry decides alone; of the groups, any that grants.
bool acl_grants(const Credentials& who, const PathStep& step, const std::vector<AclEntry>& entries,
                Access access) {
  const unsigned mask = (step.mode >> 3) & 7U;  // with an extended ACL the group bits are its mask
  for (const AclEntry& entry : entries) {
    if (entry.tag == "user" && !entry.name.empty() && entry.name == who.user) {
      return grants(entry.bits & mask, access);
    }
  }
  bool found = false;
  for (const AclEntry& entry : entries) {
    if (entry.tag != "group") continue;
    if (!in_group(who, entry.name.empty() ? std::string_view(step.group) : entry.name)) continue;
    if (grants(entry.bits & mask, access)) return true;
    found = true;
  }
  return !found && grants(step.mode & 7U, access);
}

bool stops_at_end(const Credentials& who, const PathStep& step, Access access) {
  if (step.type == PathStep::Type::link || step.type == PathStep::Type::absent) return false;
  return !may(who, step, access);
}

const char* type_name(PathStep::Type type) {
  switch (type) {
    case PathStep::Type::directory:
      return "directory";
    case PathStep::Type::file:
      return "file";
    case PathStep::Type::socket:
      return "socket";
    case PathStep::Type::link:
      return "link";
    case PathStep::Type::fifo:
      return "fifo";
    case PathStep::Type::device:
      return "device";
    case PathStep::Type::other:
      return "other";
    case PathStep::Type::absent:
      return "absent";
  }
  return "other";
}

}  // namespace

bool Walk::exists() const {
  if (!*whole) return false;
  return !steps.empty() && steps.back().type != PathStep::Type::absent;
}

bool may(const Credentials& who, const PathStep& step, Access access) {
  if (who.bypasses_modes) return true;
  if (who.user == step.user) return grants(step.mode >> 6, access);
  // The kernel does not look at the ACL at all where the group bits, its mask, are empty.
  if (!step.acl.empty() && (step.mode & 070U) != 0) {
    const std::vector<AclEntry> entries = entries_of(step);
    if (!entries.empty()) return acl_grants(who, step, entries, access);
  }
  return grants(in_group(who, step.group) ? step.mode >> 3 : step.mode, access);
}

const PathStep* denied_at(const Credentials& who, const Walk& walk, Access at_end) {
  const bool cut = !walk.whole.seen();
  const std::size_t count = walk.steps.size();
  for (std::size_t i = 0; i < count; ++i) {
    const PathStep& step = walk.steps[i];
    const bool at_the_end = !cut && i + 1 == count;
    if (at_the_end && stops_at_end(who, step, at_end)) return &step;
    if (!at_the_end && step.type == PathStep::Type::directory && !may(who, step, Access::search)) {
      return &step;
    }
  }
  if (cut) throw NotSeen(walk.whole.unseen());
  return nullptr;
}

std::string describe(const PathStep& step) {
  if (step.type == PathStep::Type::absent) return "absent";
  if (step.type == PathStep::Type::link) return "link to " + step.target;
  return fmt::format("{} {:04o} {}:{}{}", type_name(step.type), step.mode & 07777U, step.user,
                     step.group, step.acl.empty() ? "" : " with an ACL");
}

}  // namespace hopcheck
