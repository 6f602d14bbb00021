// Who answers the parser: a host, or the part of one that a dump is.
#include <algorithm>

#include "facts/nginx/parse.h"

namespace hopcheck::nginx {

Reader reader_of(Host& host) {
  const auto read = [&host](const std::string& path) -> FileAnswer {
    auto answer = host.share(ask::read(path));
    if (answer->truncated_at == 0) return answer;
    auto whole = host.share(ask::read(path, kMaxBytes));
    return whole->status == Answer::Status::present ? whole : answer;
  };
  return {read, [&host](const std::string& dir) { return host.ask(ask::list(dir)); }};
}

Reader reader_of_dump(Host& host, const GivenNginx& given) {
  const auto read = [&host, given](const std::string& path) -> FileAnswer {
    const bool known = std::find(given.files.begin(), given.files.end(), path) != given.files.end();
    if (known) return host.share(ask::read(path));
    return Answer::unseen({Unseen::Why::truncated, path + " is not in the dump", {}});
  };
  const auto list = [given](const std::string& dir) {
    Answer answer = listing_of(given, dir);
    if (given.cut) answer.missing.push_back({Unseen::Why::truncated, "the end of the dump", {}});
    return answer;
  };
  return {read, list};
}

}  // namespace hopcheck::nginx
