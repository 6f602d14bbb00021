// Judges names, contexts and argument counts by the tables.
#include "facts/nginx/grammar.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <unordered_map>

#include "facts/nginx/misspelt.h"

namespace hopcheck::nginx {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::uint8_t kNoLimit = std::numeric_limits<std::uint8_t>::max();

struct Named {
  std::string_view name{};
  Context context{};
};
constexpr std::array<Named, 14> kContexts{{{"main", context::main},
                                           {"events", context::events},
                                           {"http", context::http},
                                           {"server", context::server},
                                           {"server_if", context::server_if},
                                           {"location", context::location},
                                           {"location_if", context::location_if},
                                           {"limit_except", context::limit_except},
                                           {"upstream", context::upstream},
                                           {"stream", context::stream},
                                           {"stream_server", context::stream_server},
                                           {"stream_upstream", context::stream_upstream},
                                           {"mail", context::mail},
                                           {"mail_server", context::mail_server}}};

struct Inside {
  Context outside{};
  std::string_view block{};
  Context inside{};
};
constexpr Inside kInside[] = {{context::main, "events", context::events},
                              {context::main, "http", context::http},
                              {context::main, "stream", context::stream},
                              {context::main, "mail", context::mail},
                              {context::http, "server", context::server},
                              {context::http, "upstream", context::upstream},
                              {context::server, "location", context::location},
                              {context::server, "if", context::server_if},
                              {context::location, "location", context::location},
                              {context::location, "if", context::location_if},
                              {context::location, "limit_except", context::limit_except},
                              {context::stream, "server", context::stream_server},
                              {context::stream, "upstream", context::stream_upstream},
                              {context::mail, "server", context::mail_server}};

template <class Take>
void each_word(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Word::Place place_of(const Rule& rule) {
  Word::Place place;
  place.block = rule.block;
  if (rule.contexts == "any") place.contexts = ~(context::unknown | context::raw);
  each_word(rule.contexts, [&](std::string_view name) { place.contexts |= context_named(name); });
  place.least = static_cast<std::uint8_t>(rule.arguments.front() - '0');
  const char last = rule.arguments.back();
  place.most = last == '+' ? kNoLimit : static_cast<std::uint8_t>(last - '0');
  return place;
}

/// Names are short and differ at their ends: both ends and the length tell them apart.
struct NameHash {
  std::size_t operator()(std::string_view name) const {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
    const std::size_t size = std::min<std::size_t>(name.size(), sizeof head);
    std::memcpy(&head, name.data(), size);
    std::memcpy(&tail, name.data() + name.size() - size, size);
    const std::uint64_t mixed = (head ^ (tail * kMix) ^ name.size()) * kMix;
    return mixed ^ (mixed >> 32U);
  }
  static constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15U;
};

using Table = std::unordered_map<std::string_view, Word, NameHash>;

Table built_table() {
  Table by_name;
  for (const Rule& rule : rules()) {
    each_word(rule.names, [&](std::string_view name) {
      Word& word = by_name[name];
      word.name = name;
      if (word.places.empty()) word.id = static_cast<std::uint16_t>(by_name.size());
      word.places.push_back(place_of(rule));
    });
  }
  for (const ValueRule& rule : value_rules()) {
    each_word(rule.names, [&](std::string_view name) {
      const auto found = by_name.find(name);
      if (found == by_name.end()) return;
      found->second.value = rule.value;
      found->second.values = rule.words;
    });
  }
  return by_name;
}

/// What a module's author would call a directive.
bool may_name_directive(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

const Table& table() {
  static const Table built = built_table();
  return built;
}

std::optional<std::string> judge(const Word::Place& place, std::string_view name, bool block,
                                 std::size_t arguments) {
  const std::string quoted = "\"" + std::string(name) + "\"";
  if (!place.block && block) return "directive " + quoted + " is not terminated by \";\"";
  if (place.block && !block) return "directive " + quoted + " has no opening \"{\"";
  if (arguments < place.least || (place.most != kNoLimit && arguments > place.most)) {
    return "invalid number of arguments in " + quoted + " directive";
  }
  return std::nullopt;
}

}  // namespace

Context context_named(std::string_view name) {
  const auto found = std::find_if(kContexts.begin(), kContexts.end(),
                                  [&](const Named& one) { return one.name == name; });
  return found == kContexts.end() ? context::unknown : found->context;
}

Context context_inside(std::string_view block, Context outside) {
  static constexpr std::string_view kRaw[] = {"types", "map", "geo", "split_clients",
                                              "charset_map"};
  if (std::find(std::begin(kRaw), std::end(kRaw), block) != std::end(kRaw)) return context::raw;
  const auto found = std::find_if(std::begin(kInside), std::end(kInside), [&](const Inside& one) {
    return one.outside == outside && one.block == block;
  });
  return found == std::end(kInside) ? context::unknown : found->inside;
}

const Word* find_word(std::string_view name) {
  const auto found = table().find(name);
  return found == table().end() ? nullptr : &found->second;
}

const Word* word_of(WordId id) {
  static const std::vector<const Word*> by_id = [] {
    std::vector<const Word*> all(table().size() + 1);
    for (const auto& [name, word] : table()) all[word.id] = &word;
    return all;
  }();
  return by_id[id];
}

std::optional<std::string> complain(const Word* word, std::span<const std::string_view> words,
                                    bool block, Context context) {
  if (context == context::raw) {
    return block ? std::optional<std::string>("unexpected \"{\"") : std::nullopt;
  }
  const std::string_view name = words.front();
  if (word == nullptr) {
    // No module can know these; nginx prints a name up to its NUL.
    const std::string_view shown = name.substr(0, name.find('\0'));
    const bool nobodys = name.starts_with(kByteOrderMark) || shown.size() < name.size() ||
                         (context != context::unknown && !may_name_directive(name));
    if (!nobodys && (context == context::unknown || !is_misspelt_directive(name, context)))
      return std::nullopt;
    return "unknown directive \"" + std::string(shown) + "\"";
  }
  if (context == context::unknown) return std::nullopt;
  for (const Word::Place& place : word->places) {
    if ((place.contexts & context) != 0) return judge(place, name, block, words.size() - 1);
  }
  return "\"" + std::string(name) + "\" directive is not allowed here";
}

}  // namespace hopcheck::nginx
