// Patterns in paths, one folder at a time.
#include "facts/nginx/expand.h"

#include <algorithm>
#include <stdexcept>

#include "facts/nginx/glob.h"
#include "facts/nginx/paths.h"

namespace hopcheck::nginx {

namespace {

// Limits against hostile input.
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxListed = 100'000;

}  // namespace

Glob::Listing Glob::read_listing(const std::string& dir, const Answer& answer) {
  Listing out;
  out.missing = answer.missing;
  if (answer.status == Answer::Status::unseen) out.missing.push_back(answer.why);
  std::string_view rest = answer.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    try {
      const auto words = split_words(rest.substr(0, end));
      if (words.size() >= 2) out.entries.push_back({words[1], words[0] == "directory"});
    } catch (const std::invalid_argument&) {
      out.missing.push_back({Unseen::Why::malformed, "an entry of " + dir, {}});
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out;
}

const Glob::Listing& Glob::listing(const std::string& dir) {
  const auto found = listings_.find(dir);
  if (found != listings_.end()) return found->second;
  return listings_.emplace(dir, read_listing(dir, reader_.list(dir))).first->second;
}

Glob::Found Glob::expand(std::string_view pattern) {
  Found out;
  pattern.remove_prefix(std::min(pattern.find_first_not_of('/'), pattern.size()));
  expand_one("/", pattern, out, 0);
  std::sort(out.names.begin(), out.names.end());
  return out;
}

void Glob::expand_one(const std::string& dir, std::string_view rest, Found& out,
                      std::size_t depth) {
  if (depth > kMaxDepth || listed_ > kMaxListed) return;
  const std::size_t slash = rest.find('/');
  const std::string_view head = rest.substr(0, slash);
  std::string_view tail = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  while (tail.starts_with('/')) tail.remove_prefix(1);
  if (!has_wildcard(head) && has_wildcard(tail)) {
    return expand_one(join(dir, head), tail, out, depth + 1);
  }
  const Listing& here = listing(dir);
  for (const Unseen& why : here.missing) out.missing.emplace_back(dir, why);
  for (const Entry& entry : here.entries) {
    if (!glob_match(head, entry.name)) continue;
    std::string path = join(dir, entry.name);
    ++listed_;
    if (!tail.empty()) {
      expand_one(path, tail, out, depth + 1);
    } else if (entry.directory) {
      out.directories.push_back(std::move(path));
    } else {
      out.names.push_back(std::move(path));
    }
  }
}

}  // namespace hopcheck::nginx
