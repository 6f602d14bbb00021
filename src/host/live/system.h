// What all parts of the live host share: descriptors that close, small files, errors in words.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "host/host.h"
#include "host/live.h"

namespace hopcheck::live {

/// A file descriptor that is closed at its end; -1 for none.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd();
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void reset();
  /// Gives it away.
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// The system's words for an errno.
std::string error_text(int error);
/// "root" where root would see more than we do, else "".
std::string needs_root();
/// Absent, denied or failed, as `error` says of `path`.
Answer failure(int error, const std::string& path);
Answer timed_out(const std::string& what);

/// The first `cap` bytes of a small file below `dir` (AT_FDCWD for a path); nullopt with errno.
std::optional<std::string> slurp(int dir, const char* path, std::size_t cap);
/// Where the link below `dir` leads; nullopt with errno.
std::optional<std::string> link_target(int dir, const char* path);

/// What `work` answers in a child process that is killed after `limit_ms`: for what can hang in
/// the kernel or in a library. `what` names it for a person.
Answer in_child(const Deadline* deadline, int limit_ms, const std::string& what,
                const std::function<Answer()>& work);

/// The time limit of a question, shortened to what the run has left.
int limited(const Deadline* deadline, int limit_ms);

}  // namespace hopcheck::live
