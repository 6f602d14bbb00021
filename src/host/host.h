// The seam to the machine: everything that hopcheck learns, it learns by asking a Host.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hopcheck/fact.h"
#include "hopcheck/http.h"

namespace hopcheck {

/// The closed set of things that can be asked.
enum class Verb {
  read,
  reduce,
  list,
  walk,
  changed,
  run,
  request,
  sample,
  resolve,
  processes,
  listeners,
  space,
  largest,
  descriptors,
  sockets,
  handshake,
  identity,
  now,
  settings,
  cloud,
  nginx
};

/// One question. Its canonical text is the key of its answer, so two askers of the same thing
/// share one answer, and a recording can be looked up in.
struct Question {
  Verb verb{Verb::now};
  std::vector<std::string> words{};  ///< operands, then options as "name=value" in fixed order

  /// "read /etc/nginx/nginx.conf"; words with blanks or quotes are quoted.
  std::string key() const;
  /// The value of option `name`, "" where it is not given.
  std::string option(const std::string& name) const;
};

/// What came back. The text is in the verb's own small format (tables.h).
struct Answer {
  enum class Status { present, absent, unseen };
  Status status{Status::unseen};
  Unseen why{};                   ///< status unseen only
  std::string text{};             ///< status present only
  std::size_t truncated_at{0};    ///< bytes after which the source was cut; 0: it is whole
  std::vector<Unseen> missing{};  ///< what the text lacks, though it could be had in part

  static Answer present(std::string text) { return {Status::present, {}, std::move(text), 0, {}}; }
  static Answer absent() { return {Status::absent, {}, {}, 0, {}}; }
  static Answer unseen(Unseen why) { return {Status::unseen, std::move(why), {}, 0, {}}; }

  friend bool operator==(const Answer&, const Answer&) = default;
};

/// A machine, a directory, or a recording of one. `ask` is called from several threads at once,
/// never throws for what the machine does, and never blocks past the run's time limit.
class Host {
 public:
  virtual ~Host() = default;
  virtual Answer ask(const Question& question) = 0;
  /// The same answer without a copy of its own, where somebody keeps it anyway.
  virtual std::shared_ptr<const Answer> share(const Question& question) {
    return std::make_shared<const Answer>(ask(question));
  }
};

/// Questions, well formed.
namespace ask {
/// The first `cap` bytes of a regular file. Absent: no such file.
Question read(const std::string& path, std::size_t cap = 4 << 20);
/// What reducer `name` (reducers.h) makes of a file, however large; some want the file's format.
Question reduce(const std::string& path, const std::string& reducer,
                const std::string& format = {});
/// The entries of a directory, sorted by name, a line each: "file NAME" (types as in PathStep).
Question list(const std::string& path);
/// Every component of a path (tables.h, decode_walk).
Question walk(const std::string& path);
/// When a path was last changed ("2026-11-21T09:30:00Z"): itself, and what it leads to where it is
/// a link.
Question changed(const std::string& path);
/// A fixed program (by name; the live host knows where it lies) with its arguments. Output is
/// capped at 1 MiB, time at `limit_ms`.
Question run(std::vector<std::string> argv, int limit_ms = 3000);
/// One HTTP exchange.
Question request(const Request& request);
/// The same exchange `count` times, one after another: the exchanges' measures as a table
/// (tables.h), which ends early at one that got no answer. A question of its own, since two askers
/// of one request share its answer.
Question sample(const Request& request, int count);
/// Addresses of a host name.
Question resolve(const std::string& name);
Question processes();
Question listeners();
/// The file system that holds a path, and what is left of it (resource_text.h).
Question space(const std::string& path);
/// The files that take most of the file system below a folder.
Question largest(const std::string& folder);
/// Processes that have used at least half of the descriptors that they may have.
Question descriptors();
/// How many sockets a process has open ("sockets=12"), of whatever kind.
Question sockets(int pid);
/// The certificates that a TLS server shows a client that asks for `name` ("": for none)
/// (certificate_text.h).
Question handshake(const std::string& address, int port, const std::string& name);
/// The same once more, later: `look` 2 is asked after the requests.
Question listeners_again(int look);
/// Host name, system, kernel, user, addresses.
Question identity();
Question now();
/// What the load balancer, the site and the app are known to be (model/settings_text.h). Only a
/// recording answers it: the program itself keeps it there.
Question settings();
/// What exports say of the cloud's firewall (facts/cloud/cloud_export.h). As with the settings,
/// only a recording answers it.
Question cloud();
/// Which configuration stands for nginx's own (host/given_nginx.h). Only the command line and a
/// recording answer it.
Question nginx();
}  // namespace ask

/// Whom a request imitates that no load balancer and no user sends (--probe full).
inline constexpr const char* kCrafted = "crafted";

/// The request that a request or sample question stands for.
Request request_of(const Question& question);
/// How often a sample question sends it.
int count_of(const Question& question);

const char* verb_name(Verb verb);
/// The question whose key this is; throws std::invalid_argument where it is none.
Question parse_question(const std::string& key);

const char* why_name(Unseen::Why why);
/// Throws std::invalid_argument.
Unseen::Why parse_why(const std::string& name);

/// Words to one line and back: a word with blanks, quotes or control characters is quoted.
std::string join_words(const std::vector<std::string>& words);
/// Throws std::invalid_argument where a quote is not closed.
std::vector<std::string> split_words(std::string_view line);

}  // namespace hopcheck
