// What nginx knows of a directive before and while it looks at its arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hopcheck::nginx {

/// Directives that share contexts and argument counts; one name may stand in several rules.
struct Rule {
  std::string_view contexts{};   ///< words, or "any"
  std::string_view arguments{};  ///< "2", "1-3" or "1+"
  bool block{false};
  std::string_view names{};
};

/// What a value must be, where one of nginx's common rules reads it. All but `any` and `some_of`
/// may be given once in a block.
enum class Value : std::uint8_t {
  any,
  once,  ///< anything
  flag,
  number,
  size,
  offset,
  milliseconds,
  seconds,
  buffers,
  one_of,
  some_of
};

struct ValueRule {
  Value value{Value::any};
  std::string_view words{};  ///< of one_of and some_of
  std::string_view names{};
};

std::span<const Rule> rules();
std::span<const ValueRule> value_rules();

/// Where a directive may stand; each kind of block a bit.
using Context = std::uint32_t;
namespace context {
inline constexpr Context unknown = 0;  ///< a block that we know nothing of
inline constexpr Context main = 1U << 0;
inline constexpr Context events = 1U << 1;
inline constexpr Context http = 1U << 2;
inline constexpr Context server = 1U << 3;
inline constexpr Context server_if = 1U << 4;
inline constexpr Context location = 1U << 5;
inline constexpr Context location_if = 1U << 6;
inline constexpr Context limit_except = 1U << 7;
inline constexpr Context upstream = 1U << 8;
inline constexpr Context stream = 1U << 9;
inline constexpr Context stream_server = 1U << 10;
inline constexpr Context stream_upstream = 1U << 11;
inline constexpr Context mail = 1U << 12;
inline constexpr Context mail_server = 1U << 13;
inline constexpr Context raw = 1U << 14;  ///< takes any words: map, types and the like

inline constexpr Context any_http =
    http | server | server_if | location | location_if | limit_except | upstream;
}  // namespace context

/// The one of that name ("server_if"); unknown where there is none.
Context context_named(std::string_view name);
/// The context inside a block.
Context context_inside(std::string_view block, Context outside);

using WordId = std::uint16_t;
inline constexpr WordId kNoWord = 0;

/// All that the tables say of one name.
struct Word {
  struct Place {
    Context contexts{0};
    std::uint8_t least{0};
    std::uint8_t most{0};
    bool block{false};
  };
  std::string_view name{};
  WordId id{kNoWord};
  Value value{Value::any};
  std::string_view values{};
  std::vector<Place> places{};
};

/// Null for a name of no module that we know.
const Word* find_word(std::string_view name);

/// The one with that id; null for kNoWord.
const Word* word_of(WordId id);

/// nginx's message about a directive (name and arguments) in a context, or nothing where it has
/// none. A name that we do not know is not judged, but for what no module can know and for one
/// that was plainly meant to be another: another module may know it.
std::optional<std::string> complain(const Word* word, std::span<const std::string_view> words,
                                    bool block, Context context);

}  // namespace hopcheck::nginx
