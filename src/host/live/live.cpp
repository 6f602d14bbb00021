// This machine: each verb to the part that answers it; secrets go no further than here.
#include "host/live.h"

#include <climits>

#include "host/live/command.h"
#include "host/live/files.h"
#include "host/live/identity.h"
#include "host/live/listeners.h"
#include "host/live/processes.h"
#include "host/live/request.h"
#include "host/live/resources.h"
#include "host/text.h"

namespace hopcheck {
namespace {

class LiveHost : public Host {
 public:
  LiveHost(Deadline& deadline, LiveOptions options)
      : deadline_(deadline), options_(options), files_("", &deadline) {}

  Answer ask(const Question& question) override {
    Answer answer = answer_of(question);
    switch (question.verb) {
      case Verb::read:
      case Verb::reduce:
      case Verb::run:
      case Verb::request:
      case Verb::processes:
        answer.text = redact(std::move(answer.text));
        break;
      default:
        break;
    }
    return answer;
  }

 private:
  Answer answer_of(const Question& question) {
    switch (question.verb) {
      case Verb::read:
      case Verb::reduce:
      case Verb::list:
      case Verb::walk:
      case Verb::changed:
      case Verb::space:
      case Verb::largest:
        return files_.ask(question);
      case Verb::run:
        return live::run(question, deadline_);
      case Verb::request:
        return request(question);
      case Verb::sample:
        return sample(question);
      case Verb::resolve:
        return live::resolve(question.words.at(0), deadline_);
      case Verb::processes:
        return live::processes(files_.accounts(), deadline_);
      case Verb::listeners:
        return live::listeners(deadline_);
      case Verb::descriptors:
        return live::descriptors(deadline_);
      case Verb::sockets:
        return live::sockets(static_cast<int>(parse_number(question.words.at(0), 1, INT_MAX)));
      case Verb::handshake:
        return handshake(question);
      case Verb::identity:
        return live::identity(files_.accounts());
      case Verb::now:
        return live::now();
      case Verb::settings:
      case Verb::cloud:
      case Verb::nginx:
        break;
    }
    return Answer::unseen(
        {Unseen::Why::not_captured, question.key() + ": only a recording has it", ""});
  }

  Answer sample(const Question& question) {
    if (!options_.requests) return request(question);
    return live::sample(request_of(question), count_of(question), deadline_);
  }

  Answer request(const Question& question) {
    if (!options_.requests) return Answer::unseen({Unseen::Why::switched_off, "--probe none", ""});
    const Request wanted = request_of(question);
    if (wanted.sent_as == kCrafted && !options_.crafted) {
      return Answer::unseen(
          {Unseen::Why::switched_off, "crafted headers are sent with --probe full only", ""});
    }
    return live::request(wanted, deadline_);
  }

  Answer handshake(const Question& question) {
    if (!options_.requests) return Answer::unseen({Unseen::Why::switched_off, "--probe none", ""});
    Request request;
    request.scheme = "https";
    request.address = question.words.at(0);
    request.port = static_cast<int>(parse_number(question.words.at(1), 1, 65535));
    request.host = question.option("name");
    return live::handshake(request, deadline_);
  }

  Deadline& deadline_;
  LiveOptions options_;
  live::Files files_;
};

}  // namespace

std::unique_ptr<Host> make_live_host(Deadline& deadline, LiveOptions options) {
  return std::make_unique<LiveHost>(deadline, options);
}

}  // namespace hopcheck
