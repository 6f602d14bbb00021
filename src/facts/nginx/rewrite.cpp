// The rewrite directives of one block, run as nginx runs them.
#include "facts/nginx/letters.h"
#include "facts/nginx/site.h"
#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

namespace {

/// What goes on after a directive.
enum class Flow { next, stop };

class Script {
 public:
  Script(Visit& visit, Rewritten& out) : visit_(visit), out_(out) {}

  Flow block(std::uint32_t index) {
    const Config& config = *visit_.config;
    for (std::uint32_t i = index + 1; i < config.nodes[index].end; i = config.nodes[i].end) {
      if (one(config.at(i)) == Flow::stop) return Flow::stop;
    }
    return Flow::next;
  }

 private:
  Flow one(const Directive& directive);
  Flow condition(const Directive& directive);
  Flow rewrite(const Directive& directive);
  Flow redirect(const Directive& directive, bool keep_args);
  std::optional<bool> holds(const Directive& directive);
  std::optional<bool> compares(std::string_view value, std::string_view op, std::string_view other);
  Flow undecided(const Directive& directive);

  Visit& visit_;
  Rewritten& out_;
};

Flow Script::undecided(const Directive& directive) {
  Action action;
  action.from = directive.evidence();
  action.target = directive.arg(1);
  action.reason = cited(directive) + " depends on variables that only nginx knows";
  out_.answer = std::move(action);
  return Flow::stop;
}

Flow Script::one(const Directive& directive) {
  const std::string_view name = directive.name();
  if (name == "if") return condition(directive);
  if (name == "rewrite") return rewrite(directive);
  if (name == "break") return Flow::stop;
  if (name == "set" && directive.arg(0).starts_with('$')) {
    visit_.variables[std::string(directive.arg(0).substr(1))] = expand(visit_, directive.arg(1));
  }
  if (name != "return") return Flow::next;
  out_.answer = return_action(directive);
  return Flow::stop;
}

Flow Script::condition(const Directive& directive) {
  const auto result = holds(directive);
  if (!result) {
    if (may_answer(directive)) visit_.notes.push_back(cited(directive) + " may answer instead");
    return Flow::next;
  }
  if (!*result) return Flow::next;
  out_.inside = directive.index();
  return block(directive.index());
}

/// The words between the parentheses of an `if`.
std::vector<std::string_view> condition_words(const Directive& directive) {
  const auto args = directive.args();
  std::vector<std::string_view> words(args.begin(), args.end());
  if (words.empty() || !words.front().starts_with('(') || !words.back().ends_with(')')) return {};
  words.front().remove_prefix(1);
  words.back().remove_suffix(1);
  if (words.front().empty()) words.erase(words.begin());
  if (!words.empty() && words.back().empty()) words.pop_back();
  return words;
}

std::optional<bool> Script::holds(const Directive& directive) {
  const auto words = condition_words(directive);
  if (words.empty() || !words[0].starts_with('$')) return std::nullopt;
  const auto value = expand(visit_, words[0]);
  if (!value) return std::nullopt;
  if (words.size() == 1) return !value->empty() && *value != "0";
  return words.size() == 3 ? compares(*value, words[1], words[2]) : std::nullopt;
}

std::optional<bool> Script::compares(std::string_view value, std::string_view op,
                                     std::string_view other) {
  if (op == "=" || op == "!=") {
    const auto expected = expand(visit_, other);
    if (!expected) return std::nullopt;
    return (value == *expected) == (op == "=");
  }
  const bool negative = op.starts_with('!');
  if (negative) op.remove_prefix(1);
  if (op != "~" && op != "~*") return std::nullopt;
  auto match = regex_match(other, op == "~*", value);
  const bool found = match.has_value();
  visit_.captures = match ? std::move(*match) : Captures{};
  return found != negative;
}

Flow Script::rewrite(const Directive& directive) {
  auto match = regex_match(directive.arg(0), false, visit_.uri);
  const bool found = match.has_value();
  visit_.captures = match ? std::move(*match) : Captures{};
  if (!found) return Flow::next;
  std::string_view to = directive.arg(1);
  const std::string_view flag = directive.arg(2);
  const bool keep_args = !to.ends_with('?');
  if (flag == "redirect" || flag == "permanent" || to.starts_with("http://") ||
      to.starts_with("https://") || to.starts_with("$scheme")) {
    return redirect(directive, keep_args);
  }
  if (!keep_args) to.remove_suffix(1);
  const auto expanded = expand(visit_, to);
  if (!expanded) return undecided(directive);
  const std::size_t question =
      to.find('?') == std::string_view::npos ? std::string::npos : expanded->find('?');
  std::string args = question == std::string::npos ? "" : expanded->substr(question + 1);
  if (keep_args && !visit_.args.empty()) args += (args.empty() ? "" : "&") + visit_.args;
  visit_.uri = expanded->substr(0, question);
  visit_.args = std::move(args);
  visit_.internal = true;
  out_.changed = flag != "break";
  return flag == "last" || flag == "break" ? Flow::stop : Flow::next;
}

Flow Script::redirect(const Directive& directive, bool keep_args) {
  Action action;
  action.kind = Action::Kind::rewrite;
  action.status = directive.arg(2) == "permanent" ? 301 : 302;
  action.from = directive.evidence();
  std::string_view to = directive.arg(1);
  if (!keep_args) to.remove_suffix(1);
  const auto expanded = expand(visit_, to);
  action.target = expanded ? *expanded : std::string(to);
  if (expanded && keep_args && !visit_.args.empty()) {
    action.target += (action.target.find('?') == std::string::npos ? "?" : "&") + visit_.args;
  }
  out_.answer = std::move(action);
  return Flow::stop;
}

}  // namespace

Rewritten run_rewrites(Visit& visit, std::uint32_t index) {
  Rewritten out;
  Script(visit, out).block(index);
  return out;
}

}  // namespace hopcheck::nginx
