// Asks each question once, keeps the answer and how long it took.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "host/bundle.h"
#include "host/host.h"

namespace hopcheck {

/// Stands before every other host: the same question is answered from memory, two askers at the
/// same time share one answer, and all of it can be written as a bundle.
class Recorder : public Host {
 public:
  explicit Recorder(Host& host) : host_(host) {}
  Answer ask(const Question& question) override { return *share(question); }
  std::shared_ptr<const Answer> share(const Question& question) override;

  /// Adds an answer that no host gave, such as the run's own settings.
  void keep(const Question& question, Answer answer);

  /// What was asked and answered so far.
  Bundle bundle() const;
  struct Timing {
    std::string key{};
    double start_ms{0};  ///< since the recorder was made
    double ms{0};
  };
  std::vector<Timing> timings() const;

 private:
  struct Slot {
    std::shared_ptr<const Answer> answer{};  ///< null: it is being asked
    double start_ms{0};
    double ms{0};
  };
  double elapsed_ms() const;

  Host& host_;
  std::chrono::steady_clock::time_point begun_{std::chrono::steady_clock::now()};
  mutable std::mutex mutex_{};
  std::condition_variable answered_{};
  std::map<std::string, Slot> slots_{};
};

}  // namespace hopcheck
