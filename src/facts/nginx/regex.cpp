// A thin wrapper of PCRE2.
#include "facts/nginx/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <memory>

#include <pcre2.h>

#include "hopcheck/fact.h"

namespace hopcheck::nginx {

namespace {

// Enough for any honest location; a pattern made to explode stops here.
constexpr std::uint32_t kMatchLimit = 200'000;
constexpr std::uint32_t kHeapLimitKib = 4096;

template <auto release>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    release(pointer);
  }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using Match = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;
using Context = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;

PCRE2_SPTR bytes(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

Code compile(std::string_view pattern, bool caseless) {
  int error = 0;
  PCRE2_SIZE where = 0;
  return Code(pcre2_compile(bytes(pattern), pattern.size(), caseless ? PCRE2_CASELESS : 0, &error,
                            &where, nullptr));
}

void add_names(const pcre2_code* code, Captures& captures) {
  std::uint32_t count = 0;
  std::uint32_t size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  for (std::uint32_t i = 0; i < count; ++i, table += size) {
    const auto number = static_cast<std::size_t>(table[0]) << 8 | table[1];
    const std::string name(reinterpret_cast<const char*>(table + 2));
    captures.named[name] = number < captures.numbered.size() ? captures.numbered[number] : "";
  }
}

}  // namespace

std::optional<Captures> regex_match(std::string_view pattern, bool caseless,
                                    std::string_view subject) {
  const Code code = compile(pattern, caseless);
  if (!code) return std::nullopt;
  const Match match(pcre2_match_data_create_from_pattern(code.get(), nullptr));
  const Context context(pcre2_match_context_create(nullptr));
  if (!match || !context) return std::nullopt;
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimitKib);
  const int result =
      pcre2_match(code.get(), bytes(subject), subject.size(), 0, 0, match.get(), context.get());
  if (result == PCRE2_ERROR_NOMATCH) return std::nullopt;
  if (result < 0) {
    throw NotSeen({Unseen::Why::undecidable,
                   "whether the regular expression \"" + std::string(pattern.substr(0, 100)) +
                       "\" matches: it takes too much work",
                   {}});
  }
  Captures captures;
  const PCRE2_SIZE* at = pcre2_get_ovector_pointer(match.get());
  for (int i = 0; i < result; ++i, at += 2) {
    const bool set = at[0] != PCRE2_UNSET && at[0] <= at[1];
    captures.numbered.emplace_back(set ? subject.substr(at[0], at[1] - at[0]) : "");
  }
  add_names(code.get(), captures);
  return captures;
}

bool regex_captures(std::string_view pattern) {
  const Code code = compile(pattern, false);
  std::uint32_t count = 0;
  if (code) pcre2_pattern_info(code.get(), PCRE2_INFO_CAPTURECOUNT, &count);
  return count > 0;
}

}  // namespace hopcheck::nginx
