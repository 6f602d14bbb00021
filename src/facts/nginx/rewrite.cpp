// The rewrite directives of one block, run as nginx runs them.
#include "facts/nginx/escape.h"
#include "facts/nginx/letters.h"
#include "facts/nginx/visit.h"

namespace hopcheck::nginx {

namespace {

/// What goes on after a directive.
enum class Flow { next, stop };

/// A text put together for a rewrite; `args` is where the part behind "?" begins.
struct Built {
  std::string text{};
  std::optional<std::size_t> args{};
};

class Script {
 public:
  Script(Visit& visit, Rewritten& out) : visit_(visit), out_(out), around_(visit.around) {}

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
  Flow end_here();
  Flow rewrite(const Directive& directive);
  Flow rewritten(const Directive& directive, const Built& built, bool keep_args);
  Flow redirect(const Directive& directive, const Built& built, bool keep_args, bool query);
  Flow give(const Directive& directive);
  void assign(const Directive& directive);
  void enter(const Directive& condition);
  void skip_unknown(const Directive& condition);
  std::optional<Built> build(std::string_view text, bool quote, bool splits);
  std::optional<std::string> value(std::string_view text);
  std::optional<bool> holds(const Directive& directive);
  std::optional<bool> file_holds(std::string_view op, std::string_view path);
  std::optional<bool> compares(std::string_view value, std::string_view op, std::string_view other);
  Flow undecided(const Directive& directive);
  Flow failed(const Directive& directive, const char* why);

  Visit& visit_;
  Rewritten& out_;
  std::vector<std::uint32_t> around_;
  // Captures are escaped until the first rewrite took place; that is how nginx's engine starts.
  bool quote_{true};
  bool behind_question_{false};
};

Flow Script::undecided(const Directive& directive) {
  Action action;
  action.from = directive.evidence();
  action.target = directive.arg(1);
  action.sure = false;
  action.reason = cited(directive) + " depends on variables that only nginx knows";
  out_.answer = std::move(action);
  return Flow::stop;
}

Flow Script::failed(const Directive& directive, const char* why) {
  Action action;
  action.kind = Action::Kind::return_;
  action.status = 500;
  action.target = "500";
  action.from = directive.evidence();
  action.reason = why;
  out_.answer = std::move(action);
  out_.error = true;
  return Flow::stop;
}

Flow Script::one(const Directive& directive) {
  const std::string_view name = directive.name();
  if (name == "if") return condition(directive);
  if (name == "rewrite") return rewrite(directive);
  if (name == "break") return end_here();
  if (name == "return") return give(directive);
  if (name == "set" && directive.arg(0).starts_with('$')) assign(directive);
  return Flow::next;
}

Flow Script::end_here() {
  if (out_.changed) visit_.location_valid = false;
  out_.changed = false;
  return Flow::stop;
}

std::optional<Built> Script::build(std::string_view text, bool quote, bool splits) {
  const auto pieces = pieces_of(text);
  const auto values = values_of(visit_, pieces);
  if (!values) return std::nullopt;
  Built out;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const std::string& plain = (*values)[i];
    const std::size_t question = plain.find('?');
    if (pieces[i].kind == Piece::Kind::literal && splits && !out.args &&
        question != std::string::npos) {
      out.args = out.text.size() + question + 1;
      behind_question_ = true;
    }
    if (pieces[i].kind != Piece::Kind::capture || !visit_.escapes) {
      out.text += plain;
      continue;
    }
    const std::string safe = escaped(plain, Escape::args);
    // nginx reckons with the one and writes the other: what comes of it is chance.
    if (behind_question_ && !out.args && !quote && plain != safe) return std::nullopt;
    out.text += quote || out.args ? safe : plain;
  }
  return out;
}

std::optional<std::string> Script::value(std::string_view text) {
  auto built = build(text, quote_, false);
  if (!built) return std::nullopt;
  return std::move(built->text);
}

void Script::assign(const Directive& directive) {
  const std::string name = lower(directive.arg(0).substr(1));
  auto text = value(directive.arg(1));
  if (name != "args") {
    visit_.values[name] = std::move(text);
  } else if (text) {
    visit_.args = std::move(*text);
    visit_.unparsed_valid = false;
  } else {
    visit_.notes.push_back(cited(directive) + " depends on variables that only nginx knows");
  }
}

Flow Script::condition(const Directive& directive) {
  const auto result = holds(directive);
  if (!result) {
    skip_unknown(directive);
    return Flow::next;
  }
  if (!*result) return Flow::next;
  enter(directive);
  return block(directive.index());
}

/// The block of an `if` inside a location is in force from here on.
void Script::enter(const Directive& condition) {
  if (visit_.chain.empty()) return;
  visit_.around = around_;
  visit_.around.push_back(condition.index());
  if (handler_of(condition)) visit_.handler = condition.index();
}

void Script::skip_unknown(const Directive& condition) {
  const auto has = [&condition](const char* name) { return condition.child(name).has_value(); };
  // Inside an `if`, the try_files of its location is not in force.
  const bool hides = !visit_.chain.empty() && visit_.config->at(around_.back()).child("try_files");
  if (may_answer(condition) || has("break")) {
    visit_.notes.push_back(cited(condition) + " may answer instead");
  } else if (hides || has("root") || has("error_page") || has("autoindex")) {
    visit_.notes.push_back(cited(condition) + " may decide otherwise");
  }
  for (const Directive& line : condition.children("set")) {
    if (equal_lower(line.arg(0), "$args")) {
      visit_.notes.push_back(cited(condition) + " may change the query");
    } else if (line.arg(0).starts_with('$')) {
      visit_.values[lower(line.arg(0).substr(1))] = std::nullopt;
    }
  }
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
  if (words.empty()) return std::nullopt;
  if (words.size() == 2) return file_holds(words[0], words[1]);
  if (words[0].size() < 2 || words[0][0] != '$') return std::nullopt;
  const auto value = value_of(visit_, words[0].substr(1));
  if (words.size() == 1) {
    if (!value) return std::nullopt;
    return !value->empty() && *value != "0";
  }
  if (words.size() != 3 || !value) return std::nullopt;
  return compares(*value, words[1], words[2]);
}

std::optional<bool> Script::file_holds(std::string_view op, std::string_view text) {
  const auto path = value(text);
  if (!path) return std::nullopt;
  const bool negative = op.starts_with('!');
  if (negative) op.remove_prefix(1);
  const auto seen = look(visit_, *path);
  if (!seen.seen()) return std::nullopt;
  using Kind = FileSeen::Kind;
  if (op == "-f") return (seen->kind == Kind::file) != negative;
  if (op == "-d") return (seen->kind == Kind::directory) != negative;
  if (op == "-e") {
    return (seen->kind == Kind::file || seen->kind == Kind::directory) != negative;
  }
  // Whether it may be executed is not among what is seen of files.
  if (seen->kind == Kind::absent || seen->kind == Kind::unreachable) return negative;
  return std::nullopt;
}

std::optional<bool> Script::compares(std::string_view value, std::string_view op,
                                     std::string_view other) {
  if (op == "=" || op == "!=") {
    const auto expected = this->value(other);
    if (!expected) return std::nullopt;
    return (value == *expected) == (op == "=");
  }
  const bool negative = op.starts_with('!');
  if (negative) op.remove_prefix(1);
  if (op != "~" && op != "~*") return std::nullopt;
  const bool found = matches(visit_, other, op == "~*", value);
  if (!found) visit_.captures.clear();
  return found != negative;
}

bool is_elsewhere(std::string_view to) {
  return to.starts_with("http://") || to.starts_with("https://") || to.starts_with("$scheme");
}

Flow Script::rewrite(const Directive& directive) {
  if (!matches(visit_, directive.arg(0), false, visit_.uri)) {
    visit_.captures.clear();
    return Flow::next;
  }
  std::string_view to = directive.arg(1);
  const std::string_view flag = directive.arg(2);
  const bool keep_args = !to.ends_with('?');
  if (!keep_args) to.remove_suffix(1);
  const bool redirects = flag == "redirect" || flag == "permanent" || is_elsewhere(to);
  visit_.internal = true;
  visit_.unparsed_valid = false;
  if (flag == "break") visit_.location_valid = false;
  out_.changed = flag != "break";
  const auto built = build(to, redirects, !redirects);
  quote_ = false;
  if (redirects) {
    const bool query = to.find('?') != std::string_view::npos;
    return redirect(directive, built.value_or(Built{std::string(), {}}), keep_args, query);
  }
  if (!built) return undecided(directive);
  const Flow flow = rewritten(directive, *built, keep_args);
  return flag == "last" || flag == "break" ? Flow::stop : flow;
}

Flow Script::rewritten(const Directive& directive, const Built& built, bool keep_args) {
  std::string uri = built.text;
  if (built.args) {
    uri.resize(*built.args - 1);
    std::string args = built.text.substr(*built.args);
    if (keep_args && !visit_.args.empty()) args += "&" + visit_.args;
    visit_.args = std::move(args);
  } else if (!keep_args) {
    visit_.args.clear();
  }
  visit_.uri = std::move(uri);
  if (visit_.uri.empty()) return failed(directive, "the rewritten URI has a zero length");
  visit_.steps.push_back(
      {directive.text() + " -> " + visit_.uri, visit_.uri, directive.evidence()});
  return Flow::next;
}

Flow Script::redirect(const Directive& directive, const Built& built, bool keep_args, bool query) {
  Action action;
  action.kind = Action::Kind::rewrite;
  action.status = directive.arg(2) == "permanent" ? 301 : 302;
  action.from = directive.evidence();
  std::string to = redirect_target(built.text);
  if (keep_args && !visit_.args.empty()) to += (query ? "&" : "?") + visit_.args;
  // What it depends on may not be known.
  if (built.text.empty()) to.clear();
  action.target = to.empty() ? std::string(directive.arg(1)) : to;
  action.location = std::move(to);
  out_.answer = std::move(action);
  out_.error = true;
  return Flow::stop;
}

Flow Script::give(const Directive& directive) {
  Action action = return_action(directive);
  const bool redirects = action.status == 301 || action.status == 302 || action.status == 303 ||
                         action.status == 307 || action.status == 308;
  // `return URL;` has no code.
  const std::string_view first = directive.arg(0);
  const bool is_code = first.find_first_not_of("0123456789") == std::string_view::npos;
  const std::string_view text = is_code ? directive.arg(1) : first;
  // Captures are not escaped here.
  const auto expanded = expand(visit_, text);
  if (redirects) action.location = expanded.value_or("");
  out_.error = redirects || (action.status >= 400 && text.empty());
  // Before nginx answers so, it reads the body and forgets it.
  if (redirects || !out_.error) visit_.body = 0;
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
