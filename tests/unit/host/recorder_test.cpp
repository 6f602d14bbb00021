// One answer for all who ask the same.
#include "host/recorder.h"

#include <atomic>
#include <stdexcept>
#include <thread>

#include "test.h"

using namespace hopcheck;

namespace {

class CountingHost : public Host {
 public:
  Answer ask(const Question& question) override {
    const int number = ++asked;
    if (question.verb == Verb::identity) throw std::runtime_error("broken");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return Answer::present(question.key() + " " + std::to_string(number));
  }
  std::atomic<int> asked{0};
};

}  // namespace

TEST_CASE("many askers share one answer") {
  CountingHost host;
  Recorder recorder(host);
  std::vector<std::thread> threads;
  std::vector<Answer> answers(8);
  for (Answer& answer : answers) {
    threads.emplace_back([&] { answer = recorder.ask(ask::now()); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(host.asked == 1);
  for (const Answer& answer : answers) CHECK(answer == Answer::present("now 1"));
  CHECK(recorder.ask(ask::listeners()).text == "listeners 2");
  CHECK(recorder.bundle().answers.size() == 2);
  CHECK(recorder.timings().size() == 2);
}

TEST_CASE("a host that throws leaves nobody waiting") {
  CountingHost host;
  Recorder recorder(host);
  CHECK(recorder.ask(ask::identity()).why.why == Unseen::Why::failed);
  CHECK(recorder.ask(ask::identity()).why.what == "identity: broken");
  CHECK(host.asked == 1);
}

TEST_CASE("what was kept is answered and recorded, and replays") {
  CountingHost host;
  Recorder recorder(host);
  recorder.keep(ask::settings(), Answer::present("lb\n"));
  CHECK(recorder.ask(ask::settings()).text == "lb\n");
  recorder.ask(ask::read("/a"));
  CHECK(host.asked == 1);
  BundleHost replay(read_bundle("x", write_bundle(recorder.bundle())));
  CHECK(replay.ask(ask::settings()) == recorder.ask(ask::settings()));
  CHECK(replay.ask(ask::read("/a")) == recorder.ask(ask::read("/a")));
}
