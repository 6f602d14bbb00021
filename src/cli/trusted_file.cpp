// Files that decide what root does.
#include "cli/trusted_file.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd;
};

[[noreturn]] void refuse(const std::string& path, const std::string& part, const std::string& how) {
  const std::string whose = part == path ? "it" : part;
  throw UsageError(path, fmt::format("refused as root, because others could have written it: {} {}",
                                     whose, how));
}

std::string mode_text(const struct stat& info) {
  return fmt::format("{:04o}", info.st_mode & 07777U);
}

void require_root_alone(const std::string& path, const std::string& part, const struct stat& info) {
  const bool sticky_folder = S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX) != 0;
  if (info.st_uid != 0) {
    refuse(path, part, fmt::format("belongs to user {}; 'chown root' mends that", info.st_uid));
  }
  // A link's own mode means nothing; in a sticky folder only the owner replaces an entry.
  if (S_ISLNK(info.st_mode) || sticky_folder || (info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return;
  refuse(path, part, fmt::format("has mode {}; 'chmod go-w' mends that", mode_text(info)));
}

/// The path's folders and the path itself, without following it.
void require_safe_parts(const std::string& path, const std::filesystem::path& whole) {
  std::filesystem::path part;
  for (const auto& name : whole) {
    part /= name;
    struct stat info {};
    if (lstat(part.c_str(), &info) != 0) throw UsageError(path, std::strerror(errno));
    require_root_alone(path, part.string() == whole.string() ? path : part.string(), info);
  }
}

void require_trusted(const std::string& path) {
  std::error_code error;
  const auto given = std::filesystem::absolute(path, error).lexically_normal();
  if (error) throw UsageError(path, error.message());
  require_safe_parts(path, given);
  const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) throw UsageError(path, std::strerror(errno));
  if (given != real.get()) require_safe_parts(path, real.get());
}

/// Opened without waiting for whoever holds the other end of a pipe.
std::string read_all(const std::string& path, int fd, std::size_t cap) {
  struct stat info {};
  if (fstat(fd, &info) != 0) throw UsageError(path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) throw UsageError(path, "is no regular file");
  std::string text;
  std::string chunk(1U << 16U, '\0');
  for (;;) {
    const ssize_t n = read(fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw UsageError(path, std::strerror(errno));
    if (n == 0) return text;
    text.append(chunk, 0, static_cast<std::size_t>(n));
    if (text.size() > cap) throw UsageError(path, fmt::format("is larger than {} MiB", cap >> 20U));
  }
}

int open_file(const std::string& path) {
  if (path.find('\0') != std::string::npos) {
    errno = ENOENT;
    return -1;
  }
  return open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

}  // namespace

std::optional<std::string> read_trusted(const std::string& path, std::size_t cap) {
  const Descriptor file(open_file(path));
  if (file.fd < 0) {
    if (errno == ENOENT) return std::nullopt;
    throw UsageError(path, std::strerror(errno));
  }
  if (geteuid() == 0) require_trusted(path);
  return read_all(path, file.fd, cap);
}

std::string read_file(const std::string& path, std::size_t cap) {
  const Descriptor file(open_file(path));
  if (file.fd < 0) throw UsageError(path, std::strerror(errno));
  return read_all(path, file.fd, cap);
}

std::string read_input(std::size_t cap) {
  std::string text;
  std::array<char, 65536> buffer{};
  for (;;) {
    std::cin.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto got = static_cast<std::size_t>(std::cin.gcount());
    if (got == 0) return text;
    text.append(buffer.data(), got);
    if (text.size() > cap) throw UsageError("standard input", "is too large");
  }
}

}  // namespace hopcheck::cli
