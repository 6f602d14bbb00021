// A directory as "/": its files, and nothing that needs a running machine.
#include <cerrno>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "host/live.h"
#include "host/live/files.h"
#include "host/live/identity.h"
#include "host/tables.h"
#include "support/usage_error.h"

namespace hopcheck {
namespace {

class TreeHost : public Host {
 public:
  explicit TreeHost(const std::string& root) : files_(root, nullptr) {}

  Answer ask(const Question& question) override {
    switch (question.verb) {
      case Verb::list:
      case Verb::walk:
        return files_.ask(question);
      case Verb::read:
      case Verb::reduce: {
        Answer answer = files_.ask(question);
        answer.text = redact(std::move(answer.text));
        return answer;
      }
      case Verb::identity:
        return identity();
      case Verb::now:
        return live::now();
      default:
        return Answer::unseen({Unseen::Why::out_of_scope, "only files are looked at", ""});
    }
  }

 private:
  Answer identity() const {
    Identity identity;
    const auto first_line = [&](const char* path) {
      const Answer answer = files_.ask(ask::read(path));
      return answer.text.substr(0, answer.text.find('\n'));
    };
    identity.name = first_line("/etc/hostname");
    const Answer release = files_.ask(ask::read("/etc/os-release"));
    identity.os = live::pretty_name(release.text);
    return Answer::present(encode_identity(identity));
  }

  live::Files files_;
};

}  // namespace

std::unique_ptr<Host> make_tree_host(const std::string& root) {
  struct stat status {};
  if (stat(root.c_str(), &status) != 0) throw UsageError(root, live::error_text(errno));
  if (!S_ISDIR(status.st_mode)) throw UsageError(root, "is not a directory");
  const std::unique_ptr<char, void (*)(void*)> real(realpath(root.c_str(), nullptr), free);
  if (!real) throw UsageError(root, live::error_text(errno));
  // The machine's own root needs no resolving by hand.
  const std::string path = real.get();
  return std::make_unique<TreeHost>(path == "/" ? "" : path);
}

}  // namespace hopcheck
