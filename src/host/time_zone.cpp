// /etc/localtime, reduced to the offsets of our years: logs write local time without a zone.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include "host/log_lines.h"
#include "host/tables.h"
#include "host/text.h"

namespace hopcheck {
namespace {

constexpr int first_year = 2024;
constexpr int last_year = 2040;
constexpr std::uint64_t most_bytes = 65'536;

struct Change {
  long long at{0};      ///< seconds since 1970
  long long offset{0};  ///< seconds east of Greenwich from then on
};

long long big_endian(std::string_view text, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value = value << 8U | static_cast<unsigned char>(text[at + i]);
  if (bytes == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<long long>(value);
}

// The six counts of a TZif header (RFC 8536, 3.1).
struct Header {
  std::size_t isut{0}, isstd{0}, leaps{0}, times{0}, types{0}, letters{0};

  std::size_t size(std::size_t time_bytes) const {
    return times * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) + isstd + isut;
  }
};

constexpr std::size_t header_bytes = 44;

std::optional<Header> header_at(std::string_view text, std::size_t at) {
  if (text.size() < at + header_bytes || text.substr(at, 4) != "TZif") return std::nullopt;
  std::array<std::size_t, 6> counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const long long count = big_endian(text, at + 20 + i * 4, 4);
    if (count < 0 || count > 10'000) return std::nullopt;
    counts[i] = static_cast<std::size_t>(count);
  }
  return Header{counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]};
}

// The POSIX rule at the file's end: "CET-1CEST,M3.5.0,M10.5.0/3".
class Rule {
 public:
  explicit Rule(std::string_view text) : rest_(text) {}

  /// Nothing where the rule cannot be read.
  std::optional<std::vector<Change>> changes() {
    name();
    const auto standard = clock();
    if (!standard) return std::nullopt;
    if (rest_.empty()) return std::vector<Change>{{0, -*standard}};
    name();
    const auto summer = rest_.empty() || rest_[0] == ',' ? *standard - 3600 : clock();
    const auto begin = date();
    const auto end = date();
    if (!summer || !begin || !end) return std::nullopt;
    std::vector<Change> all;
    for (int year = first_year; year <= last_year; ++year) {
      all.push_back({second_of(year, *begin) + *standard, -*summer});
      all.push_back({second_of(year, *end) + *summer, -*standard});
    }
    std::sort(all.begin(), all.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
    // What holds before the first of them is what the last one leaves.
    all.push_back({0, all.back().offset});
    std::rotate(all.begin(), all.end() - 1, all.end());
    return all;
  }

 private:
  struct Date {
    int month{0}, week{0}, day{0};
    long long time{7200};
  };

  void name() {
    if (!rest_.empty() && rest_[0] == '<') {
      rest_.remove_prefix(std::min(rest_.find('>') + 1, rest_.size()));
      return;
    }
    while (!rest_.empty() && ((rest_[0] | 0x20) >= 'a' && (rest_[0] | 0x20) <= 'z'))
      rest_.remove_prefix(1);
  }

  std::optional<int> number() {
    int value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  bool skip(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // "-1", "5:30": seconds, west counted positive.
  std::optional<long long> clock() {
    const bool minus = skip('-');
    if (!minus) skip('+');
    long long seconds = 0;
    for (const int unit : {3600, 60, 1}) {
      const auto part = number();
      if (!part) return std::nullopt;
      seconds += static_cast<long long>(*part) * unit;
      if (!skip(':')) break;
    }
    return minus ? -seconds : seconds;
  }

  // ",M3.5.0/3"; other forms are not in use today.
  std::optional<Date> date() {
    if (!skip(',') || !skip('M')) return std::nullopt;
    Date date;
    const auto month = number();
    const bool week_follows = skip('.');
    const auto week = number();
    const bool day_follows = skip('.');
    const auto day = number();
    if (!month || !week || !day || !week_follows || !day_follows) return std::nullopt;
    if (skip('/')) {
      const auto time = clock();
      if (!time) return std::nullopt;
      date.time = *time;
    }
    date.month = *month;
    date.week = *week;
    date.day = *day;
    return date;
  }

  static long long midnight(int year, int month, int day) {
    std::string text = std::to_string(year) + "-" + (month < 10 ? "0" : "") +
                       std::to_string(month) + "-" + (day < 10 ? "0" : "") + std::to_string(day);
    return parse_utc(text + "T00:00:00Z");
  }

  // Week 5 is the last one of the month.
  static long long second_of(int year, const Date& date) {
    constexpr long long day_seconds = 86'400;
    const long long first = midnight(year, date.month, 1);
    const auto weekday = static_cast<int>((first / day_seconds + 4) % 7);  // 1970 began on Thursday
    int day = 1 + (date.day - weekday + 7) % 7 + (date.week - 1) * 7;
    const int next = date.month == 12 ? 1 : date.month + 1;
    const long long end = midnight(date.month == 12 ? year + 1 : year, next, 1);
    while (first + (day - 1) * day_seconds >= end) day -= 7;
    return first + (day - 1) * day_seconds + date.time;
  }

  std::string_view rest_;
};

std::optional<std::vector<Change>> changes_of(std::string_view text) {
  const auto old = header_at(text, 0);
  if (!old) return std::nullopt;
  const std::size_t second = header_bytes + old->size(4);
  const auto header = header_at(text, second);
  if (!header || header->types == 0 || text.size() < second + header_bytes + header->size(8))
    return std::nullopt;
  const std::size_t times = second + header_bytes;
  const std::size_t kinds = times + header->times * 8;
  const std::size_t types = kinds + header->times;
  const auto offset = [&](std::size_t type) { return big_endian(text, types + type * 6, 4); };
  std::vector<Change> all{{0, offset(0)}};
  for (std::size_t i = 0; i < header->times; ++i) {
    const auto type = static_cast<unsigned char>(text[kinds + i]);
    if (type >= header->types) return std::nullopt;
    all.push_back({big_endian(text, times + i * 8, 8), offset(type)});
  }
  std::string_view rule = text.substr(second + header_bytes + header->size(8));
  if (rule.size() < 2 || rule.front() != '\n') return all;
  rule = rule.substr(1, rule.find('\n', 1) - 1);
  // The table of a slim file ends before our years; the rule then says the rest.
  const long long from = all.back().at;
  if (auto later = Rule(rule).changes()) {
    for (const Change& change : *later) {
      if (change.at > from) all.push_back(change);
    }
    if (later->size() == 1 && from <= 0) all.push_back({1, later->front().offset});
  }
  return all;
}

}  // namespace

// "offset 3600 from=…" a line, oldest first; the first holds for all time before.
std::string reduce_time_zone(const ByteSource& source, const std::string&) {
  std::string text(static_cast<std::size_t>(std::min(source.size, most_bytes)), '\0');
  text.resize(std::min(source.read(0, text.data(), text.size()), text.size()));
  const auto changes = changes_of(text);
  if (!changes) return "no time zone file\n";
  const long long begin = parse_utc(std::to_string(first_year) + "-01-01T00:00:00Z");
  const long long end = parse_utc(std::to_string(last_year + 1) + "-01-01T00:00:00Z");
  std::string out;
  Change before = changes->front();
  const auto tell = [&out](const Change& change) {
    out += join_words({"offset", std::to_string(change.offset), "from=" + utc_text(change.at)});
    out += '\n';
  };
  for (const Change& change : *changes) {
    if (change.at <= begin) before = change;
  }
  tell({begin, before.offset});
  for (const Change& change : *changes) {
    if (change.at > begin && change.at < end) tell(change);
  }
  return out;
}

}  // namespace hopcheck
