// Reads a configuration with its includes from whatever answers the two questions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "hopcheck/nginx.h"
#include "host/given_nginx.h"
#include "host/host.h"

namespace hopcheck::nginx {

/// All files of a configuration together; what lies beyond was not read.
inline constexpr std::size_t kMaxBytes = 64 << 20;

/// A file's text, which whoever keeps it anyway shares.
class FileAnswer {
 public:
  FileAnswer(Answer answer) : answer_(std::make_shared<const Answer>(std::move(answer))) {}
  FileAnswer(std::shared_ptr<const Answer> answer) : answer_(std::move(answer)) {}

  const Answer* operator->() const { return answer_.get(); }
  /// The text, which keeps the answer.
  std::shared_ptr<const std::string> text() const { return {answer_, &answer_->text}; }

 private:
  std::shared_ptr<const Answer> answer_;
};

/// What the parser asks: the text of a file, the entries of a directory.
struct Reader {
  std::function<FileAnswer(const std::string& path)> read{};
  std::function<Answer(const std::string& dir)> list{};
};

/// Asks a host; a file that is longer than the usual cap is asked for again with a higher one.
Reader reader_of(Host& host);

/// Asks for the files of a dump and no others: what it lacks was not seen.
Reader reader_of_dump(Host& host, const GivenNginx& given);

/// `path`: the main file; relative ones begin at `prefix` (nginx's -p). Never throws for what
/// the files hold. Where an include could not be read, an `include` node stays in the tree.
/// `context` is "http" for a snippet that is meant to be included there.
Config parse(const std::string& path, const std::string& prefix, const Reader& reader,
             std::string_view context = "main");

}  // namespace hopcheck::nginx
