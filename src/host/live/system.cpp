// What all parts of the live host share: descriptors that close, small files, errors in words.
#include "host/live/system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/bundle.h"

namespace hopcheck {

Deadline::Deadline(int limit_ms)
    : end_(std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Deadline::~Deadline() {
  if (wake_fd_ >= 0) close(wake_fd_);
}

int Deadline::left_ms() const {
  if (interrupted()) return 0;
  const auto left = end_ - std::chrono::steady_clock::now();
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<long long>(ms, 0, INT_MAX));
}

void Deadline::interrupt() noexcept {
  const int saved = errno;
  interrupted_.store(true);
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
  errno = saved;
}

namespace live {

Fd::~Fd() {
  reset();
}

void Fd::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

std::string error_text(int error) {
  return std::generic_category().message(error);
}

std::string needs_root() {
  return geteuid() == 0 ? "" : "root";
}

Answer failure(int error, const std::string& path) {
  if (error == ENOENT || error == ENOTDIR) return Answer::absent();
  const std::string what = path + ": " + error_text(error);
  if (error == EACCES || error == EPERM) {
    return Answer::unseen({Unseen::Why::denied, what, needs_root()});
  }
  return Answer::unseen({Unseen::Why::failed, what, ""});
}

Answer timed_out(const std::string& what) {
  return Answer::unseen({Unseen::Why::timed_out, what, ""});
}

std::optional<std::string> slurp(int dir, const char* path, std::size_t cap) {
  const Fd fd(openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.open()) return std::nullopt;
  std::string text;
  std::array<char, 8192> buffer;
  while (text.size() < cap) {
    const ssize_t got = read(fd.get(), buffer.data(), std::min(buffer.size(), cap - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::optional<std::string> link_target(int dir, const char* path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t length = readlinkat(dir, path, buffer.data(), buffer.size());
  if (length < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(length));
}

int limited(const Deadline* deadline, int limit_ms) {
  return deadline == nullptr ? limit_ms : std::min(limit_ms, deadline->left_ms());
}

namespace {

constexpr std::string_view child_key = "now";

[[noreturn]] void be_child(int out, const std::function<Answer()>& work) {
  std::string text;
  try {
    text = write_bundle({"", {{std::string(child_key), work()}}});
  } catch (const std::exception&) {
    _exit(1);
  }
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t wrote = write(out, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR) _exit(1);
    done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
  }
  _exit(0);
}

// Reads to the end, or returns false at the limit.
bool read_until(int fd, const Deadline* deadline, int limit_ms, std::string& text) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  std::array<char, 65536> buffer;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || (deadline != nullptr && deadline->interrupted())) return false;
    std::array<pollfd, 2> polled{
        {{fd, POLLIN, 0}, {deadline ? deadline->wake_fd() : -1, POLLIN, 0}}};
    poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    if (polled[0].revents == 0) continue;
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EINTR && errno != EAGAIN) return true;
  }
}

// A child that hangs in the kernel cannot even be killed; it is left behind then.
void reap(pid_t child) {
  for (int tries = 0; tries < 50; ++tries) {
    if (waitpid(child, nullptr, WNOHANG) != 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace

Answer in_child(const Deadline* deadline, int limit_ms, const std::string& what,
                const std::function<Answer()>& work) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return failure(errno, what);
  Fd in(ends[0]);
  Fd out(ends[1]);
  const pid_t child = fork();
  if (child < 0) return failure(errno, what);
  if (child == 0) be_child(out.get(), work);
  out.reset();
  std::string text;
  const bool ended = read_until(in.get(), deadline, limited(deadline, limit_ms), text);
  if (!ended) kill(child, SIGKILL);
  reap(child);
  if (!ended) return timed_out(what + ": no answer within " + std::to_string(limit_ms) + " ms");
  try {
    return read_bundle("child", text).answers.at(std::string(child_key));
  } catch (const std::exception&) {
    return Answer::unseen({Unseen::Why::failed, what + ": the child process failed", ""});
  }
}

}  // namespace live
}  // namespace hopcheck
