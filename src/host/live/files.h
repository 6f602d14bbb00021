// Files of this machine, or of a directory that stands for one.
#pragma once

#include <functional>
#include <string>

#include "host/live/accounts.h"
#include "host/live/system.h"
#include "host/live/walk.h"

namespace hopcheck::live {

class Files {
 public:
  /// `root`: "" for this machine, else the directory as "/", without a slash at its end.
  Files(std::string root, const Deadline* deadline);

  /// Answers read, reduce, list, walk and changed, space and largest on this machine; texts are not
  /// yet redacted.
  Answer ask(const Question& question) const;
  const Accounts& accounts() const { return accounts_; }

 private:
  Answer answer(const Question& question) const;
  Answer read(const std::string& path, std::size_t cap) const;
  Answer reduce(const Question& question) const;
  Answer list(const std::string& path) const;
  Answer walk(const std::string& path) const;
  Answer changed(const std::string& path) const;
  /// An open descriptor, or -1 with errno; in a tree no link leads out of it.
  int open(const std::string& path, int flags) const;
  int open_by_hand(const std::string& path, int flags) const;
  /// What a path leads to; false with errno where that cannot be told.
  bool look_at(const std::string& path, struct stat& status) const;
  /// A regular file, or else why not.
  std::pair<Fd, Answer> open_file(const std::string& path, struct stat& status) const;
  bool on_network(const std::string& path) const;

  std::string root_;
  Fd root_fd_;
  const Deadline* deadline_;
  NetworkMounts mounts_;
  Accounts accounts_;
};

}  // namespace hopcheck::live
