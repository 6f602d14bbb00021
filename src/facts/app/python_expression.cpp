// The value of a Python expression made of literals: a small recursive descent parser.
#include "facts/app/python_expression.h"

#include <charconv>
#include <string>

namespace hopcheck {
namespace {

using Kind = PyValue::Kind;

constexpr int depth_limit = 40;

PyValue integer_value(long long number) {
  PyValue value;
  value.kind = Kind::integer;
  value.integer = number;
  return value;
}

PyValue constant(Kind kind, long long number = 0) {
  PyValue value;
  value.kind = kind;
  value.integer = number;
  return value;
}

// Underscores may stand between digits, and after a base prefix.
bool strip_underscores(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto is_alnum = [](char c) {
      return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    };
    if (i == 0 || i + 1 == text.size() || !is_alnum(text[i + 1])) return false;
    if (!is_alnum(text[i - 1]) && (text[i - 1] | 0x20) != 'x' && (text[i - 1] | 0x20) != 'o')
      return false;
  }
  return true;
}

std::optional<PyValue> real_number(const std::string& text) {
  if (text.find_first_not_of("0123456789.eE+-") != std::string::npos) return std::nullopt;
  PyValue value;
  value.kind = Kind::real;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value.real);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<PyValue> number_value(std::string_view written) {
  std::string text;
  if (!strip_underscores(written, text)) return std::nullopt;
  int base = 10;
  std::string_view digits = text;
  if (text.size() > 2 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 10;
    if (base != 10) digits.remove_prefix(2);
  }
  long long number = 0;
  const auto [stop, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error == std::errc::result_out_of_range) return std::nullopt;
  if (error != std::errc{} || stop != digits.data() + digits.size()) return real_number(text);
  if (base == 10 && digits[0] == '0' && number != 0) return std::nullopt;  // 007 is an error
  return integer_value(number);
}

class Parser {
 public:
  Parser(std::span<const PyToken> tokens, const PyLookup& lookup)
      : tokens_(tokens), lookup_(lookup) {}

  std::optional<PyValue> run() {
    auto value = list_of_values();
    if (!value || at_ != tokens_.size()) return std::nullopt;
    return value;
  }

 private:
  // "a" or the tuple "a, b".
  std::optional<PyValue> list_of_values() {
    auto first = sum();
    if (!first || !next_is(",")) return first;
    PyValue tuple = constant(Kind::tuple);
    tuple.items.push_back(std::move(*first));
    while (take(",")) {
      if (at_ == tokens_.size() || next_is(")")) break;
      auto item = sum();
      if (!item) return std::nullopt;
      tuple.items.push_back(std::move(*item));
    }
    return tuple;
  }

  std::optional<PyValue> sum() {
    auto left = product();
    while (left && (next_is("+") || next_is("-"))) {
      const bool plus = take("+");
      if (!plus) ++at_;
      const auto right = product();
      if (!right || !(left = plus ? add(std::move(*left), *right) : subtract(*left, *right)))
        return std::nullopt;
    }
    return left;
  }

  std::optional<PyValue> product() {
    auto left = unary();
    while (left && (next_is("*") || next_is("//") || next_is("%"))) {
      const std::string_view op = tokens_[at_++].text;
      const auto right = unary();
      if (!right || !(left = multiply(op, *left, *right))) return std::nullopt;
    }
    return left;
  }

  std::optional<PyValue> unary() {
    if (!next_is("-") && !next_is("+")) return atom();
    const bool minus = take("-");
    if (!minus) ++at_;
    if (++depth_ > depth_limit) return std::nullopt;
    auto value = unary();
    --depth_;
    if (!value) return std::nullopt;
    if (value->kind == Kind::real) {
      if (minus) value->real = -value->real;
      return value;
    }
    if (value->kind != Kind::integer) return std::nullopt;
    return minus ? subtract(integer_value(0), *value) : value;
  }

  std::optional<PyValue> atom() {
    if (at_ == tokens_.size() || ++depth_ > depth_limit) return std::nullopt;
    auto value = atom_here();
    --depth_;
    return value;
  }

  std::optional<PyValue> atom_here() {
    const PyToken& token = tokens_[at_];
    if (token.kind == PyToken::Kind::string) return strings();
    if (token.is("(")) return parenthesis();
    if (token.is("[")) return list();
    if (token.is("{")) return dict();
    ++at_;
    if (token.kind == PyToken::Kind::number) return number_value(token.text);
    if (token.kind != PyToken::Kind::name) return std::nullopt;
    if (token.text == "None") return constant(Kind::none);
    if (token.text == "True") return constant(Kind::boolean, 1);
    if (token.text == "False") return constant(Kind::boolean, 0);
    const PyValue* known = lookup_(token.text);
    return known != nullptr ? std::optional(*known) : std::nullopt;
  }

  // Strings side by side are one.
  std::optional<PyValue> strings() {
    PyValue value = constant(Kind::string);
    while (at_ < tokens_.size() && tokens_[at_].kind == PyToken::Kind::string) {
      const auto part = string_value(tokens_[at_++]);
      if (!part) return std::nullopt;
      value.text += *part;
    }
    return value;
  }

  std::optional<PyValue> parenthesis() {
    ++at_;
    if (take(")")) return constant(Kind::tuple);
    auto value = list_of_values();
    if (!value || !take(")")) return std::nullopt;
    return value;
  }

  std::optional<PyValue> list() {
    ++at_;
    PyValue value = constant(Kind::list);
    while (!take("]")) {
      auto item = sum();
      if (!item || (!take(",") && !next_is("]"))) return std::nullopt;
      value.items.push_back(std::move(*item));
    }
    return value;
  }

  std::optional<PyValue> dict() {
    ++at_;
    PyValue value = constant(Kind::dict);
    while (!take("}")) {
      auto key = sum();
      if (!key || (key->kind != Kind::string && key->kind != Kind::integer) || !take(":"))
        return std::nullopt;
      auto item = sum();
      if (!item || (!take(",") && !next_is("}"))) return std::nullopt;
      value.items.push_back(std::move(*key));
      value.items.push_back(std::move(*item));
    }
    return value;
  }

  static std::optional<PyValue> add(PyValue a, const PyValue& b) {
    if (a.kind == Kind::string && b.kind == Kind::string) {
      a.text += b.text;
      return a;
    }
    long long result = 0;
    if (!integers(a, b) || __builtin_add_overflow(a.integer, b.integer, &result))
      return std::nullopt;
    return integer_value(result);
  }

  static std::optional<PyValue> subtract(const PyValue& a, const PyValue& b) {
    long long result = 0;
    if (!integers(a, b) || __builtin_sub_overflow(a.integer, b.integer, &result))
      return std::nullopt;
    return integer_value(result);
  }

  // Division rounds down, as Python's does.
  static std::optional<PyValue> multiply(std::string_view op, const PyValue& a, const PyValue& b) {
    if (!integers(a, b)) return std::nullopt;
    long long result = 0;
    if (op == "*") {
      if (__builtin_mul_overflow(a.integer, b.integer, &result)) return std::nullopt;
      return integer_value(result);
    }
    if (b.integer == 0 || b.integer == -1) return std::nullopt;
    const long long rest = a.integer % b.integer;
    const bool down = rest != 0 && (rest < 0) != (b.integer < 0);
    if (op == "%") return integer_value(down ? rest + b.integer : rest);
    return integer_value(a.integer / b.integer - (down ? 1 : 0));
  }

  static bool integers(const PyValue& a, const PyValue& b) {
    return a.kind == Kind::integer && b.kind == Kind::integer;
  }

  bool next_is(std::string_view op) const { return at_ < tokens_.size() && tokens_[at_].is(op); }
  bool take(std::string_view op) {
    if (!next_is(op)) return false;
    ++at_;
    return true;
  }

  std::span<const PyToken> tokens_;
  const PyLookup& lookup_;
  std::size_t at_{0};
  int depth_{0};
};

}  // namespace

std::optional<PyValue> evaluate(std::span<const PyToken> tokens, const PyLookup& lookup) {
  return Parser(tokens, lookup).run();
}

}  // namespace hopcheck
