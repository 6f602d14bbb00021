// This machine.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "host/host.h"

namespace hopcheck {

/// When the run must end: its time limit, or a signal. Shared by all that waits.
class Deadline {
 public:
  explicit Deadline(int limit_ms);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  /// Milliseconds left, at least 0; 0 after `interrupt`.
  int left_ms() const;
  bool passed() const { return left_ms() == 0; }
  /// Ends all waiting now. Async-signal-safe.
  void interrupt() noexcept;
  bool interrupted() const { return interrupted_.load(); }
  /// Readable once interrupted, for poll().
  int wake_fd() const { return wake_fd_; }

 private:
  std::chrono::steady_clock::time_point end_;
  std::atomic<bool> interrupted_{false};
  int wake_fd_{-1};
};

struct LiveOptions {
  bool requests{true};  ///< false: --probe none
  bool crafted{false};  ///< --probe full: forged headers as well
};

/// Answers from the running machine. Reads only; commands are fixed argument vectors of programs
/// that root owns.
std::unique_ptr<Host> make_live_host(Deadline& deadline, LiveOptions options = {});

/// A directory as "/": files only, links resolved inside it; live questions are out of scope.
/// Throws UsageError where `root` is no directory.
std::unique_ptr<Host> make_tree_host(const std::string& root);

/// A text without secrets: private keys, passwords, tokens and cookies are overwritten in place
/// (no line is added or removed, quotes and semicolons stay).
std::string redact(std::string text);

}  // namespace hopcheck
