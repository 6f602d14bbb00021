// Splits what nft lists, and what it loads, into tokens.
#include "facts/firewall/nft_tokens.h"

#include <string_view>

namespace hopcheck::firewall {
namespace {

class Splitter {
 public:
  explicit Splitter(const std::string& text) : text_(text) {}

  Tokens split() {
    while (at_ < text_.size()) next();
    add(Token::Kind::end, at_, 0, "");
    return std::move(tokens_);
  }

 private:
  void next() {
    const char c = text_[at_];
    if (c == '\n') {
      add(Token::Kind::end, at_, 1, "");
      ++line_;
      line_begin_ = at_;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') {
      at_ += 2;
      ++line_;
      line_begin_ = at_;
    } else if (c == '#') {
      comment();
    } else if (c == '"') {
      quoted();
    } else if (c == '{' || c == '}' || c == ',' || c == ';') {
      const auto kind = c == '{'   ? Token::Kind::open
                        : c == '}' ? Token::Kind::close
                        : c == ',' ? Token::Kind::comma
                                   : Token::Kind::end;
      add(kind, at_, 1, std::string(1, c));
    } else {
      word();
    }
  }

  void comment() {
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    constexpr std::string_view handle = "# handle ";
    const std::string_view rest = std::string_view(text_).substr(at_, end - at_);
    if (rest.substr(0, handle.size()) == handle)
      add(Token::Kind::handle, at_, end - at_, std::string(rest.substr(handle.size())));
    at_ = end;
  }

  void quoted() {
    const std::size_t end = std::min(text_.find('"', at_ + 1), text_.size());
    add(Token::Kind::string, at_, std::min(end + 1, text_.size()) - at_,
        text_.substr(at_ + 1, end - at_ - 1));
  }

  void word() {
    if (text_[at_] == '(' || text_[at_] == ')') {
      add(Token::Kind::word, at_, 1, text_.substr(at_, 1));
      return;
    }
    const std::size_t end = std::min(text_.find_first_of(" \t\r\n{},;\"()", at_), text_.size());
    add(Token::Kind::word, at_, end - at_, text_.substr(at_, end - at_));
  }

  void add(Token::Kind kind, std::size_t offset, std::size_t length, std::string text) {
    tokens_.push_back({kind, std::move(text), {line_, offset - line_begin_}, offset, length});
    at_ = offset + length;
  }

  const std::string& text_;
  std::size_t at_{0};
  std::size_t line_begin_{0};
  int line_{1};
  Tokens tokens_{};
};

}  // namespace

Tokens nft_tokens(const std::string& text) {
  return Splitter(text).split();
}

NamedSet parse_set(const Tokens& tokens, std::size_t& at) {
  NamedSet set;
  NamedSet::Entry entry;
  bool leads = false;  // behind the colon of a map
  bool extra = false;  // behind "timeout 5m" and the like
  int depth = 1;
  const auto finish = [&] {
    if (!entry.words.empty()) set.entries.push_back(std::move(entry));
    entry = {};
    leads = extra = false;
  };
  for (; at < tokens.size() && depth > 0; ++at) {
    const Token& token = tokens[at];
    if (token.kind == Token::Kind::open) ++depth;
    if (token.kind == Token::Kind::close && --depth == 0) finish();
    if (token.kind == Token::Kind::comma && depth == 1) finish();
    if (token.kind != Token::Kind::word && token.kind != Token::Kind::string) continue;
    if (token.is(":")) {
      leads = true;
      extra = false;
    } else if (token.is("limit") || token.is("ct")) {
      entry.limited = extra = true;
    } else if (token.is("timeout") || token.is("expires") || token.is("counter") ||
               token.is("comment")) {
      extra = true;
    } else if (leads) {
      entry.verdict.push_back(token.text);
    } else if (!extra && !token.is(".")) {
      entry.words.push_back(token.text);
    }
  }
  return set;
}

}  // namespace hopcheck::firewall
