// The memory in front of a host.
#include "host/recorder.h"

namespace hopcheck {

double Recorder::elapsed_ms() const {
  const auto elapsed = std::chrono::steady_clock::now() - begun_;
  return std::chrono::duration<double, std::milli>(elapsed).count();
}

std::shared_ptr<const Answer> Recorder::share(const Question& question) {
  const std::string key = question.key();
  std::unique_lock lock(mutex_);
  const auto [place, first] = slots_.try_emplace(key);
  Slot& slot = place->second;
  if (!first) {
    answered_.wait(lock, [&] { return slot.answer != nullptr; });
    return slot.answer;
  }
  slot.start_ms = elapsed_ms();
  lock.unlock();
  std::shared_ptr<const Answer> answer;
  try {
    answer = host_.share(question);
  } catch (const std::exception& error) {
    // Whoever waits for this answer must not wait forever.
    answer = std::make_shared<const Answer>(
        Answer::unseen({Unseen::Why::failed, key + ": " + error.what(), ""}));
  }
  lock.lock();
  slot.ms = elapsed_ms() - slot.start_ms;
  slot.answer = std::move(answer);
  answered_.notify_all();
  return slot.answer;
}

void Recorder::keep(const Question& question, Answer answer) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[question.key()];
  slot.answer = std::make_shared<const Answer>(std::move(answer));
  answered_.notify_all();
}

Bundle Recorder::bundle() const {
  Bundle bundle{"hopcheck " HOPCHECK_VERSION, {}};
  const std::lock_guard lock(mutex_);
  for (const auto& [key, slot] : slots_) {
    if (slot.answer != nullptr) bundle.answers.emplace(key, *slot.answer);
  }
  return bundle;
}

std::vector<Recorder::Timing> Recorder::timings() const {
  std::vector<Timing> timings;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, slot] : slots_) {
    if (slot.answer != nullptr) timings.push_back({key, slot.start_ms, slot.ms});
  }
  return timings;
}

}  // namespace hopcheck
