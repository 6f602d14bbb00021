// Any bytes as one configuration file: the reader ends, and what it tells lies within the text.
#include <memory>
#include <vector>

#include "facts/nginx/tokens.h"
#include "fuzz.h"

using namespace hopcheck;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::shared_ptr<const std::string>> storage;
  nginx::Arena arena(storage);
  nginx::Tokens tokens(text, arena);
  std::size_t before = 0;
  int line = 1;
  for (bool more = true; more;) {
    const nginx::Token token = tokens.next();
    fuzz::require(tokens.offset() <= size, "it stays inside the text");
    fuzz::require(tokens.offset() > before || token == nginx::Token::file_end ||
                      token == nginx::Token::error,
                  "every token takes something");
    fuzz::require(tokens.line() >= line || token == nginx::Token::error, "lines go up");
    before = tokens.offset();
    line = tokens.line();
    if (token == nginx::Token::block_start && tokens.words().front().ends_with("_by_lua_block"))
      more = tokens.lua_block().has_value();
    more = more && token != nginx::Token::file_end && token != nginx::Token::error;
  }
  return 0;
}
