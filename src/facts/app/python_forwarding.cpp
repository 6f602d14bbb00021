// ProxyFix calls, imports and questions to a request, in the telling lines of a Python file.
#include "facts/app/python_forwarding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "facts/app/python_token.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

using Tokens = std::span<const PyToken>;

struct Line {
  int number{0};
  std::string text{};
};

std::vector<Line> lines_of(const std::string& reduced, bool& truncated) {
  std::vector<Line> lines;
  for (std::size_t begin = 0; begin < reduced.size();) {
    const std::size_t end = std::min(reduced.find('\n', begin), reduced.size());
    const std::string line = reduced.substr(begin, end - begin);
    begin = end + 1;
    Line one;
    const auto [after, error] = std::from_chars(line.data(), line.data() + line.size(), one.number);
    if (error != std::errc{}) continue;
    if (one.number == 0) truncated = true;
    const auto text_at = static_cast<std::size_t>(after - line.data()) + 1;
    if (one.number > 0 && text_at <= line.size()) {
      one.text = line.substr(text_at);
      lines.push_back(std::move(one));
    }
  }
  return lines;
}

bool has(const Line& line, std::string_view word) {
  return line.text.find(word) != std::string::npos;
}

template <std::size_t n>
bool has_any(const Line& line, const std::array<std::string_view, n>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return has(line, word); });
}

bool builds_full_urls(const Line& line) {
  return has(line, "_external=True") || has(line, "_external = True");
}

/// "request.url" and not "request.url_rule".
bool asks_url(const Line& line) {
  constexpr std::string_view word = "request.url";
  for (auto at = line.text.find(word); at != std::string::npos; at = line.text.find(word, at + 1)) {
    const std::string_view rest = std::string_view(line.text).substr(at + word.size());
    if (rest.starts_with("_root")) return true;
    if (rest.empty() || rest[0] != '_') return true;
  }
  return false;
}

bool is_import(const Line& line) {
  const std::string_view text = trimmed(line.text);
  return text.starts_with("import ") || text.starts_with("from ");
}

void look_at(const std::string& path, const Line& line, PythonForwarding& found) {
  if (is_import(line)) return;
  constexpr std::array<std::string_view, 5> scheme{"is_secure", "Talisman(", "SSLify(",
                                                   "request.scheme", "request.base_url"};
  constexpr std::array<std::string_view, 5> host{"request.host", "request.base_url", "SERVER_NAME",
                                                 "TRUSTED_HOSTS", "ost_matching"};
  constexpr std::array<std::string_view, 2> address{"remote_addr", "get_remote_address"};
  constexpr std::array<std::string_view, 5> own{"orwarded", "FORWARDED", "Real-IP", "url_scheme",
                                                "access_route"};
  const Evidence here{EvidenceKind::file, path, line.number, one_line(trimmed(line.text)), false};
  const bool urls = builds_full_urls(line) || asks_url(line);
  const bool root = has(line, "host_url") || has(line, "url_root");
  if (urls || root || has_any(line, scheme)) found.asks_scheme.push_back(here);
  if (urls || root || has_any(line, host)) found.asks_host.push_back(here);
  if (has_any(line, address)) found.asks_address.push_back(here);
  if (has_any(line, own)) found.own_ways.push_back(here);
  // Something else stands around the application, or inside of what stands around it.
  const auto wrapped = line.text.find("wsgi_app =");
  if (wrapped != std::string::npos && !has(line, "ProxyFix")) found.own_ways.push_back(here);
}

/// The index behind the bracket that closes the one at `open`; 0: none does.
std::size_t behind_bracket(Tokens tokens, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    const PyToken& token = tokens[i];
    if (token.is("(") || token.is("[") || token.is("{")) ++depth;
    if (token.is(")") || token.is("]") || token.is("}")) --depth;
    if (depth == 0) return i + 1;
  }
  return 0;
}

std::vector<Tokens> arguments_of(Tokens inside) {
  std::vector<Tokens> all;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= inside.size(); ++i) {
    const bool end = i == inside.size();
    if (!end && (inside[i].is("(") || inside[i].is("["))) ++depth;
    if (!end && (inside[i].is(")") || inside[i].is("]"))) --depth;
    if (!end && (depth > 0 || !inside[i].is(","))) continue;
    if (i > begin) all.push_back(inside.subspan(begin, i - begin));
    begin = i + 1;
  }
  return all;
}

std::optional<int> count_of(Tokens value) {
  if (value.size() == 1 && value[0].is_name("True")) return 1;
  if (value.size() == 1 && value[0].is_name("False")) return 0;
  int number = 0;
  if (value.size() != 1 || value[0].kind != PyToken::Kind::number) return std::nullopt;
  const std::string_view text = value[0].text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

void unknown_counts(ProxyFix& fix) {
  fix.x_for = fix.x_proto = fix.x_host = fix.x_port = fix.x_prefix = std::nullopt;
}

ProxyFix proxy_fix_of(Tokens inside) {
  ProxyFix fix;
  const std::array<std::pair<std::string_view, std::optional<int>*>, 5> counts{
      {{"x_for", &fix.x_for},
       {"x_proto", &fix.x_proto},
       {"x_host", &fix.x_host},
       {"x_port", &fix.x_port},
       {"x_prefix", &fix.x_prefix}}};
  std::size_t position = 0;
  for (const Tokens argument : arguments_of(inside)) {
    if (argument[0].is("*") || argument[0].is("**")) {
      unknown_counts(fix);
      return fix;
    }
    const bool named = argument.size() > 2 && argument[1].is("=");
    if (!named) {
      if (position > 0 && position <= counts.size())
        *counts[position - 1].second = count_of(argument);
      ++position;
      continue;
    }
    for (const auto& [name, count] : counts) {
      if (argument[0].is_name(name)) *count = count_of(argument.subspan(2));
    }
  }
  return fix;
}

/// The lines from `first` up to where their brackets close, as one source.
std::string source_from(const std::vector<Line>& lines, std::size_t first) {
  std::string text;
  for (std::size_t i = first; i < lines.size(); ++i) {
    if (i > first && lines[i].number != lines[i - 1].number + 1) break;
    text += lines[i].text + "\n";
  }
  return text.substr(text.find("ProxyFix"));
}

/// The call that begins on this line; a mere mention (an alias, a reference) is a way of its own.
void look_for_fix(const std::string& path, const std::vector<Line>& lines, std::size_t i,
                  PythonForwarding& found) {
  const Line& line = lines[i];
  if (!has(line, "ProxyFix")) return;
  const Evidence here{EvidenceKind::file, path, line.number, one_line(trimmed(line.text)), false};
  const auto after = line.text.find("ProxyFix") + std::string_view("ProxyFix").size();
  if (is_import(line) || line.text.compare(after, 1, ",") == 0) {
    if (line.text.find("ProxyFix as ") != std::string::npos) found.own_ways.push_back(here);
    return;
  }
  const std::string_view alone = trimmed(line.text);
  if (alone == "ProxyFix") return;  // a line of a longer import
  const std::string source = source_from(lines, i);
  PyTokens tokens = tokenize_python(source);
  std::vector<PyToken> flat;
  for (const auto& one : tokens.lines)
    flat.insert(flat.end(), one.tokens.begin(), one.tokens.end());
  const std::size_t end = flat.size() > 1 && flat[1].is("(") ? behind_bracket(flat, 1) : 0;
  if (end < 3) {
    found.own_ways.push_back(here);
    return;
  }
  ProxyFix fix = proxy_fix_of(Tokens(flat).subspan(2, end - 3));
  fix.from = here;
  found.proxy_fixes.push_back(std::move(fix));
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const bool part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.';
    if (part) word += c;
    if (!part && !word.empty()) words.push_back(std::move(word)), word.clear();
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

void add_imports(const std::vector<Line>& lines, std::size_t i, PythonForwarding& found) {
  if (!is_import(lines[i])) return;
  std::string text = lines[i].text;
  // Names in brackets may stand on lines of their own.
  for (std::size_t k = i + 1; k < lines.size() && text.find('(') != std::string::npos &&
                              text.find(')') == std::string::npos;
       ++k) {
    text += " " + lines[k].text;
  }
  const auto words = words_of(text.substr(0, text.find(';')));
  if (words.size() < 2) return;
  const bool from = words[0] == "from";
  if (from) found.imports.push_back(words[1]);
  for (std::size_t k = from ? 3 : 1; k < words.size(); ++k) {
    if (words[k] == "as") {
      ++k;
      continue;
    }
    const std::string dot = !from || words[1].back() == '.' ? "" : ".";
    found.imports.push_back(from ? words[1] + dot + words[k] : words[k]);
  }
}

}  // namespace

std::string ProxyFix::text() const {
  std::string inside;
  const auto add = [&](const char* name, const std::optional<int>& count) {
    if (count == 0) return;
    inside += fmt::format("{}{}={}", inside.empty() ? "" : ", ", name,
                          count ? std::to_string(*count) : "?");
  };
  add("x_for", x_for);
  add("x_proto", x_proto);
  add("x_host", x_host);
  add("x_port", x_port);
  add("x_prefix", x_prefix);
  return "ProxyFix(" + inside + ")";
}

PythonForwarding python_forwarding(const std::string& path, const std::string& reduced) {
  PythonForwarding found;
  const auto lines = lines_of(reduced, found.truncated);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    look_at(path, lines[i], found);
    look_for_fix(path, lines, i, found);
    add_imports(lines, i, found);
  }
  return found;
}

}  // namespace hopcheck
