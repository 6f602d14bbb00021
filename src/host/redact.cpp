// Overwrites secrets in texts that leave the machine's edge. A keyword is found first, cheaply;
// only then is looked at what stands around it.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "host/live.h"
#include "host/secret_spans.h"
#include "host/text.h"

namespace hopcheck {
namespace {

constexpr std::string_view mark = "[redacted]";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_quote(char c) {
  return c == '"' || c == '\'' || c == '`';
}

constexpr std::array<std::string_view, 12> keywords{
    "password", "passwd",  "passphrase", "secret",        "token",  "api_key",
    "apikey",   "api-key", "credential", "authorization", "cookie", "private_key"};
constexpr std::size_t stride = 4;  // every keyword, five bytes at least, holds an aligned pair

// Which keywords hold a pair of letters: most of a text is passed over by one look-up for every
// four bytes.
class Pairs {
 public:
  Pairs() {
    for (std::size_t k = 0; k < keywords.size(); ++k) {
      for (std::size_t i = 0; i < stride; ++i) add(keywords[k][i], keywords[k][i + 1], 1U << k);
    }
  }
  unsigned of(char first, char second) const { return table_[index(first, second)]; }

 private:
  static std::size_t index(char first, char second) {
    return static_cast<std::size_t>(static_cast<unsigned char>(first)) << 8 |
           static_cast<unsigned char>(second);
  }
  static char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
  void add(char first, char second, unsigned bit) {
    for (const char a : {first, upper(first)}) {
      for (const char b : {second, upper(second)}) {
        std::uint16_t& bits = table_[index(a, b)];
        bits = static_cast<std::uint16_t>(bits | bit);
      }
    }
  }
  std::array<std::uint16_t, 65536> table_{};
};

bool stands_at(std::string_view text, std::size_t at, std::string_view keyword) {
  if (text.size() - at < keyword.size()) return false;
  for (std::size_t i = 0; i < keyword.size(); ++i) {
    if (lower(text[at + i]) != keyword[i]) return false;
  }
  return true;
}

// The end of the one of these keywords that holds the pair at `at`; 0 for none.
std::size_t keyword_end(std::string_view text, std::size_t at, unsigned bits) {
  for (; bits != 0; bits &= bits - 1) {
    const std::string_view keyword = keywords[static_cast<std::size_t>(std::countr_zero(bits))];
    for (std::size_t i = 0; i < stride && i <= at; ++i) {
      if (stands_at(text, at - i, keyword)) return at - i + keyword.size();
    }
  }
  return 0;
}

// Names that contain a keyword and whose value is none: nginx's directives and the like.
bool is_harmless(const std::string& name) {
  constexpr std::array<std::string_view, 30> ends{
      "tokens",   "_file",     "-file",     "_path",     "_dir",         "_domain",
      "_flags",   "_name",     "_secure",   "_httponly", "_samesite",    "_age",
      "_timeout", "_ttl",      "_lifetime", "_length",   "_type",        "_url",
      "_uri",     "_endpoint", "_header",   "_headers",  "_hashers",     "_validators",
      "_backend", "_class",    "_expires",  "_policy",   "_partitioned", "_max"};
  for (const std::string_view end : ends) {
    if (ends_with(name, end)) return true;
  }
  const bool only_cookie = name.find("cookie") != name.npos && name.find("secret") == name.npos &&
                           name.find("token") == name.npos && name.find("passw") == name.npos;
  return only_cookie && !ends_with(name, "cookie") && !ends_with(name, "cookies");
}

// One line with a keyword in it.
class LineRedactor {
 public:
  LineRedactor(std::string_view text, Span line, std::vector<Span>& out)
      : text_(text), line_(line), out_(out) {}

  /// Looks at the name around [.., keyword_end); returns where to look on.
  std::size_t look(std::size_t keyword_end) {
    Span name{keyword_end, keyword_end};
    while (name.begin > line_.begin && is_name_char(text_[name.begin - 1])) --name.begin;
    while (name.end < line_.end && is_name_char(text_[name.end])) ++name.end;
    name_ = lowered(text_.substr(name.begin, std::min<std::size_t>(name.end - name.begin, 200)));
    while (!name_.empty() && name_.front() == '-') name_.erase(0, 1);
    if (is_harmless(name_) || in_url_authority(name)) return name.end;
    opening_quote_ = is_quote(before(name.begin)) ? before(name.begin) : '\0';
    const std::size_t value = value_after(name);
    if (value >= line_.end) return name.end;
    return std::max(take(value), name.end);
  }

 private:
  char at(std::size_t i) const { return i < line_.end ? text_[i] : '\n'; }
  char before(std::size_t i) const { return i > line_.begin ? text_[i - 1] : '\n'; }
  std::size_t skip_blanks(std::size_t i) const {
    while (is_blank(at(i))) ++i;
    return i;
  }

  // "proxy_pass http://token:8000": a host, not a name with a value.
  bool in_url_authority(Span name) const {
    return name.begin >= line_.begin + 3 && text_.substr(name.begin - 3, 3) == "://";
  }

  // Where the value begins; the line's end where none follows.
  std::size_t value_after(Span name) {
    std::size_t i = name.end;
    const bool variable = before(name.begin) == '$' || before(name.begin) == '{';
    if (variable && at(i) == '}') ++i;
    const bool quoted = is_quote(at(i)) && before(name.begin) == at(i);
    if (quoted) opening_quote_ = '\0';  // it closed again
    if (quoted) ++i;
    if (at(i) == '\\' && is_quote(at(i + 1))) i += 2;  // "{\"password\": …"
    const std::size_t after = skip_blanks(i);
    if (const std::size_t value = after_sign(name, i, after, variable)) return value;
    // ("SECRET_KEY", "value")
    if (quoted && at(after) == ',' && name.begin >= line_.begin + 2 &&
        text_[name.begin - 2] == '(') {
      const std::size_t value = skip_blanks(after + 1);
      return is_quote(at(value)) ? value : line_.end;
    }
    if (after > i && blank_divides(name, variable, quoted)) return after;
    return line_.end;
  }

  // "=", ":", ":=", "=>", "==", and after a variable "=" and "!="; 0 for none of them.
  std::size_t after_sign(Span name, std::size_t tight, std::size_t i, bool variable) {
    if (variable && at(i) == '!') ++i;
    const char sign = at(i);
    if (sign != '=' && sign != ':') return 0;
    // ${token:-…}, $token:80, unix:/run/secret.sock:/, token:8000
    const bool in_path = before(name.begin) == '/';
    if (sign == ':' && (variable || in_path || (i == tight && is_port(i + 1)))) return 0;
    header_ = sign == ':' && is_header_name();
    stops_at_parenthesis_ = variable;
    ++i;
    if (at(i) == '=' || at(i) == '>') ++i;
    return skip_blanks(i);
  }

  bool is_port(std::size_t i) const {
    std::size_t digits = 0;
    while (at(i + digits) >= '0' && at(i + digits) <= '9') ++digits;
    const char next = at(i + digits);
    return digits >= 2 && digits <= 5 &&
           (is_blank(next) || next == ';' || next == '/' || next == '\n');
  }

  std::string_view word_before(std::size_t i) const {
    while (i > line_.begin &&
           (is_blank(text_[i - 1]) || is_quote(text_[i - 1]) || text_[i - 1] == '$'))
      --i;
    std::size_t begin = i;
    while (begin > line_.begin && is_name_char(text_[begin - 1])) --begin;
    return text_.substr(begin, i - begin);
  }

  // A blank alone divides a name from its value only where the line's form says so.
  bool blank_divides(Span name, bool variable, bool quoted) const {
    const std::string previous = lowered(word_before(name.begin));
    if (variable) return previous == "set";
    if (ends_with(previous, "_set_header") || ends_with(previous, "_param") ||
        previous == "add_header" || previous == "more_set_headers" ||
        previous == "more_set_input_headers") {
      return true;
    }
    if (quoted) return false;
    if (text_[name.begin] == '-') return name_ != "cookie";  // --password x
    constexpr std::size_t deepest_indentation = 200;
    const bool first =
        name.begin - line_.begin < deepest_indentation && skip_blanks(line_.begin) == name.begin;
    return first && name_.find("cookie") == name_.npos;
  }

  bool is_header_name() const {
    return ends_with(name_, "authorization") || ends_with(name_, "cookie") ||
           ends_with(name_, "cookies");
  }

  // Redacts the value at `i`; returns its end.
  std::size_t take(std::size_t i) {
    if (is_quote(at(i)) && ends_here(i)) return i;
    const auto done = [&] { return starts_with(text_.substr(i), mark); };
    for (; !done() && (at(i) == '[' || at(i) == '(' || at(i) == '{'); ++opened_)
      i = skip_blanks(i + 1);
    if (done()) return i + mark.size();
    std::size_t prefix = i;  // b"…" of Python
    while (prefix < i + 2 && std::strchr("bBrRuUfF", at(prefix)) != nullptr) ++prefix;
    if (is_quote(at(prefix))) return take_quoted(prefix);
    if (at(i) == '\\' && is_quote(at(i + 1))) return take_escaped(i + 2);
    return take_bare(i);
  }

  // Whether the quote at `i` ends a string that began before the name: "token=" has no value. An
  // apostrophe in front of it (don't use token='x') proves nothing, so what follows must fit, too.
  bool ends_here(std::size_t i) const {
    const char next = at(i + 1);
    const bool fits =
        is_blank(next) || next == '\n' || next == '\r' || next == ';' || next == ')' || next == '{';
    if (!fits) return false;
    bool open = false;
    for (std::size_t k = line_.begin; k < i; ++k) {
      if (text_[k] == '\\') {
        ++k;
      } else if (text_[k] == text_[i]) {
        open = !open;
      }
    }
    return open;
  }

  std::size_t take_quoted(std::size_t i) {
    const char quote = at(i);
    if (at(i + 1) == quote && at(i + 2) != quote) return i + 2;  // no value
    while (at(i) == quote) ++i;                                  // """ of Python, too
    std::size_t end = i;
    while (end < line_.end && text_[end] != quote) {
      end += text_[end] == '\\' ? 2U : 1U;
    }
    end = std::min(end, line_.end);
    add({i, end});
    return end;
  }

  // {\"password\": \"…\"}, JSON in a string.
  std::size_t take_escaped(std::size_t i) {
    std::size_t end = i;
    while (end < line_.end && text_[end] != '\\' && !is_quote(text_[end])) ++end;
    add({i, end});
    return end;
  }

  std::size_t bare_end(std::size_t i) const {
    while (i < line_.end && !is_quote(text_[i]) && text_[i] != ';' && text_[i] != ',' &&
           !is_blank(text_[i]) && text_[i] != '\r' && !(stops_at_parenthesis_ && text_[i] == ')')) {
      ++i;
    }
    return i;
  }

  std::size_t take_bare(std::size_t i) {
    std::size_t end = bare_end(i);
    const std::size_t quote =
        opening_quote_ == 0 ? text_.npos : text_.substr(0, line_.end).find(opening_quote_, i);
    if (at(i) != '$' && quote < line_.end) {
      end = quote;  // "DB_PASSWORD=two words"
    } else if (header_ && at(i) != '$') {
      // "Bearer abc", "a=b; c=d": up to a quote or the line's end.
      while (end < line_.end && !is_quote(text_[end]) && text_[end] != '\r') ++end;
      while (end > i && (is_blank(text_[end - 1]) || is_sign(text_[end - 1]))) --end;
    }
    for (; opened_ > 0 && end > i && is_closing(text_[end - 1]); --opened_) --end;
    add_bare({i, end});
    return end;
  }

  static bool is_sign(char c) { return c == ';' || c == '{' || c == '}'; }
  static bool is_closing(char c) { return c == ']' || c == ')' || c == '}'; }

  // A brace in "token = new({" belongs to the code, and nginx counts braces.
  void add_bare(Span span) {
    const auto value = text_.substr(span.begin, span.end - span.begin);
    const auto count = [&](char c) { return std::count(value.begin(), value.end(), c); };
    if (count('{') == count('}')) return add(span);
    for (std::size_t i = span.begin; i < span.end; ++i) {
      if (text_[i] != '{' && text_[i] != '}') continue;
      add({span.begin, i});
      span.begin = i + 1;
    }
    add(span);
  }

  // Says which value something has, where the value itself is none.
  static bool is_no_secret(std::string_view value) {
    constexpr std::array<std::string_view, 12> words{"on",  "off", "true",  "false", "none", "null",
                                                     "yes", "no",  "build", "0",     "1",    "{"};
    const std::string low = lowered(value.substr(0, 16));
    if (std::find(words.begin(), words.end(), low) != words.end()) return true;
    constexpr std::array<std::string_view, 9> starts{"os.environ", "os.getenv", "getenv(",
                                                     "environ",    "env(",      "config(",
                                                     "settings.",  "self.",     "[redacted"};
    return std::any_of(starts.begin(), starts.end(),
                       [&](std::string_view start) { return starts_with(value, start); });
  }

  // "$http_cookie", "Basic $credentials", "${TOKEN}"
  static bool is_variable(std::string_view value) {
    const std::size_t blank = value.rfind(' ');
    const std::size_t begin = blank == value.npos ? 0 : blank + 1;
    const std::string scheme = lowered(value.substr(0, std::min<std::size_t>(begin, 10)));
    if (begin > 0 && scheme != "basic " && scheme != "bearer " && scheme != "token ") return false;
    value = value.substr(begin);
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_{}$()";
    return value.size() > 1 && value[0] == '$' && value.find_first_not_of(plain) == value.npos;
  }

  void add(Span span) {
    const std::string_view value = text_.substr(span.begin, span.end - span.begin);
    if (!value.empty() && !is_no_secret(value) && !is_variable(value)) out_.push_back(span);
  }

  std::string_view text_;
  Span line_;
  std::vector<Span>& out_;
  std::string name_{};
  char opening_quote_{'\0'};
  std::size_t opened_{0};  ///< brackets before the value
  bool header_{false};
  bool stops_at_parenthesis_{false};
};

Span line_around(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? text.npos : text.rfind('\n', at - 1);
  return {before == text.npos ? 0 : before + 1, std::min(text.find('\n', at), text.size())};
}

void find_named(std::string_view text, std::vector<Span>& out) {
  static const Pairs pairs;
  Span line{0, 0};
  for (std::size_t at = 0; at + 1 < text.size();) {
    const unsigned bits = pairs.of(text[at], text[at + 1]);
    const std::size_t end = bits == 0 ? 0 : keyword_end(text, at, bits);
    if (end == 0) {
      at += stride;
      continue;
    }
    if (end > line.end || line.end == 0) line = line_around(text, end - 1);
    at = std::max(LineRedactor(text, line, out).look(end), at + 1);
  }
}

std::string overwrite(const std::string& text, std::vector<Span>& spans) {
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::string out;
  out.reserve(text.size() + spans.size() * mark.size());
  std::size_t done = 0;
  for (const Span& span : spans) {
    if (span.end <= done) continue;
    if (span.begin >= done) {
      out.append(text, done, span.begin - done);
      out += mark;
    }
    done = span.end;
  }
  out.append(text, done);
  return out;
}

}  // namespace

std::string redact(std::string text) {
  std::vector<Span> spans;
  find_named(text, spans);
  find_in_urls(text, spans);
  find_keys(text, spans);
  return spans.empty() ? text : overwrite(text, spans);
}

}  // namespace hopcheck
