// A path, component by component, as the kernel would resolve it.
#include "host/live/walk.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>

#include <fcntl.h>
#include <limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "host/live/system.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

constexpr int most_links = 40;  // MAXSYMLINKS of the kernel
constexpr std::size_t most_steps = 4096;

// Components still to be walked, the next one last.
void push_components(std::string_view path, std::vector<std::string>& pending) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (end > begin) parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  pending.insert(pending.end(), std::make_move_iterator(parts.rbegin()),
                 std::make_move_iterator(parts.rend()));
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string child_of(const std::string& directory, const std::string& name) {
  return directory == "/" ? "/" + name : directory + "/" + name;
}

class Walker {
 public:
  Walker(const std::string& root, const std::function<bool(const std::string&)>& stop)
      : root_(root), stop_(stop) {}

  RawWalk walk(const std::string& path) {
    push_components(path, pending_);
    if (!look("/")) return std::move(walk_);
    while (!pending_.empty() && step()) {
    }
    // After "link -> /" or "..", the last step must be where the path ends.
    const RawStep& last = walk_.steps.back();
    if (walk_.error == 0 && !last.absent && last.path != at_) look(at_);
    return std::move(walk_);
  }

 private:
  bool cut(int error, const std::string& path) {
    walk_.error = error;
    walk_.at = path;
    return false;
  }

  bool step() {
    const std::string name = std::move(pending_.back());
    pending_.pop_back();
    if (name == ".") return true;
    if (name == "..") {
      at_ = parent_of(at_);
      return true;
    }
    const std::string path = child_of(at_, name);
    if (path.size() >= PATH_MAX || walk_.steps.size() >= most_steps) {
      return cut(ENAMETOOLONG, path.substr(0, 200));
    }
    if (!look(path)) return false;
    if (!S_ISLNK(walk_.steps.back().status.st_mode)) {
      at_ = path;
      return true;
    }
    return follow(path);
  }

  bool follow(const std::string& path) {
    if (++links_ > most_links) return cut(ELOOP, path);
    const auto target = link_target(AT_FDCWD, (root_ + path).c_str());
    if (!target) return cut(errno, path);
    walk_.steps.back().target = *target;
    if (pending_.size() > most_steps) return cut(ENAMETOOLONG, path);
    push_components(*target, pending_);
    if (starts_with(*target, "/")) at_ = "/";
    return true;
  }

  // Adds the step of `path`; false where the walk ends there.
  bool look(const std::string& path) {
    if (stop_ && stop_(path)) return cut(EREMOTE, path);
    RawStep step{path, {}, false, {}};
    if (lstat((root_ + path).c_str(), &step.status) != 0) {
      if (errno != ENOENT && errno != ENOTDIR) return cut(errno, path);
      step.absent = true;
    }
    walk_.steps.push_back(std::move(step));
    return !walk_.steps.back().absent;
  }

  const std::string& root_;
  const std::function<bool(const std::string&)>& stop_;
  std::vector<std::string> pending_{};
  std::string at_{"/"};
  int links_{0};
  RawWalk walk_{};
};

std::string permissions(unsigned bits) {
  std::string text = "---";
  if ((bits & 4) != 0) text[0] = 'r';
  if ((bits & 2) != 0) text[1] = 'w';
  if ((bits & 1) != 0) text[2] = 'x';
  return text;
}

std::vector<std::string> acl_of(const std::string& path, const Accounts& accounts) {
  std::array<char, 4096> buffer;
  const ssize_t size =
      lgetxattr(path.c_str(), "system.posix_acl_access", buffer.data(), buffer.size());
  if (size <= 0) return {};
  return acl_entries(std::string(buffer.data(), static_cast<std::size_t>(size)), accounts);
}

PathStep named_step(const std::string& root, const RawStep& raw, const Accounts& accounts) {
  PathStep step;
  step.path = raw.path;
  step.type = raw.absent ? PathStep::Type::absent : type_of_mode(raw.status.st_mode);
  if (raw.absent) return step;
  step.mode = raw.status.st_mode & 07777;
  step.user = accounts.user(raw.status.st_uid);
  step.group = accounts.group(raw.status.st_gid);
  step.target = raw.target;
  if (step.type != PathStep::Type::link) step.acl = acl_of(root + raw.path, accounts);
  return step;
}

// mountinfo writes blanks and backslashes as \040 and the like.
std::string unescape_mount(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto digit = [&](std::size_t i) {
      return at + i < text.size() && text[at + i] >= '0' && text[at + i] <= '7' ? text[at + i] - '0'
                                                                                : -1;
    };
    if (text[at] == '\\' && digit(1) >= 0 && digit(2) >= 0 && digit(3) >= 0) {
      out += static_cast<char>(digit(1) * 64 + digit(2) * 8 + digit(3));
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

bool is_network(std::string_view type) {
  constexpr std::array<std::string_view, 9> types{"nfs",       "nfs4", "cifs",   "smb3",  "ceph",
                                                  "glusterfs", "9p",   "autofs", "lustre"};
  return starts_with(type, "fuse.") || std::find(types.begin(), types.end(), type) != types.end();
}

}  // namespace

PathStep::Type type_of_mode(mode_t mode) {
  using Type = PathStep::Type;
  if (S_ISDIR(mode)) return Type::directory;
  if (S_ISREG(mode)) return Type::file;
  if (S_ISSOCK(mode)) return Type::socket;
  if (S_ISLNK(mode)) return Type::link;
  if (S_ISFIFO(mode)) return Type::fifo;
  if (S_ISCHR(mode) || S_ISBLK(mode)) return Type::device;
  return Type::other;
}

RawWalk raw_walk(const std::string& root, const std::string& path,
                 const std::function<bool(const std::string&)>& stop) {
  return Walker(root, stop).walk(path);
}

Walk named_walk(const std::string& root, const std::string& path, const RawWalk& raw,
                const Accounts& accounts) {
  Walk walk;
  walk.path = path;
  for (const RawStep& step : raw.steps) walk.steps.push_back(named_step(root, step, accounts));
  if (raw.error == 0) return walk;
  const std::string what = raw.at + ": " + error_text(raw.error);
  const bool denied = raw.error == EACCES || raw.error == EPERM;
  walk.whole = denied ? Unseen{Unseen::Why::denied, what, needs_root()}
                      : Unseen{Unseen::Why::failed, what, ""};
  return walk;
}

// struct posix_acl_xattr_header and _entry of linux/posix_acl_xattr.h, little-endian.
std::vector<std::string> acl_entries(const std::string& bytes, const Accounts& accounts) {
  const auto number = [&](std::size_t at, std::size_t length) {
    unsigned value = 0;
    for (std::size_t i = 0; i < length; ++i) {
      value |= static_cast<unsigned>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
    return value;
  };
  if (bytes.size() < 4 || bytes.size() % 8 != 4 || number(0, 4) != 2) return {};
  std::vector<std::string> entries;
  bool extended = false;
  for (std::size_t at = 4; at < bytes.size(); at += 8) {
    const unsigned tag = number(at, 2);
    const std::string rights = ":" + permissions(number(at + 2, 2));
    const unsigned id = number(at + 4, 4);
    extended = extended || tag == 2 || tag == 8 || tag == 16;
    if (tag == 1) entries.push_back("user:" + rights);
    if (tag == 2) entries.push_back("user:" + accounts.user(id) + rights);
    if (tag == 4) entries.push_back("group:" + rights);
    if (tag == 8) entries.push_back("group:" + accounts.group(id) + rights);
    if (tag == 16) entries.push_back("mask:" + rights);
    if (tag == 32) entries.push_back("other:" + rights);
  }
  return extended ? entries : std::vector<std::string>{};
}

NetworkMounts::NetworkMounts(const std::string& mountinfo) {
  for (std::size_t begin = 0; begin < mountinfo.size();) {
    const std::string line(next_line(mountinfo, begin));
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::string_view rest = std::string_view(line).substr(dash + 3);
    if (!is_network(rest.substr(0, rest.find(' ')))) continue;
    std::size_t at = 0;
    for (int field = 0; field < 4 && at != std::string::npos; ++field) at = line.find(' ', at + 1);
    if (at == std::string::npos) continue;
    points_.push_back(
        unescape_mount(std::string_view(line).substr(at + 1, line.find(' ', at + 1) - at - 1)));
  }
}

bool NetworkMounts::holds(const std::string& path) const {
  return std::any_of(points_.begin(), points_.end(), [&](const std::string& point) {
    return starts_with(path, point) &&
           (path.size() == point.size() || point == "/" || path[point.size()] == '/');
  });
}

}  // namespace hopcheck::live
