// Compiles with PCRE2 and words the error as nginx does.
#include "facts/nginx/refusal/regex_error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>

#include <pcre2.h>

namespace hopcheck::nginx {

std::optional<std::string> regex_error(std::string_view pattern, bool caseless) {
  int code = 0;
  PCRE2_SIZE where = 0;
  pcre2_code* const compiled =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    caseless ? PCRE2_CASELESS : 0, &code, &where, nullptr);
  if (compiled != nullptr) {
    pcre2_code_free(compiled);
    return std::nullopt;
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
