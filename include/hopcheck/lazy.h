// A value that is made when somebody first looks at it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace hopcheck {

/// Copies share the value. Whoever looks first makes it, from whichever thread; what the function
/// refers to must live until then.
template <class T>
class Lazy {
 public:
  Lazy() : Lazy([] { return T{}; }) {}
  explicit Lazy(std::function<T()> make) : state_(std::make_shared<State>(std::move(make))) {}

  const T& operator*() const {
    std::call_once(state_->once, [this] {
      state_->value = std::make_unique<T>(state_->make());
      state_->make = nullptr;
    });
    return *state_->value;
  }
  const T* operator->() const { return &**this; }

 private:
  struct State {
    explicit State(std::function<T()> function) : make(std::move(function)) {}
    std::once_flag once{};
    std::function<T()> make;
    std::unique_ptr<T> value{};
  };
  std::shared_ptr<State> state_;
};

}  // namespace hopcheck
