// Finds where one file of a dump ends and the next begins. A comment may look like the line that
// nginx writes between two files, so each candidate is held against what the files include.
#include "facts/nginx/dump.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include "facts/nginx/arena.h"
#include "facts/nginx/glob.h"
#include "facts/nginx/paths.h"
#include "facts/nginx/tokens.h"

namespace hopcheck::nginx {

namespace {

constexpr std::string_view kMark = "# configuration file ";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Mark {
  std::size_t at{0};    ///< where its line begins
  std::size_t text{0};  ///< where the next line begins
  std::string_view path{};
};

std::vector<Mark> find_marks(std::string_view text) {
  std::vector<Mark> out;
  for (std::size_t at = text.find(kMark); at != std::string_view::npos;
       at = text.find(kMark, at + 1)) {
    if (at > 0 && text[at - 1] != '\n') continue;
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view path = text.substr(at + kMark.size(), end - at - kMark.size());
    if (path.size() < 2 || !path.ends_with(':')) continue;
    out.push_back({at, std::min(end + 1, text.size()), path.substr(0, path.size() - 1)});
  }
  return out;
}

/// Reads the files one after another and knows what was included so far.
class Reading {
 public:
  Reading(std::string_view text, const Mark& main) : text_(text), base_(main.path) { begin(main); }

  /// Whether the file that is being read can end where this mark stands, and the mark's file come
  /// next.
  bool ends_at(const Mark& mark) {
    while (!failed_ && next_ < mark.at) advance();
    // Even an empty file is followed by a line break.
    if (mark.at == offset_ || seen_.count(mark.path) > 0) return false;
    // Past a mistake nothing is known of where the file ends.
    if (!failed_ && (depth_ > 0 || taken_ > mark.at)) return false;
    return includes(mark.path);
  }
  void begin(const Mark& mark) {
    seen_.insert(mark.path);
    tokens_.emplace(text_.substr(mark.text), arena_);
    offset_ = mark.text;
    next_ = taken_ = mark.text;
    depth_ = 0;
    pending_.reset();
    failed_ = false;
    advance();
  }
  /// Whether the last file ends where the text does.
  bool is_whole() {
    while (!failed_ && !ended_) advance();
    return !failed_ && depth_ == 0 &&
           std::all_of(literal_.begin(), literal_.end(),
                       [&](const std::string& path) { return seen_.count(path) > 0; });
  }

 private:
  /// Takes the token that was read ahead, then reads the next: `next_` is where that begins.
  void advance() {
    if (pending_) {
      take(*pending_);
      taken_ = offset_ + tokens_->offset();
    }
    const Token token = tokens_->next();
    next_ = offset_ + tokens_->first_offset();
    pending_ = token;
    ended_ = token == Token::file_end;
    failed_ = token == Token::error;
    if (ended_ || failed_) next_ = text_.size() + 1;
    if (token == Token::block_end) next_ = offset_ + tokens_->offset() - 1;
  }

  void take(Token token) {
    const auto& words = tokens_->words();
    if (token == Token::block_end) --depth_;
    if (token == Token::block_start) {
      ++depth_;
      if (words.front().ends_with("_by_lua_block") && tokens_->lua_block()) --depth_;
    }
    if (token != Token::directive || words.size() != 2 || words.front() != "include") return;
    const std::string path = beside(base_, words[1]);
    (has_wildcard(path) ? patterns_ : literal_).insert(path);
  }

  bool includes(std::string_view path) const {
    return literal_.count(path) > 0 ||
           std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const std::string& pattern) { return glob_match_path(pattern, path); });
  }

  std::string_view text_;
  std::string base_;
  std::vector<std::shared_ptr<const std::string>> storage_{};
  Arena arena_{storage_};
  std::optional<Tokens> tokens_{};
  std::optional<Token> pending_{};
  std::size_t offset_{0};
  std::size_t next_{0};   ///< where the token that was read ahead begins
  std::size_t taken_{0};  ///< where the one before it ends
  int depth_{0};
  bool failed_{false};
  bool ended_{false};
  std::set<std::string, std::less<>> literal_{};
  std::set<std::string, std::less<>> patterns_{};
  std::set<std::string_view> seen_{};
};

/// nginx adds one line break to every file.
std::string without_last_break(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return std::string(text);
}

Dump split(std::string_view text) {
  const auto marks = find_marks(text);
  if (marks.empty()) {
    throw std::invalid_argument(
        "holds no line \"# configuration file /...:\"; is it what nginx -T prints?");
  }
  if (!marks.front().path.starts_with('/'))
    throw std::invalid_argument("its first file has no absolute path");
  Dump out;
  const Mark* open = &marks.front();
  Reading reading(text, *open);
  for (std::size_t i = 1; i < marks.size(); ++i) {
    if (!reading.ends_at(marks[i])) continue;
    out.files.push_back({std::string(open->path),
                         without_last_break(text.substr(open->text, marks[i].at - open->text))});
    open = &marks[i];
    reading.begin(*open);
  }
  out.files.push_back({std::string(open->path), without_last_break(text.substr(open->text))});
  out.cut = !reading.is_whole();
  return out;
}

/// A dump that went through a terminal or an editor of another system has CRLF at its marks, too.
std::string without_carriage_returns(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i];
  }
  return out;
}

}  // namespace

Dump read_dump(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    throw std::invalid_argument("is UTF-16; save it as UTF-8");
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t first = text.starts_with(kMark) ? 0 : text.find("\n" + std::string(kMark));
  if (first != std::string_view::npos) {
    const std::size_t end = text.find('\n', first + 1);
    if (end != std::string_view::npos && text[end - 1] == '\r')
      return split(without_carriage_returns(text));
  }
  return split(text);
}

}  // namespace hopcheck::nginx
