// A value that is computed when it is first asked for, once, whoever asks.
#pragma once

#include <mutex>
#include <optional>

namespace hopcheck {

/// The first caller computes, the others wait for it.
template <class T>
class Memo {
 public:
  template <class Make>
  const T& get(Make&& make) {
    const std::lock_guard lock(mutex_);
    if (!value_) value_.emplace(make());
    return *value_;
  }

 private:
  std::mutex mutex_{};
  std::optional<T> value_{};
};

}  // namespace hopcheck
