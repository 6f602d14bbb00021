// Splits a configuration file into directives exactly as nginx's own reader does.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "facts/nginx/arena.h"

namespace hopcheck::nginx {

/// What ended a run of words.
enum class Token { directive, block_start, block_end, file_end, error };

/// Reads one file's text, which must outlive it.
class Tokens {
 public:
  Tokens(std::string_view text, Arena& arena) : text_(text), arena_(arena) {}

  /// Reads up to the next `;`, `{`, `}` or the end; words() are those before it.
  Token next();
  const std::vector<std::string_view>& words() const { return words_; }
  /// The line of the first word.
  int first_line() const { return first_line_; }
  /// How much of the text was read.
  std::size_t offset() const { return pos_; }
  /// Where the first word begins in the text; its end where none was read.
  std::size_t first_offset() const { return words_.empty() ? pos_ : first_offset_; }
  /// The line that nginx would name in a message now.
  int line() const { return line_; }
  /// What is wrong, in nginx's words, after Token::error.
  const std::string& error() const { return error_; }
  /// The Lua code up to the brace that closes the block just begun; nothing, and an error, where
  /// none does.
  std::optional<std::string_view> lua_block();

 private:
  // nginx reads through a buffer of this size (NGX_CONF_BUFFER); a word must fit into it, and so,
  // by an old quirk, must a comment.
  static constexpr std::size_t kBuffer = 4096;

  enum class Step { read, directive, block_start, error };

  bool skip_blanks();
  bool skip_comment();
  Token sign(char c);
  Step bare_word();
  Step quoted_word(char quote);
  Step after_quote();
  Step unfinished();
  Token at_end();
  std::size_t skip_lua();
  /// Whether nginx's buffer holds all from `start` to `last`, the last byte that nginx reads before
  /// it forgets the beginning: a blank counts, and the byte behind it.
  bool fits(std::size_t start, std::size_t last, char quote) {
    if (last < start + kBuffer || start + kBuffer >= text_.size()) return true;
    refuse_length(start, quote);
    return false;
  }
  void refuse_length(std::size_t start, char quote);
  std::string_view unescaped(std::string_view raw);

  std::string_view text_;
  Arena& arena_;
  std::vector<std::string_view> words_{};
  std::string error_{};
  std::size_t pos_{0};
  std::size_t first_offset_{0};
  int line_{1};
  int first_line_{1};
};

}  // namespace hopcheck::nginx
