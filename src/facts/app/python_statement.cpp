// Python statements taken apart.
#include "facts/app/python_statement.h"

#include <algorithm>
#include <array>

namespace hopcheck::python {
namespace {

template <std::size_t n>
bool one_of(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_keyword(std::string_view word) {
  static constexpr std::array<std::string_view, 35> words{
      "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
      "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
      "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
      "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
  return one_of(word, words);
}

bool is_assignment(const PyToken& token) {
  static constexpr std::array<std::string_view, 14> ops{
      "=", "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**="};
  return token.kind == PyToken::Kind::op && one_of(token.text, ops);
}

int bracket_step(const PyToken& token) {
  if (token.is("(") || token.is("[") || token.is("{")) return 1;
  return token.is(")") || token.is("]") || token.is("}") ? -1 : 0;
}

// Calls `found` with the position of every token outside brackets that `match` accepts.
template <class Match, class Found>
void outside_brackets(Tokens tokens, Match match, Found found) {
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    depth += bracket_step(tokens[i]);
    if (depth == 0 && match(tokens[i])) found(i);
  }
}

bool is_plain_annotation(Tokens tokens) {
  return std::all_of(tokens.begin(), tokens.end(), [](const PyToken& token) {
    if (token.f_string) return false;
    return token.kind != PyToken::Kind::op || token.is(".") || token.is("[") || token.is("]") ||
           token.is(",") || token.is("|");
  });
}

}  // namespace

bool is_dangerous(std::string_view word, bool after_dot) {
  static constexpr std::array<std::string_view, 20> words{
      "exec",         "globals",  "locals",     "vars",         "setattr",
      "delattr",      "__dict__", "modules",    "__import__",   "runpy",
      "f_globals",    "f_locals", "f_back",     "_getframe",    "__globals__",
      "__builtins__", "builtins", "__config__", "currentframe", "ctypes"};
  return one_of(word, words) || (!after_dot && (word == "eval" || word == "compile"));
}

bool binds_anything(std::string_view word) {
  static constexpr std::array<std::string_view, 9> words{"import", "from",   "del",  "for",  "with",
                                                         "async",  "except", "case", "match"};
  return one_of(word, words);
}

bool is_compound(std::string_view word) {
  static constexpr std::array<std::string_view, 12> words{"if",   "elif",  "else",   "while",
                                                          "for",  "try",   "except", "finally",
                                                          "with", "async", "def",    "class"};
  return one_of(word, words);
}

bool is_definition(Tokens tokens) {
  const PyToken& first = tokens[0];
  if (first.is_name("async") && tokens.size() > 1) return tokens[1].is_name("def");
  return first.is_name("def") || first.is_name("class");
}

std::vector<Tokens> simple_statements(Tokens line) {
  std::vector<Tokens> statements;
  std::size_t begin = 0;
  const auto end_at = [&](std::size_t end) {
    if (end > begin) statements.push_back(line.subspan(begin, end - begin));
    begin = end + 1;
  };
  outside_brackets(
      line, [](const PyToken& token) { return token.is(";"); }, end_at);
  end_at(line.size());
  return statements;
}

std::vector<std::string_view> words_of(std::string_view text) {
  const auto is_part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_part(text[end])) ++end;
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::vector<std::string_view> names_of(Tokens tokens) {
  std::vector<std::string_view> names;
  for (const PyToken& token : tokens) {
    if (token.kind == PyToken::Kind::name && !is_keyword(token.text)) names.push_back(token.text);
    if (!token.f_string) continue;
    for (const std::string_view word : words_of(token.text)) names.push_back(word);
  }
  return names;
}

Tokens assigned_part(Tokens statement) {
  std::size_t last = 0;
  outside_brackets(statement, is_assignment, [&last](std::size_t i) { last = i; });
  return statement.first(last);
}

Targets targets_of(Tokens statement) {
  Targets targets;
  const auto is_target = [&](std::size_t i) {
    return i + 1 < statement.size() && statement[i].kind == PyToken::Kind::name &&
           !is_keyword(statement[i].text);
  };
  if (is_target(0) && statement[1].is(":")) {
    std::size_t equals = 0;
    outside_brackets(statement, is_assignment,
                     [&](std::size_t i) { equals = equals == 0 ? i : equals; });
    if (equals == 0 || !statement[equals].is("=") ||
        !is_plain_annotation(statement.subspan(2, equals - 2)))
      return {};
    return {{statement[0].text}, equals + 1};
  }
  std::size_t at = 0;
  while (is_target(at) && statement[at + 1].is("=")) {
    targets.names.push_back(statement[at].text);
    at += 2;
    targets.value_at = at;
  }
  return targets;
}

std::string_view text_of(Tokens tokens) {
  const char* const begin = tokens.front().text.data();
  const std::string_view last = tokens.back().text;
  return {begin, static_cast<std::size_t>(last.data() + last.size() - begin)};
}

}  // namespace hopcheck::python
