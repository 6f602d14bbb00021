// "Could not see" is never "is not there": a Fact cannot be looked at without deciding which.
#pragma once

#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hopcheck {

/// Why something was not seen.
struct Unseen {
  enum class Why {
    denied,         ///< no permission; `needs` says what would help
    not_installed,  ///< the program or subsystem is not on this host
    timed_out,      ///< the time limit of the question or of the run struck
    switched_off,   ///< by an option, such as --probe none
    not_captured,   ///< the bundle or the source tree does not hold it
    out_of_scope,   ///< files only (--root): what needs a live host is not missed
    truncated,      ///< there is more than the cap lets through
    malformed,      ///< it was read and could not be understood
    undecidable,    ///< it depends on what only the running program knows
    failed          ///< any other error of the system
  };
  Why why{Why::failed};
  std::string what{};   ///< what was looked for and what happened, for a person
  std::string needs{};  ///< "root" where root would see it, else empty
  bool aside{false};    ///< leaves a search open, and concerns no request that is asked about

  friend bool operator==(const Unseen&, const Unseen&) = default;
};

/// Thrown by looking into a fact that was not seen; the runner makes a skip of it.
class NotSeen : public std::exception {
 public:
  explicit NotSeen(Unseen unseen) : unseen_(std::move(unseen)) {}
  const Unseen& unseen() const { return unseen_; }
  const char* what() const noexcept override { return unseen_.what.c_str(); }

 private:
  Unseen unseen_;
};

/// A T, or why it was not seen.
template <class T>
class Fact {
 public:
  Fact() : state_(Unseen{Unseen::Why::failed, "never asked", {}}) {}
  Fact(T value) : state_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Fact(Unseen unseen) : state_(std::move(unseen)) {}  // NOLINT(google-explicit-constructor)

  bool seen() const { return std::holds_alternative<T>(state_); }
  /// The value; throws NotSeen, which ends the check (or its subject) as a skip.
  const T& operator*() const& {
    if (!seen()) throw NotSeen(std::get<Unseen>(state_));
    return std::get<T>(state_);
  }
  /// Of a fact that does not outlive the expression the value itself, so that it may be kept.
  T operator*() && {
    if (!seen()) throw NotSeen(std::get<Unseen>(state_));
    return std::get<T>(std::move(state_));
  }
  const T* operator->() const { return &**this; }
  /// The value, or null: for code that goes on without it.
  const T* if_seen() const& { return std::get_if<T>(&state_); }
  const T* if_seen() && = delete;
  /// Call only where !seen().
  const Unseen& unseen() const { return std::get<Unseen>(state_); }

 private:
  std::variant<T, Unseen> state_;
};

/// A collection and what is missing from it. A search that finds nothing in one that is not
/// complete answers *unseen*, not *absent*.
template <class T>
class Partial {
 public:
  Partial() = default;
  Partial(std::vector<T> items, std::vector<Unseen> missing = {})  // NOLINT
      : items_(std::move(items)), missing_(std::move(missing)) {}

  /// What was seen, for walks whose result only grows with more of it.
  const std::vector<T>& seen_items() const& { return items_; }
  /// A collection that ends with its expression gives its items away.
  std::vector<T> seen_items() && { return std::move(items_); }
  const std::vector<Unseen>& missing() const& { return missing_; }
  std::vector<Unseen> missing() && { return std::move(missing_); }
  bool complete() const { return missing_.empty(); }

  /// The first item that matches, null where surely none does; throws NotSeen where one that
  /// was not seen might.
  template <class Match>
  const T* find(Match&& match) const {
    for (const T& item : items_) {
      if (match(item)) return &item;
    }
    if (!complete()) throw NotSeen(missing_.front());
    return nullptr;
  }
  template <class Match>
  bool any(Match&& match) const {
    return find(std::forward<Match>(match)) != nullptr;
  }
  /// All of them; throws NotSeen where some are missing.
  const std::vector<T>& all() const {
    if (!complete()) throw NotSeen(missing_.front());
    return items_;
  }

  void add(T item) { items_.push_back(std::move(item)); }
  void add_missing(Unseen unseen) { missing_.push_back(std::move(unseen)); }

 private:
  std::vector<T> items_{};
  std::vector<Unseen> missing_{};
};

}  // namespace hopcheck
