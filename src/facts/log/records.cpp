// Records of the log reducers.
#include "facts/log/records.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <fmt/format.h>

#include "host/tables.h"
#include "host/text.h"

namespace hopcheck::log {
namespace {

Logged logged_of(const Record& record, const std::string& file, const Zone& zone) {
  Logged logged;
  logged.what = record["what"];
  logged.server = record["server"];
  logged.upstream = record["upstream"];
  logged.method = record["method"];
  logged.path = record["path"];
  logged.file = file;
  logged.sample = record["text"];
  logged.most = record.number("most", 0);
  logged.seen = occurrences(record, zone);
  return logged;
}

LoggedLine line_of(const Record& record, const std::string& file, const Zone& zone) {
  LoggedLine line;
  line.what = record["what"];
  line.client = record["client"];
  line.method = record["method"];
  line.path = record["path"];
  line.upstream = record["upstream"];
  line.host = record["host"];
  line.file = file;
  line.text = record["text"];
  line.time = zone.utc(time_of(record["at"]));
  return line;
}

Prober prober_of(const Record& record, const std::string& file) {
  Prober prober;
  prober.agent = record["agent"];
  prober.source = record["source"];
  prober.host = record["host"];
  prober.method = record["method"];
  prober.path = record["path"];
  prober.slowest_ms = static_cast<long>(record.number("slowest", -1));
  prober.file = file;
  prober.seen = occurrences(record, {});
  prober.statuses = {{record["status"], prober.seen.count}};
  return prober;
}

Failed failed_of(const Record& record, const std::string& file) {
  Failed failed;
  failed.status = static_cast<int>(record.number("status", 0));
  failed.prober = record["prober"] == "yes";
  failed.least_ms = static_cast<long>(record.number("least", -1));
  failed.most_ms = static_cast<long>(record.number("most", -1));
  failed.paths = static_cast<std::uint64_t>(record.number("paths", 0));
  failed.method = record["method"];
  failed.path = record["path"];
  failed.file = file;
  failed.seen = occurrences(record, {});
  return failed;
}

}  // namespace

const std::string& Record::operator[](const std::string& name) const {
  static const std::string none;
  const auto found = words.find(name);
  return found == words.end() ? none : found->second;
}

long long Record::number(const std::string& name, long long otherwise) const {
  constexpr long long most = 1LL << 60;
  const std::string& text = (*this)[name];
  return text.empty() ? otherwise : parse_number(text, -most, most);
}

std::vector<Record> records(const std::string& text) {
  std::vector<Record> all;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto words = split_words(next_line(text, begin));
    if (words.empty()) continue;
    Record record;
    record.kind = words.front();
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto sign = words[i].find('=');
      if (sign == std::string::npos) throw std::invalid_argument("no name: " + words[i]);
      record.words.emplace(words[i].substr(0, sign), words[i].substr(sign + 1));
    }
    all.push_back(std::move(record));
  }
  return all;
}

long long Zone::utc(long long local) const {
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (local - change->offset >= change->from) return local - change->offset;
  }
  return changes_.empty() ? local : local - changes_.front().offset;
}

long long Zone::local(long long utc) const {
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (utc >= change->from) return utc + change->offset;
  }
  return changes_.empty() ? utc : utc + changes_.front().offset;
}

Zone parse_zone(const std::string& text) {
  std::vector<Zone::Change> changes;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto words = split_words(next_line(text, begin));
    if (words.size() != 3 || words[0] != "offset" || !starts_with(words[2], "from="))
      throw std::invalid_argument("no change of a time zone");
    changes.push_back({parse_number(words[1], -100'000, 100'000), parse_utc(words[2].substr(5))});
  }
  return Zone(std::move(changes));
}

long long time_of(const std::string& text) {
  return parse_utc(text + "Z");
}

Occurrences occurrences(const Record& record, const Zone& zone) {
  Occurrences seen;
  seen.count = static_cast<std::uint64_t>(record.number("count", 0));
  seen.first = zone.utc(time_of(record["first"]));
  seen.last = zone.utc(time_of(record["last"]));
  const std::string& times = record["times"];
  for (std::size_t begin = 0; begin < times.size();) {
    const auto end = std::min(times.find(',', begin), times.size());
    seen.times.push_back(zone.utc(time_of(times.substr(begin, end - begin))));
    begin = end + 1;
  }
  return seen;
}

ErrorLog parse_error_log(const std::string& file, const std::string& text, const Zone& zone) {
  ErrorLog log;
  for (const Record& record : records(text)) {
    if (record.kind == "log") {
      log.whole = record["whole"] == "yes";
      if (!record["first"].empty()) log.first = zone.utc(time_of(record["first"]));
    }
    if (record.kind == "said") log.groups.push_back(logged_of(record, file, zone));
    if (record.kind == "line") log.lines.push_back(line_of(record, file, zone));
  }
  return log;
}

OneAccessLog parse_access_log(const std::string& file, const std::string& text) {
  OneAccessLog one;
  one.log.files = {file};
  for (const Record& record : records(text)) {
    if (record.kind == "log") {
      one.whole = record["whole"] == "yes";
      one.more_probers = record["more-probers"] == "yes";
      one.lines = record.number("lines", 0);
      one.odd = record.number("odd", 0);
      if (!record["first"].empty()) one.log.first = time_of(record["first"]);
      if (!record["last"].empty()) one.log.last = time_of(record["last"]);
    }
    if (record.kind == "prober") one.log.probers.push_back(prober_of(record, file));
    if (record.kind == "failed") one.log.failed.push_back(failed_of(record, file));
  }
  return one;
}

void add_prober(Prober one, long long from, std::vector<Prober>& all) {
  constexpr std::size_t kMostTimes = 24;
  one.seen = one.seen.since(from);
  if (one.seen.count == 0) return;
  one.statuses.front().second = one.seen.count;
  const auto same = std::find_if(all.begin(), all.end(), [&](const Prober& other) {
    return other.agent == one.agent && other.source == one.source && other.host == one.host &&
           other.method == one.method && other.path == one.path && other.file == one.file;
  });
  if (same == all.end()) return all.push_back(std::move(one));
  same->statuses.push_back(one.statuses.front());
  same->slowest_ms = std::max(same->slowest_ms, one.slowest_ms);
  Occurrences& seen = same->seen;
  seen.count += one.seen.count;
  seen.at_least = seen.at_least || one.seen.at_least;
  seen.first = std::min(seen.first, one.seen.first);
  seen.last = std::max(seen.last, one.seen.last);
  seen.times.insert(seen.times.end(), one.seen.times.begin(), one.seen.times.end());
  std::sort(seen.times.begin(), seen.times.end());
  if (seen.times.size() > kMostTimes)
    seen.times.erase(seen.times.begin(),
                     seen.times.end() - static_cast<std::ptrdiff_t>(kMostTimes));
}

}  // namespace hopcheck::log

namespace hopcheck {

Occurrences Occurrences::since(long long from) const {
  if (count == 0 || from <= first) return *this;
  Occurrences some;
  for (const long long time : times) {
    if (time >= from) some.times.push_back(time);
  }
  some.count = some.times.size();
  if (some.count == 0) return some;
  some.first = some.times.front();
  some.last = some.times.back();
  some.at_least = at_least || (some.times.size() == times.size() && count > times.size());
  return some;
}

std::string Occurrences::text() const {
  const auto clock = [](long long time) { return utc_text(time).substr(11, 8); };
  if (count == 1) return fmt::format("once, at {} UTC", clock(last));
  if (first == last)
    return fmt::format("{}{} times, all at {} UTC", at_least ? "at least " : "", count,
                       clock(last));
  return fmt::format("{}{} times, from {} to {} UTC", at_least ? "at least " : "", count,
                     clock(first), clock(last));
}

std::string Logged::message() const {
  const auto begin = sample.find("] ");
  const std::size_t from = begin == std::string::npos ? 0 : begin + 2;
  return sample.substr(from, sample.find(", client: ", from) - from);
}

Evidence Logged::evidence() const {
  return {EvidenceKind::log, file, 0, seen.text() + ": " + message(), true};
}

Evidence LoggedLine::evidence() const {
  return {EvidenceKind::log, file, 0, text, true};
}

long long Prober::interval_s() const {
  std::vector<long long> gaps;
  for (std::size_t i = 1; i < seen.times.size(); ++i)
    gaps.push_back(seen.times[i] - seen.times[i - 1]);
  if (gaps.size() < 3) return 0;
  std::sort(gaps.begin(), gaps.end());
  return gaps[gaps.size() / 2];
}

std::string Prober::text() const {
  const long long every = interval_s();
  std::string answers;
  for (const auto& [status, times] : statuses)
    answers += fmt::format("{}{} ({})", answers.empty() ? "" : ", ", status, times);
  return fmt::format("{} from {} asked for {} {} {}{}; answers: {}", agent, source, method, path,
                     seen.text(), every > 0 ? ", every " + duration_text(every * 1000) : "",
                     answers);
}

}  // namespace hopcheck
