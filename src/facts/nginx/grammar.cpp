// Judges names, contexts and argument counts by the table.
#include "facts/nginx/grammar.h"

#include <algorithm>
#include <unordered_map>

namespace hopcheck::nginx {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

struct Inside {
  std::string_view context{};
  std::string_view block{};
  std::string_view inside{};
};

constexpr Inside kInside[] = {{"main", "events", "events"},
                              {"main", "http", "http"},
                              {"main", "stream", "stream"},
                              {"main", "mail", "mail"},
                              {"http", "server", "server"},
                              {"http", "upstream", "upstream"},
                              {"server", "location", "location"},
                              {"server", "if", "server_if"},
                              {"location", "location", "location"},
                              {"location", "if", "location_if"},
                              {"location", "limit_except", "limit_except"},
                              {"stream", "server", "stream_server"},
                              {"stream", "upstream", "stream_upstream"},
                              {"mail", "server", "mail_server"}};

template <class Take>
void each_word(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

using Table = std::unordered_map<std::string_view, std::vector<const Rule*>>;

const Table& table() {
  static const Table built = [] {
    Table by_name;
    for (const Rule& rule : rules()) {
      each_word(rule.names, [&](std::string_view name) { by_name[name].push_back(&rule); });
    }
    return by_name;
  }();
  return built;
}

bool stands_in(const Rule& rule, std::string_view context) {
  if (rule.contexts == "any") return true;
  bool found = false;
  each_word(rule.contexts, [&](std::string_view word) { found = found || word == context; });
  return found;
}

bool takes(std::string_view arguments, std::size_t count) {
  const auto least = static_cast<std::size_t>(arguments.front() - '0');
  if (arguments.size() == 1) return count == least;
  const char last = arguments.back();
  return count >= least && (last == '+' || count <= static_cast<std::size_t>(last - '0'));
}

std::optional<std::string> judge(const Rule& rule, std::string_view name, bool block,
                                 std::size_t arguments) {
  const std::string quoted = "\"" + std::string(name) + "\"";
  if (!rule.block && block) return "directive " + quoted + " is not terminated by \";\"";
  if (rule.block && !block) return "directive " + quoted + " has no opening \"{\"";
  if (!takes(rule.arguments, arguments)) {
    return "invalid number of arguments in " + quoted + " directive";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> complain(const std::vector<std::string_view>& words, bool block,
                                    std::string_view context) {
  if (context == "raw") {
    return block ? std::optional<std::string>("unexpected \"{\"") : std::nullopt;
  }
  const std::string_view name = words.front();
  // No module can know these; nginx prints a name up to its NUL.
  if (name.starts_with(kByteOrderMark) || name.find('\0') != std::string_view::npos) {
    return "unknown directive \"" + std::string(name.substr(0, name.find('\0'))) + "\"";
  }
  const auto found = table().find(name);
  if (found == table().end() || context.empty()) return std::nullopt;
  for (const Rule* rule : found->second) {
    if (stands_in(*rule, context)) return judge(*rule, name, block, words.size() - 1);
  }
  return "\"" + std::string(name) + "\" directive is not allowed here";
}

std::string_view context_inside(std::string_view block, std::string_view context) {
  static constexpr std::string_view kRaw[] = {"types", "map", "geo", "split_clients",
                                              "charset_map"};
  if (std::find(std::begin(kRaw), std::end(kRaw), block) != std::end(kRaw)) return "raw";
  const auto found = std::find_if(std::begin(kInside), std::end(kInside), [&](const Inside& one) {
    return one.context == context && one.block == block;
  });
  return found == std::end(kInside) ? std::string_view{} : found->inside;
}

}  // namespace hopcheck::nginx
