// Puts the directives of a file and of what it includes into one flat tree.
#include "facts/nginx/parse.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "facts/nginx/arena.h"
#include "facts/nginx/expand.h"
#include "facts/nginx/glob.h"
#include "facts/nginx/grammar.h"
#include "facts/nginx/paths.h"
#include "facts/nginx/refusal/refusal.h"
#include "facts/nginx/tokens.h"

namespace hopcheck::nginx {

namespace {

// Limits against hostile input; a host with 10,000 server blocks has some 270,000 directives.
constexpr std::size_t kMaxWords = 4 << 20;
constexpr std::size_t kMaxInclusions = 100'000;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxProblems = 100;
constexpr std::size_t kMaxUnknown = 200;
constexpr std::size_t kLargeFile = 1 << 20;
constexpr std::size_t kBytesOfNode = 20;  // on the average, roughly
constexpr std::size_t kSample = 64;       // files that tell how large the others are
constexpr std::uint32_t kMostArguments = (1U << 31U) - 1;

std::string open_failed(const std::string& path, const char* why) {
  return "open() \"" + path + "\" failed (" + why + ")";
}

/// Appends a part of the vector itself.
template <class T>
void append_own(std::vector<T>& all, std::size_t from, std::size_t count) {
  const std::size_t size = all.size();
  // By hand: resize alone grows by as little as it can.
  if (all.capacity() < size + count) all.reserve(std::max(size + count, size * 2));
  all.resize(size + count);
  std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(from), count,
              all.begin() + static_cast<std::ptrdiff_t>(size));
}

class Parser {
 public:
  Parser(const std::string& path, const std::string& prefix, const Reader& reader)
      : reader_(reader), arena_(config_.storage), glob_(reader) {
    config_.prefix = prefix;
    main_ = path.starts_with('/') || prefix.empty() ? path : join(prefix, path);
  }

  Config run(Context context) {
    load(main_, {}, context);
    judge(context);
    return std::move(config_);
  }

 private:
  struct Open {
    std::uint32_t node{0};
    Context context{context::unknown};
  };
  /// Where the directives of a file stand that is included again and again.
  struct Copy {
    Context context{context::unknown};
    std::uint32_t first_node{0};
    std::uint32_t nodes{0};
  };
  struct Text {
    FileAnswer answer;
    std::uint32_t file{0};
    std::optional<Copy> copy{};
  };

  void load(const std::string& path, Origin from, Context context, std::string_view word = {});
  Text& text_of(const std::string& path);
  bool repeat(const Text& text, Context context);
  void make_room(std::size_t nodes, std::size_t words);
  void read_file(const Text& text, Context context);
  void take(Tokens& tokens, Token token, std::uint32_t file, std::vector<Open>& open);
  void take_lua(Tokens& tokens, std::uint32_t node, std::uint32_t file);
  std::uint32_t add_node(const std::vector<std::string_view>& words, Origin at);
  void include(const std::vector<std::string_view>& words, Origin at, Context context);
  void problem(Origin at, std::string message);
  void missing(const std::string& path, Origin at, Unseen why);
  bool full() const { return config_.nodes.size() + config_.words.size() >= kMaxWords; }

  void judge(Context context);
  bool is_judged(std::string_view name);

  const Reader& reader_;
  Config config_{};
  std::vector<WordId> ids_{};  ///< of the nodes
  Lines lines_{};
  std::vector<Refusal> refused_{};
  std::map<std::string_view, bool> unknown_{};
  Arena arena_;
  std::string main_{};
  std::unordered_map<std::string, Text> texts_{};
  std::unordered_map<std::string_view, const Text*> repeated_{};  ///< by the include's own word
  Glob glob_;
  std::set<std::string> noted_{};
  std::vector<std::string> active_{};
  std::size_t bytes_{0};
  std::size_t inclusions_{0};
};

void Parser::problem(Origin at, std::string message) {
  if (refused_.size() >= kMaxProblems) return;
  const bool known = at.file < config_.files.size();
  refused_.push_back(
      {static_cast<std::uint32_t>(config_.nodes.size()),
       refused_.size() + 1,
       {known ? config_.files[at.file] : main_, static_cast<int>(at.line), std::move(message)}});
}

/// nginx's modules speak as soon as they come to a directive, so what they refuse stands among
/// what the reader itself refuses.
void Parser::judge(Context context) {
  const bool whole = refused_.empty();
  std::vector<Refusal> all = std::move(refused_);
  for (Refusal& one : refusals(config_, ids_, lines_, context)) all.push_back(std::move(one));
  const auto key = [](const Refusal& r) { return std::pair(r.before, r.behind); };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Refusal& a, const Refusal& b) { return key(a) < key(b); });
  // What is missing in the end is told of a configuration that was read to its end.
  if (!whole) std::erase_if(all, [](const Refusal& r) { return r.problem.file.empty(); });
  for (Refusal& refusal : all) config_.problems.push_back(std::move(refusal.problem));
}

/// Whether the name is nobody's; only so many are looked at.
bool Parser::is_judged(std::string_view name) {
  const auto [place, first] = unknown_.try_emplace(name, unknown_.size() < kMaxUnknown);
  if (!first) return false;
  return place->second;
}

// The node marks where something may be missing, so that only what lies there is in doubt.
void Parser::missing(const std::string& path, Origin at, Unseen why) {
  if (noted_.insert(path).second) config_.missing.push_back(std::move(why));
  add_node({"include", arena_.keep(path)}, at);
}

Parser::Text& Parser::text_of(const std::string& path) {
  const auto found = texts_.find(path);
  if (found != texts_.end()) return found->second;
  Text text{reader_.read(path)};
  if (text.answer->status == Answer::Status::present) {
    arena_.keep_file(text.answer.text());
    text.file = static_cast<std::uint32_t>(config_.files.size());
    config_.files.push_back(path);
  }
  return texts_.emplace(path, std::move(text)).first->second;
}

void Parser::load(const std::string& path, Origin from, Context context, std::string_view word) {
  if (std::find(active_.begin(), active_.end(), path) != active_.end()) {
    // nginx reads itself round the loop until it has no descriptor left.
    return problem(from, open_failed(path, "24: Too many open files"));
  }
  Text& text = text_of(path);
  if (text.answer->status == Answer::Status::absent) {
    return problem(from, open_failed(path, "2: No such file or directory"));
  }
  if (text.answer->status == Answer::Status::unseen) return missing(path, from, text.answer->why);
  const std::size_t size = text.answer->text.size();
  const bool truncated = text.answer->truncated_at != 0;
  bytes_ += size;
  if (active_.size() >= kMaxDepth || bytes_ > kMaxBytes || ++inclusions_ > kMaxInclusions) {
    return missing(path, from,
                   {Unseen::Why::truncated, path + ": the configuration is too large", {}});
  }
  if (repeat(text, context)) {
    // A snippet that is named by the same word names the same file.
    if (!word.empty()) repeated_.try_emplace(word, &text);
    return;
  }
  const auto first_node = static_cast<std::uint32_t>(config_.nodes.size());
  const std::size_t notes =
      refused_.size() + config_.missing.size() + lines_.ends.size() + lines_.closes.size();
  if (size >= kLargeFile) make_room(size / kBytesOfNode, size / kBytesOfNode * 2);
  active_.push_back(path);
  read_file(text, context);
  active_.pop_back();
  const bool silent =
      notes == refused_.size() + config_.missing.size() + lines_.ends.size() + lines_.closes.size();
  if (silent && !truncated && !full()) {
    const auto nodes = static_cast<std::uint32_t>(config_.nodes.size()) - first_node;
    text.copy = Copy{context, first_node, nodes};
  }
  if (truncated) {
    missing(path, {text.file, 0}, {Unseen::Why::truncated, path + " was read in part", {}});
  }
}

/// The same text in the same place says the same, so its directives are copied; their words are
/// shared.
bool Parser::repeat(const Text& text, Context context) {
  if (!text.copy || text.copy->context != context) return false;
  const Copy& copy = *text.copy;
  if (config_.nodes.size() + config_.words.size() + copy.nodes >= kMaxWords) return false;
  const auto by = static_cast<std::uint32_t>(config_.nodes.size() - copy.first_node);
  append_own(config_.nodes, copy.first_node, copy.nodes);
  append_own(ids_, copy.first_node, copy.nodes);
  for (std::size_t i = config_.nodes.size() - copy.nodes; i < config_.nodes.size(); ++i)
    config_.nodes[i].end += by;
  return true;
}

void Parser::read_file(const Text& text, Context context) {
  Tokens tokens(text.answer->text, arena_);
  const bool truncated = text.answer->truncated_at != 0;
  std::vector<Open> open{{0, context}};
  const auto here = [&] { return Origin{text.file, static_cast<std::uint32_t>(tokens.line())}; };
  for (bool more = true; more;) {
    const Token token = tokens.next();
    switch (token) {
      case Token::error:
        // What was cut by our own cap is not nginx's error.
        if (!truncated) problem(here(), tokens.error());
        more = false;
        break;
      case Token::file_end:
        if (open.size() > 1 && !truncated) {
          problem(here(), "unexpected end of file, expecting \"}\"");
        }
        more = false;
        break;
      case Token::block_end:
        if (open.size() == 1) {
          problem(here(), "unexpected \"}\"");
          more = false;
          break;
        }
        config_.nodes[open.back().node].end = static_cast<std::uint32_t>(config_.nodes.size());
        if (open.back().context == context::upstream || open.back().context == context::http)
          lines_.closes.emplace(
              open.back().node,
              Lines::Close{static_cast<std::uint32_t>(tokens.line()), refused_.size()});
        open.pop_back();
        break;
      default:
        take(tokens, token, text.file, open);
    }
    if (full() && more) {
      missing(config_.files[text.file], here(),
              {Unseen::Why::truncated, "the configuration is too large", {}});
      more = false;
    }
  }
  for (; open.size() > 1; open.pop_back()) {
    config_.nodes[open.back().node].end = static_cast<std::uint32_t>(config_.nodes.size());
  }
}

std::uint32_t Parser::add_node(const std::vector<std::string_view>& words, Origin at) {
  Node node;
  node.first_word = static_cast<std::uint32_t>(config_.words.size());
  node.arguments = static_cast<std::uint32_t>(words.size() - 1) & kMostArguments;
  node.end = static_cast<std::uint32_t>(config_.nodes.size() + 1);
  node.at = at;
  config_.words.insert(config_.words.end(), words.begin(), words.end());
  config_.nodes.push_back(node);
  ids_.push_back(kNoWord);
  return node.end - 1;
}

void Parser::take(Tokens& tokens, Token token, std::uint32_t file, std::vector<Open>& open) {
  const auto& words = tokens.words();
  const Context context = open.back().context;
  const bool block = token == Token::block_start;
  const Origin at{file, static_cast<std::uint32_t>(tokens.first_line())};
  const Origin end{file, static_cast<std::uint32_t>(tokens.line())};
  const Word* word = context == context::raw ? nullptr : find_word(words.front());
  const bool silent = word == nullptr && context != context::raw && !is_judged(words.front());
  const auto complaint = silent ? std::nullopt : complain(word, words, block, context);
  if (complaint) problem(end, *complaint);
  if (!block && words.front() == "include" && words.size() == 2) {
    return include(words, end, context);
  }
  const std::uint32_t node = add_node(words, at);
  if (!complaint && context != context::unknown && word != nullptr) ids_[node] = word->id;
  if (end.line != at.line) lines_.ends.emplace(node, end.line);
  if (!block) return;
  config_.nodes[node].block = 1;
  if (words.front().ends_with("_by_lua_block")) return take_lua(tokens, node, file);
  open.push_back({node, context_inside(words.front(), context)});
}

void Parser::take_lua(Tokens& tokens, std::uint32_t node, std::uint32_t file) {
  const auto code = tokens.lua_block();
  if (!code) return problem({file, static_cast<std::uint32_t>(tokens.line())}, tokens.error());
  config_.words.push_back(*code);
  config_.nodes[node].arguments = (config_.nodes[node].arguments + 1) & kMostArguments;
}

void Parser::include(const std::vector<std::string_view>& words, Origin at, Context context) {
  const auto known = repeated_.find(words[1]);
  if (known != repeated_.end() && repeat(*known->second, context)) return;
  const std::string path = beside(main_, words[1]);
  if (!has_wildcard(path)) return load(path, at, context, words[1]);
  const Glob::Found found = glob_.expand(path);
  for (const auto& [dir, why] : found.missing) missing(dir, at, why);
  for (const auto& name : found.directories)
    problem(at, "pread() \"" + name + "\" failed (21: Is a directory)");
  const auto& names = found.names;
  const std::size_t nodes = config_.nodes.size();
  const std::size_t held = config_.words.size();
  for (std::size_t i = 0; i < names.size(); ++i) {
    load(names[i], at, context);
    if (i + 1 != kSample) continue;
    make_room((config_.nodes.size() - nodes) * names.size() / kSample,
              (config_.words.size() - held) * names.size() / kSample);
  }
}

/// Room that is not used costs nothing; growing step by step copies all of it again and again.
void Parser::make_room(std::size_t nodes, std::size_t words) {
  const auto reserve = [](auto& all, std::size_t more) {
    more = std::min(more + more / 8, kMaxWords);
    if (all.capacity() - all.size() < more) all.reserve(all.size() + more);
  };
  reserve(config_.nodes, nodes);
  reserve(config_.words, words);
  reserve(ids_, nodes);
}

}  // namespace

Config parse(const std::string& path, const std::string& prefix, const Reader& reader,
             std::string_view context) {
  return Parser(path, prefix, reader).run(context_named(context));
}

}  // namespace hopcheck::nginx
