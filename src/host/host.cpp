// Questions and their canonical texts, which are the keys of recorded answers.
#include "host/host.h"

#include <array>
#include <stdexcept>
#include <utility>

#include "host/text.h"

namespace hopcheck {
namespace {

struct VerbEntry {
  Verb verb;
  const char* name;
  std::size_t least_words;
};
constexpr std::array<VerbEntry, 21> verbs{
    {{Verb::read, "read", 1},           {Verb::reduce, "reduce", 2},
     {Verb::list, "list", 1},           {Verb::walk, "walk", 1},
     {Verb::changed, "changed", 1},     {Verb::run, "run", 1},
     {Verb::request, "request", 2},     {Verb::sample, "sample", 2},
     {Verb::resolve, "resolve", 1},     {Verb::processes, "processes", 0},
     {Verb::listeners, "listeners", 0}, {Verb::space, "space", 1},
     {Verb::largest, "largest", 1},     {Verb::descriptors, "descriptors", 0},
     {Verb::sockets, "sockets", 1},     {Verb::handshake, "handshake", 2},
     {Verb::identity, "identity", 0},   {Verb::now, "now", 0},
     {Verb::settings, "settings", 0},   {Verb::cloud, "cloud", 0},
     {Verb::nginx, "nginx", 0}}};

constexpr std::array<std::pair<Unseen::Why, const char*>, 10> whys{
    {{Unseen::Why::denied, "denied"},
     {Unseen::Why::not_installed, "not_installed"},
     {Unseen::Why::timed_out, "timed_out"},
     {Unseen::Why::switched_off, "switched_off"},
     {Unseen::Why::not_captured, "not_captured"},
     {Unseen::Why::out_of_scope, "out_of_scope"},
     {Unseen::Why::truncated, "truncated"},
     {Unseen::Why::malformed, "malformed"},
     {Unseen::Why::undecidable, "undecidable"},
     {Unseen::Why::failed, "failed"}}};

bool needs_quotes(std::string_view word) {
  if (word.empty()) return true;
  for (std::size_t at = 0; at < word.size();) {
    const char c = word[at];
    const std::size_t length = printable_length(word, at);
    if (length == 0 || c == ' ' || c == '"' || c == '\\') return true;
    at += length;
  }
  return false;
}

void append_quoted(std::string& out, std::string_view word) {
  out += '"';
  for (std::size_t at = 0; at < word.size();) {
    const char c = word[at];
    const std::size_t length = printable_length(word, at);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (length == 0) {
      append_hex_escape(out, c);
    } else {
      out.append(word, at, length);
    }
    at += length == 0 ? 1 : length;
  }
  out += '"';
}

// The length of "name=" at the word's beginning: it reads better outside of the quotes.
std::size_t option_prefix(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const std::size_t end = word.find_first_not_of(plain);
  return end != std::string_view::npos && end > 0 && word[end] == '=' ? end + 1 : 0;
}

void append_word(std::string& out, std::string_view word) {
  if (!needs_quotes(word)) {
    out += word;
    return;
  }
  const std::size_t prefix = option_prefix(word);
  out += word.substr(0, prefix);
  append_quoted(out, word.substr(prefix));
}

// Reads a quoted part whose opening quote stands at line[at]; returns what follows its end.
std::size_t read_quoted(std::string_view line, std::size_t at, std::string& word) {
  for (++at; at < line.size(); ++at) {
    if (line[at] == '"') return at + 1;
    if (line[at] != '\\') {
      word += line[at];
      continue;
    }
    const char next = at + 1 < line.size() ? line[at + 1] : '\0';
    if (next == '"' || next == '\\') {
      word += next;
      at += 1;
    } else if (next == 'n') {
      word += '\n';
      at += 1;
    } else if (const auto byte = hex_escape_at(line, at)) {
      word += *byte;
      at += 3;
    } else {
      throw std::invalid_argument("unknown escape after a backslash");
    }
  }
  throw std::invalid_argument("a quote is not closed");
}

// Where options begin among the words; a program's arguments are never options of ours.
std::pair<std::size_t, std::size_t> option_range(const Question& question) {
  const std::size_t count = question.words.size();
  switch (question.verb) {
    case Verb::run:
      return {0, std::min<std::size_t>(count, 1)};
    case Verb::request:
    case Verb::sample:
    case Verb::reduce:
      return {std::min<std::size_t>(count, 2), count};
    default:
      return {std::min<std::size_t>(count, 1), count};
  }
}

constexpr std::size_t default_cap = std::size_t{4} << 20;
constexpr int default_limit_ms = 3000;

}  // namespace

std::string join_words(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    append_word(line, word);
  }
  return line;
}

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < line.size();) {
    if (line[at] == ' ' || line[at] == '\t') {
      ++at;
      continue;
    }
    std::string word;
    while (at < line.size() && line[at] != ' ' && line[at] != '\t') {
      if (line[at] == '"') {
        at = read_quoted(line, at, word);
      } else {
        word += line[at++];
      }
    }
    words.push_back(std::move(word));
  }
  return words;
}

std::string Question::key() const {
  std::string key = verb_name(verb);
  for (const std::string& word : words) {
    key += ' ';
    append_word(key, word);
  }
  return key;
}

std::string Question::option(const std::string& name) const {
  const auto [begin, end] = option_range(*this);
  for (std::size_t i = begin; i < end; ++i) {
    if (starts_with(words[i], name) && words[i].size() > name.size() &&
        words[i][name.size()] == '=') {
      return words[i].substr(name.size() + 1);
    }
  }
  return {};
}

const char* verb_name(Verb verb) {
  for (const VerbEntry& entry : verbs) {
    if (entry.verb == verb) return entry.name;
  }
  return "?";
}

Question parse_question(const std::string& key) {
  std::vector<std::string> words = split_words(key);
  if (words.empty()) throw std::invalid_argument("an empty question");
  for (const VerbEntry& entry : verbs) {
    if (words.front() != entry.name) continue;
    words.erase(words.begin());
    if (words.size() < entry.least_words) {
      throw std::invalid_argument(std::string("too few words for ") + entry.name);
    }
    return {entry.verb, std::move(words)};
  }
  throw std::invalid_argument("unknown question: " + join_words({words.front()}));
}

const char* why_name(Unseen::Why why) {
  for (const auto& [value, name] : whys) {
    if (value == why) return name;
  }
  return "failed";
}

Unseen::Why parse_why(const std::string& name) {
  for (const auto& [value, known] : whys) {
    if (name == known) return value;
  }
  throw std::invalid_argument("unknown reason: " + join_words({name}));
}

namespace ask {

Question read(const std::string& path, std::size_t cap) {
  if (cap == default_cap) return {Verb::read, {path}};
  return {Verb::read, {path, "cap=" + std::to_string(cap)}};
}

Question reduce(const std::string& path, const std::string& reducer, const std::string& format) {
  if (format.empty()) return {Verb::reduce, {path, reducer}};
  return {Verb::reduce, {path, reducer, "format=" + format}};
}

Question list(const std::string& path) {
  return {Verb::list, {path}};
}

Question walk(const std::string& path) {
  return {Verb::walk, {path}};
}

Question changed(const std::string& path) {
  return {Verb::changed, {path}};
}

Question run(std::vector<std::string> argv, int limit_ms) {
  if (limit_ms != default_limit_ms) {
    argv.insert(argv.begin(), "limit=" + std::to_string(limit_ms));
  }
  return {Verb::run, std::move(argv)};
}

Question resolve(const std::string& name) {
  return {Verb::resolve, {name}};
}

Question processes() {
  return {Verb::processes, {}};
}

Question listeners() {
  return {Verb::listeners, {}};
}

Question space(const std::string& path) {
  return {Verb::space, {path}};
}

Question largest(const std::string& folder) {
  return {Verb::largest, {folder}};
}

Question descriptors() {
  return {Verb::descriptors, {}};
}

Question sockets(int pid) {
  return {Verb::sockets, {std::to_string(pid)}};
}

Question handshake(const std::string& address, int port, const std::string& name) {
  std::vector<std::string> words{address, std::to_string(port)};
  if (!name.empty()) words.push_back("name=" + name);
  return {Verb::handshake, std::move(words)};
}

Question listeners_again(int look) {
  return {Verb::listeners, {"look=" + std::to_string(look)}};
}

Question identity() {
  return {Verb::identity, {}};
}

Question now() {
  return {Verb::now, {}};
}

Question settings() {
  return {Verb::settings, {}};
}

Question cloud() {
  return {Verb::cloud, {}};
}

Question nginx() {
  return {Verb::nginx, {}};
}

}  // namespace ask
}  // namespace hopcheck
