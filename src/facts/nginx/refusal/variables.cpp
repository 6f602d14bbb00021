// Variables that nobody defines.
#include <algorithm>

#include "facts/nginx/letters.h"
#include "facts/nginx/misspelt.h"
#include "facts/nginx/refusal/judge.h"

namespace hopcheck::nginx {

namespace {

/// Names of groups in regular expressions: "(?<id>…)", "(?P<id>…)", "(?'id'…)".
void add_groups(std::string_view text, std::vector<std::string_view>& out) {
  for (std::size_t at = text.find("(?"); at != text.npos; at = text.find("(?", at + 2)) {
    std::size_t begin = at + 2;
    if (begin < text.size() && text[begin] == 'P') ++begin;
    if (begin >= text.size() || (text[begin] != '<' && text[begin] != '\'')) continue;
    const std::size_t end = text.find_first_of(">'", begin + 1);
    if (end != text.npos) out.push_back(text.substr(begin + 1, end - begin - 1));
  }
}

/// Whether a directive of nginx's own defines variables by its arguments.
bool defines(const Word& word) {
  static constexpr std::string_view kDefine[] = {
      "set", "map", "geo", "perl_set", "auth_request_set", "split_clients"};
  return std::find(std::begin(kDefine), std::end(kDefine), word.name) != std::end(kDefine);
}

}  // namespace

/// Names of variables are the same in any case.
std::string_view Judge::in_lower(std::string_view name) {
  const bool any = std::any_of(name.begin(), name.end(), [](char c) { return c != to_lower(c); });
  return any ? lowered_.emplace_back(lower(name)) : name;
}

/// Whether a directive may make this "$name" its own.
bool Judge::check_new_variable(std::string_view name) {
  if (name.size() == 1) {
    refuse("invalid variable name \"$\"");
  } else if (is_fixed_variable(lower(name.substr(1)))) {
    refuse("the duplicate \"" + std::string(name.substr(1)) + "\" variable");
  } else {
    return true;
  }
  return false;
}

void Judge::use_variable(std::string_view name) {
  name = in_lower(name);
  if (!used_names_.insert(name).second || is_built_in_variable(name)) return;
  used_.emplace_back(name, index_);
}

/// Whatever a directive that we do not know names as a whole word may be what it defines.
std::vector<std::string_view> Judge::defined_variables() {
  std::vector<std::string_view> out;
  const auto add = [&out](std::string_view word) {
    if (word.starts_with('$')) out.push_back(word.substr(1));
  };
  for (std::uint32_t i = 0; i < config_.nodes.size(); ++i) {
    if (words_[i] != kNoWord && !defines(*word_of(words_[i]))) continue;
    add(config_.name(config_.nodes[i]));
    for (const auto word : config_.arguments(config_.nodes[i])) add(word);
  }
  for (const auto word : config_.words) add_groups(word, out);
  for (auto& name : out) name = in_lower(name);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void Judge::finish_variables(std::uint32_t http) {
  if (used_.empty()) return;
  const auto defined = defined_variables();
  std::size_t looked_at = 0;
  for (const auto& [name, node] : used_) {
    if (std::binary_search(defined.begin(), defined.end(), name)) continue;
    // Another module may know it, unless it is plainly one of those that are known here.
    if (++looked_at > kMostLookedAt || !is_misspelt_variable(name, defined)) continue;
    refuse_at_close(http, problem_at(node, "unknown \"" + std::string(name) + "\" variable"));
  }
}

}  // namespace hopcheck::nginx
