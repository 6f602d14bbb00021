// Compiles with PCRE2 and words the error as nginx does.
#include "facts/nginx/refusal/regex_error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>
#include <cstdint>

#include <pcre2.h>

#include "facts/nginx/letters.h"
#include "facts/nginx/misspelt.h"

namespace hopcheck::nginx {

namespace {

/// A named group is a variable; nginx's own cannot be defined again.
std::optional<std::string> refused_group(const pcre2_code& compiled) {
  std::uint32_t count = 0;
  std::uint32_t size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(&compiled, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(&compiled, PCRE2_INFO_NAMEENTRYSIZE, &size);
  pcre2_pattern_info(&compiled, PCRE2_INFO_NAMETABLE, &table);
  constexpr std::size_t number = 2;  // of bytes before each name
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = reinterpret_cast<const char*>(table + i * size + number);
    if (is_fixed_variable(lower(name))) return "the duplicate \"" + name + "\" variable";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> regex_error(std::string_view pattern, bool caseless) {
  int code = 0;
  PCRE2_SIZE where = 0;
  pcre2_code* const compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    caseless ? PCRE2_CASELESS : 0, &code, &where, nullptr);
  if (compiled != nullptr) {
    auto message = refused_group(*compiled);
    pcre2_code_free(compiled);
    return message;
  }
  std::array<PCRE2_UCHAR, 128> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  std::string message = "pcre2_compile() failed: ";
  message += reinterpret_cast<const char*>(text.data());
  message += " in \"" + std::string(pattern) + "\"";
  if (where < pattern.size()) message += " at \"" + std::string(pattern.substr(where)) + "\"";
  return message;
}

}  // namespace hopcheck::nginx
