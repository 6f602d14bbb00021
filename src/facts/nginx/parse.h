// Reads a configuration with its includes from whatever answers the two questions.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "hopcheck/nginx.h"
#include "host/given_nginx.h"
#include "host/host.h"

namespace hopcheck::nginx {

/// All files of a configuration together; what lies beyond was not read.
inline constexpr std::size_t kMaxBytes = 64 << 20;

/// What the parser asks: the text of a file, the entries of a directory.
struct Reader {
  std::function<Answer(const std::string& path)> read{};
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
