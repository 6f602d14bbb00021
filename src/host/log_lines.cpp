// Lines of a log's end, times as logs write them.
#include "host/log_lines.h"

#include <algorithm>
#include <array>

#include "host/tables.h"

namespace hopcheck {
namespace {

constexpr std::size_t chunk = 262'144;
constexpr std::size_t most_line = 16'384;
constexpr std::size_t most_times = 24;

// -1 where it is no number of exactly these digits.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (text.size() < at + count) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// Days since 1970 of a date of the Gregorian calendar (Howard Hinnant, days_from_civil).
long long days_of(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int era = y / 400;
  const int of_era = y - era * 400;
  const int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
  return static_cast<long long>(era) * 146'097 + days - 719'468;
}

std::optional<long long> seconds_of(int year, int month, int day, std::string_view clock) {
  const int hour = digits(clock, 0, 2);
  const int minute = digits(clock, 3, 2);
  const int second = digits(clock, 6, 2);
  const bool fits = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
                    hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 &&
                    second <= 60 && clock[2] == ':' && clock[5] == ':';
  if (!fits) return std::nullopt;
  return days_of(year, month, day) * 86'400 + hour * 3600 + minute * 60 + second;
}

// "+0100", "+01:00", "Z" in seconds east of Greenwich.
std::optional<long long> zone_of(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() < 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int hours = digits(text, 1, 2);
  const int minutes = digits(text, text[3] == ':' ? 4 : 3, 2);
  if (hours < 0 || minutes < 0) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

int month_of(std::string_view name) {
  constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? 0 : static_cast<int>(found - names.begin()) + 1;
}

}  // namespace

bool each_line(const ByteSource& source, std::uint64_t most,
               const std::function<void(std::string_view)>& take) {
  std::uint64_t at = source.size > most ? source.size - most : 0;
  const bool whole = at == 0;
  bool skip = !whole;  // the line of which only the end is read
  std::string text;
  std::string part(chunk, '\0');
  while (at < source.size) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, source.size - at));
    const std::size_t got = std::min(source.read(at, part.data(), wanted), wanted);
    if (got == 0) break;  // cut short meanwhile
    at += got;
    text.append(part, 0, got);
    std::size_t begin = 0;
    for (auto end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
      const auto line = std::string_view(text).substr(begin, end - begin);
      if (!skip) take(line.substr(0, most_line));
      skip = false;
      begin = end + 1;
    }
    text.erase(0, begin);
    if (text.size() > most_line + chunk) text.resize(most_line);
  }
  if (!text.empty() && !skip) take(std::string_view(text).substr(0, most_line));
  return whole;
}

void Tally::add(long long time) {
  first = count == 0 ? time : std::min(first, time);
  last = count == 0 ? time : std::max(last, time);
  ++count;
  if (times.size() == most_times) times.erase(times.begin());
  times.push_back(time);
}

std::vector<std::string> Tally::words() const {
  std::string all;
  for (const long long time : times) all += (all.empty() ? "" : ",") + plain_time(time);
  return {"count=" + std::to_string(count), "first=" + plain_time(first),
          "last=" + plain_time(last), "times=" + all};
}

std::optional<long long> error_log_time(std::string_view line) {
  if (line.size() < 19 || line[4] != '/' || line[7] != '/' || line[10] != ' ') return std::nullopt;
  return seconds_of(digits(line, 0, 4), digits(line, 5, 2), digits(line, 8, 2), line.substr(11, 8));
}

std::optional<long long> access_log_time(std::string_view text) {
  if (text.size() < 20) return std::nullopt;
  const bool iso = text[4] == '-';
  const auto local = iso ? seconds_of(digits(text, 0, 4), digits(text, 5, 2), digits(text, 8, 2),
                                      text.substr(11, 8))
                         : seconds_of(digits(text, 7, 4), month_of(text.substr(3, 3)),
                                      digits(text, 0, 2), text.substr(12, 8));
  const auto zone = zone_of(iso ? text.substr(19) : text.substr(21));
  if (!local || !zone) return std::nullopt;
  return *local - *zone;
}

std::string plain_time(long long seconds) {
  std::string text = utc_text(seconds);
  text.pop_back();  // the Z: which zone it is, is another question
  return text;
}

std::string_view clipped(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xc0U) == 0x80U) --most;
  return text.substr(0, most);
}

std::string_view without_query(std::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

}  // namespace hopcheck
