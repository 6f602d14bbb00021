// What is left of the machine: room on file systems, descriptors of processes.
#include "host/live/resources.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/resource_text.h"
#include "host/text.h"

namespace hopcheck::live {
namespace {

constexpr std::size_t mountinfo_cap = std::size_t{8} << 20;
constexpr std::size_t limits_cap = 65536;
constexpr std::size_t most_options = 200;  // an overlay names all its folders
constexpr std::size_t most_processes = 50'000;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

bool lies_below(const std::string& path, const std::string& point) {
  if (!starts_with(path, point)) return false;
  return point == "/" || path.size() == point.size() || path[point.size()] == '/';
}

/// A point as mountinfo writes it: "\040" for a blank.
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool octal = text[at] == '\\' && at + 3 < text.size();
    unsigned value = 0;
    if (octal && std::from_chars(&text[at + 1], &text[at + 1] + 3, value, 8).ec == std::errc{} &&
        value < 256) {
      out += static_cast<char>(value);
      at += 3;
    } else {
      out += text[at];
    }
  }
  return out;
}

/// The soft limit on the line "Max open files            1024                 524288 files".
long open_files_limit(const std::string& limits) {
  constexpr std::string_view label = "Max open files";
  const auto at = limits.find(label);
  if (at == std::string::npos) return 0;
  const auto words = words_of(std::string_view(limits).substr(at + label.size(), 80));
  long value = 0;
  if (!words.empty()) std::from_chars(words[0].data(), words[0].data() + words[0].size(), value);
  return value;  // 0 for "unlimited"
}

/// -1 with errno where we may not look.
long count_entries(const std::string& path, long most) {
  const Directory directory(opendir(path.c_str()), closedir);
  if (!directory) return -1;
  long count = 0;
  while (const dirent* entry = readdir(directory.get())) {
    if (entry->d_name[0] != '.' && ++count > most) break;
  }
  return count;
}

enum class Looked { told, quiet, hidden };
Looked look(const std::string& pid, std::vector<OpenFiles>& found) {
  const std::string folder = "/proc/" + pid;
  const auto limits = slurp(AT_FDCWD, (folder + "/limits").c_str(), limits_cap);
  // A process that has ended meanwhile has none.
  if (!limits) return errno == EACCES || errno == EPERM ? Looked::hidden : Looked::quiet;
  const long limit = open_files_limit(*limits);
  if (limit <= 0) return Looked::quiet;
  const long used = count_entries(folder + "/fd", limit);
  if (used < 0) return errno == EACCES || errno == EPERM ? Looked::hidden : Looked::quiet;
  if (used < limit - used) return Looked::quiet;
  found.push_back({std::atoi(pid.c_str()), used, limit});
  return Looked::told;
}

constexpr std::size_t most_told = 8;

/// Takes note of a folder's files; its folders, unless another file system begins there, are left
/// in `open`.
void look_into(int number, DIR& directory, const std::string& here, dev_t device,
               std::vector<std::string>& open, std::vector<LargeFile>& files) {
  while (const dirent* entry = readdir(&directory)) {
    const std::string_view name = entry->d_name;
    struct stat status {};
    if (name == "." || name == ".." ||
        fstatat(number, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        status.st_dev != device)
      continue;
    std::string path = here + "/" + std::string(name);
    if (S_ISDIR(status.st_mode)) open.push_back(std::move(path));
    if (!S_ISREG(status.st_mode)) continue;
    constexpr std::uint64_t kBlock = 512;
    files.push_back({std::move(path), static_cast<std::uint64_t>(status.st_blocks) * kBlock});
    std::sort(files.begin(), files.end(), [](const LargeFile& a, const LargeFile& b) {
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.path < b.path;
    });
    if (files.size() > most_told) files.pop_back();
  }
}

}  // namespace

Mount mount_of(const std::string& mountinfo, const std::string& device, const std::string& path) {
  // 36 35 98:0 /root /point options - ext4 /dev/sda1 rw
  Mount nearest;
  for (std::size_t at = 0; at < mountinfo.size();) {
    const auto words = words_of(next_line(mountinfo, at));
    if (words.size() < 7 || words[2] != device) continue;
    const std::string point = unescaped(words[4]);
    const auto dash = std::find(words.begin() + 6, words.end(), "-");
    const auto after = [&](std::ptrdiff_t count) {
      return words.end() - dash > count ? std::string(*(dash + count)) : std::string();
    };
    const bool holds = lies_below(path, point);
    if (nearest.point.empty() || (holds && point.size() >= nearest.point.size()))
      nearest = {point, after(1), unescaped(after(2)), std::string(words[5]), after(3)};
  }
  return nearest;
}

Answer space(const std::string& path) {
  const Fd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat status {};
  struct statvfs left {};
  if (!fd.open() || fstat(fd.get(), &status) != 0 || fstatvfs(fd.get(), &left) != 0)
    return failure(errno, path);
  const auto real = link_target(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd.get())).c_str());
  const std::string device =
      std::to_string(major(status.st_dev)) + ":" + std::to_string(minor(status.st_dev));
  const auto mounts = slurp(AT_FDCWD, "/proc/self/mountinfo", mountinfo_cap);
  const Mount mount = mount_of(mounts.value_or(""), device, real.value_or(path));
  FileSystem system;
  system.mount = mount.point.empty() ? path : mount.point;
  system.type = mount.type;
  system.read_only = (left.f_flag & ST_RDONLY) != 0;
  if (system.read_only) {
    system.device = mount.device;
    system.mounted_as = mount.options.substr(0, most_options);
    system.file_system_as = mount.file_system.substr(0, most_options);
  }
  system.size = std::uint64_t{left.f_blocks} * left.f_frsize;
  system.free = std::uint64_t{left.f_bavail} * left.f_frsize;
  system.inodes = left.f_files;
  system.inodes_free = left.f_favail;
  return Answer::present(encode_space(system));
}

Answer largest(const std::string& folder, const Deadline* deadline) {
  constexpr auto kLong = std::chrono::seconds(1);
  const auto end = std::chrono::steady_clock::now() + kLong;
  struct stat top {};
  if (stat(folder.c_str(), &top) != 0) return failure(errno, folder);
  std::vector<std::string> open{folder == "/" ? "" : folder};
  std::vector<LargeFile> files;
  Answer answer = Answer::present("");
  while (!open.empty()) {
    if ((deadline != nullptr && deadline->passed()) || std::chrono::steady_clock::now() > end) {
      answer.missing.push_back({Unseen::Why::timed_out, "further folders of " + folder, ""});
      break;
    }
    const std::string here = std::move(open.back());
    open.pop_back();
    const Directory directory(opendir(here.empty() ? "/" : here.c_str()), closedir);
    if (!directory) {
      if (errno == EACCES)
        answer.missing.push_back({Unseen::Why::denied, "what is in " + here, needs_root()});
      continue;
    }
    look_into(dirfd(directory.get()), *directory, here, top.st_dev, open, files);
  }
  answer.text = encode_largest(files);
  return answer;
}

Answer descriptors(const Deadline& deadline) {
  const Directory proc(opendir("/proc"), closedir);
  if (!proc) return failure(errno, "/proc");
  std::vector<std::string> pids;
  while (const dirent* entry = readdir(proc.get())) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") == std::string::npos && pids.size() < most_processes)
      pids.push_back(name);
  }
  std::vector<OpenFiles> found;
  std::size_t hidden = 0;
  for (const std::string& pid : pids) {
    if (deadline.passed()) return timed_out("the descriptors of all processes");
    if (look(pid, found) == Looked::hidden) ++hidden;
  }
  Answer answer = Answer::present(encode_descriptors(found));
  if (hidden > 0) {
    answer.missing.push_back(
        {Unseen::Why::denied, "the descriptors of other users' processes", needs_root()});
  }
  return answer;
}

Answer sockets(int pid) {
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  const Directory directory(opendir(folder.c_str()), closedir);
  if (!directory) return failure(errno, folder);
  std::array<char, 16> target{};
  long count = 0;
  while (const dirent* entry = readdir(directory.get())) {
    const auto size =
        readlinkat(dirfd(directory.get()), entry->d_name, target.data(), target.size());
    const std::string_view kind(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    if (kind.substr(0, 8) == "socket:[") ++count;
  }
  return Answer::present("sockets=" + std::to_string(count) + "\n");
}

}  // namespace hopcheck::live
