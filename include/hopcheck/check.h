// What a check file needs: include this, write `void check(const Deployment&, Outcome&)` with
// the macro, and put the page and the cases beside it.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"

namespace hopcheck {

/// What a check says while it runs. Its status follows: a finding makes it fail or warn; else
/// anything unseen or not applicable a skip with the reason; else it is a pass.
class Outcome {
 public:
  void report(Finding finding) { findings_.push_back(std::move(finding)); }
  /// There is nothing here that this check speaks of; the reason stands in the report.
  void not_applicable(std::string reason) { not_applicable_ = std::move(reason); }
  /// Notes what was not seen; the check goes on.
  void not_seen(const Unseen& unseen) { unseen_.push_back(unseen); }
  /// The value, or null after noting why it was not seen.
  template <class T>
  const T* see(const Fact<T>& fact) {
    if (!fact.seen()) not_seen(fact.unseen());
    return fact.if_seen();
  }
  /// Notes what is missing from a collection; whether none of it was seen.
  template <class T>
  bool none(const Partial<T>& subjects) {
    for (const Unseen& missing : subjects.missing()) {
      if (!missing.aside) not_seen(missing);
    }
    return subjects.seen_items().empty();
  }
  /// Judges each subject by itself: one that cannot be seen is a skip for that one alone.
  template <class Range, class Judge>
  void each(const Range& subjects, Judge&& judge) {
    for (const auto& subject : subjects) {
      ++subjects_;
      try {
        judge(subject);
      } catch (const NotSeen& not_seen_here) {
        not_seen(not_seen_here.unseen());
      }
    }
  }

  const std::vector<Finding>& findings() const { return findings_; }
  const std::vector<Unseen>& unseen() const { return unseen_; }
  const std::string& why_not_applicable() const { return not_applicable_; }
  std::size_t subjects() const { return subjects_; }

 private:
  std::vector<Finding> findings_{};
  std::vector<Unseen> unseen_{};
  std::string not_applicable_{};
  std::size_t subjects_{0};
};

using CheckFn = void (*)(const Deployment&, Outcome&);

}  // namespace hopcheck

/// Opens the one function of a check file. The registry is made from the folder: the check
/// `checks/socket/access.cpp` has the id "socket.access" and defines HOPCHECK_CHECK(socket_access).
#define HOPCHECK_CHECK(id) \
  void hopcheck_check_##id(const ::hopcheck::Deployment& host, ::hopcheck::Outcome& out)
