// An access log, reduced: who probes, which answers fail, and after how long. Its format is the
// text of nginx's log_format.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "host/log_lines.h"
#include "host/text.h"

namespace hopcheck {
namespace {

constexpr std::size_t most_groups = 100;
constexpr std::size_t most_word = 200;
constexpr std::size_t most_paths = 8;
constexpr long bucket_ms = 100;

enum class Field {
  none,
  source,
  time,
  epoch,
  request,
  method,
  path,
  status,
  agent,
  host,
  duration
};

struct Variable {
  std::string_view name;
  Field field;
};
constexpr std::array<Variable, 15> variables{{{"remote_addr", Field::source},
                                              {"time_local", Field::time},
                                              {"time_iso8601", Field::time},
                                              {"msec", Field::epoch},
                                              {"request", Field::request},
                                              {"request_method", Field::method},
                                              {"request_uri", Field::path},
                                              {"uri", Field::path},
                                              {"document_uri", Field::path},
                                              {"status", Field::status},
                                              {"http_user_agent", Field::agent},
                                              {"http_host", Field::host},
                                              {"host", Field::host},
                                              {"request_time", Field::duration},
                                              {"", Field::none}}};

/// A variable and the text that follows it.
struct Piece {
  Field field{Field::none};
  std::string after{};
};

struct Format {
  std::string before{};
  std::vector<Piece> pieces{};

  bool has(Field field) const {
    return std::any_of(pieces.begin(), pieces.end(),
                       [&](const Piece& piece) { return piece.field == field; });
  }
  /// Two variables without anything between them cannot be told apart.
  bool divides() const {
    for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
      if (pieces[i].after.empty()) return false;
    }
    return !pieces.empty();
  }
};

Field field_of(std::string_view name) {
  for (const Variable& variable : variables) {
    if (variable.name == name) return variable.field;
  }
  return Field::none;
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

Format parse_format(std::string_view text) {
  Format format;
  std::string* literal = &format.before;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      *literal += text[at++];
      continue;
    }
    const bool braced = at + 1 < text.size() && text[at + 1] == '{';
    std::size_t end = at + (braced ? 2U : 1U);
    const std::size_t begin = end;
    while (end < text.size() && is_name(text[end])) ++end;
    format.pieces.push_back({field_of(text.substr(begin, end - begin)), {}});
    literal = &format.pieces.back().after;
    at = braced && end < text.size() ? end + 1 : end;
  }
  return format;
}

struct Line {
  std::array<std::string_view, 11> fields{};
  std::string_view operator[](Field field) const { return fields[static_cast<std::size_t>(field)]; }
};

/// Where `literal` stands next; a quote behind a backslash belongs to the value.
std::size_t find_literal(std::string_view text, std::size_t at, std::string_view literal) {
  for (at = text.find(literal, at); at != text.npos; at = text.find(literal, at + 1)) {
    std::size_t slashes = 0;
    while (literal[0] == '"' && slashes < at && text[at - slashes - 1] == '\\') ++slashes;
    if (slashes % 2 == 0) return at;
  }
  return text.npos;
}

bool parse_line(const Format& format, std::string_view text, Line& line) {
  if (!starts_with(text, format.before)) return false;
  std::size_t at = format.before.size();
  for (const Piece& piece : format.pieces) {
    const std::size_t end = piece.after.empty() ? text.size() : find_literal(text, at, piece.after);
    if (end == text.npos) return false;
    line.fields[static_cast<std::size_t>(piece.field)] = text.substr(at, end - at);
    at = end + piece.after.size();
  }
  return true;
}

/// What a request line says, or the variables that say the same.
struct Asked {
  std::string_view method{};
  std::string_view path{};
};

Asked asked_of(const Line& line) {
  std::string_view request = line[Field::request];
  Asked asked{line[Field::method], line[Field::path]};
  if (!request.empty()) {
    const auto blank = request.find(' ');
    asked.method = request.substr(0, blank);
    if (blank != request.npos) {
      request.remove_prefix(blank + 1);
      asked.path = request.substr(0, request.find(' '));
    }
  }
  asked.path = clipped(without_query(asked.path), most_word);
  asked.method = clipped(asked.method, 20);
  return asked;
}

std::optional<long long> time_of(const Line& line) {
  if (!line[Field::time].empty()) return access_log_time(line[Field::time]);
  long long seconds = 0;
  const std::string_view epoch = line[Field::epoch];
  const auto [end, error] = std::from_chars(epoch.data(), epoch.data() + epoch.size(), seconds);
  if (error != std::errc{} || seconds < 0 || seconds > 253'402'300'799) return std::nullopt;
  return seconds;
}

/// "1.234" in milliseconds, -1 where it is none.
long duration_of(const Line& line) {
  const std::string_view text = line[Field::duration];
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || !(seconds >= 0) || seconds > 1e6) return -1;
  return std::lround(seconds * 1000);
}

/// How load balancers and their like call themselves.
bool is_prober(std::string_view agent) {
  constexpr std::array<std::string_view, 8> starts{"ELB-HealthChecker/",
                                                   "GoogleHC/",
                                                   "kube-probe/",
                                                   "Load Balancer Agent",
                                                   "Edge Health Probe",
                                                   "Azure Traffic Manager",
                                                   "HAProxy",
                                                   "Amazon-Route53-Health-Check"};
  constexpr std::array<std::string_view, 2> inside{"Cloudflare-Traffic-Manager",
                                                   "Cloudflare-Healthchecks"};
  return std::any_of(starts.begin(), starts.end(),
                     [&](std::string_view known) { return starts_with(agent, known); }) ||
         std::any_of(inside.begin(), inside.end(),
                     [&](std::string_view known) { return agent.find(known) != agent.npos; });
}

std::string word(std::string_view name, std::string_view value) {
  return std::string(name) + "=" + std::string(clipped(value, most_word));
}

void append(std::vector<std::string>& words, const Tally& tally) {
  const auto counts = tally.words();
  words.insert(words.end(), counts.begin(), counts.end());
}

class AccessLog {
 public:
  explicit AccessLog(const std::string& format) : format_(parse_format(format)) {}

  void take(std::string_view text) {
    Line line;
    const bool parsed = format_.divides() && parse_line(format_, text, line);
    const auto time = parsed ? time_of(line) : std::nullopt;
    if (!time) {
      ++odd_;
      return;
    }
    if (lines_++ == 0) first_ = *time;
    last_ = *time;
    const Asked asked = asked_of(line);
    const bool prober = is_prober(line[Field::agent]);
    if (prober) add_prober(line, asked, *time);
    add_status(line, asked, prober, *time);
  }

  std::string head(bool whole) const {
    std::vector<std::string> words{"log", "lines=" + std::to_string(lines_),
                                   "odd=" + std::to_string(odd_), whole ? "whole=yes" : "whole=no"};
    if (lines_ > 0) {
      words.push_back("first=" + plain_time(first_));
      words.push_back("last=" + plain_time(last_));
    }
    if (full_) words.push_back("more-probers=yes");
    return join_words(words) + "\n";
  }

  std::string probers() const {
    std::string out;
    for (const auto& [key, group] : probers_) {
      auto words = group.words;
      append(words, group.tally);
      words.push_back("slowest=" + std::to_string(group.slowest_ms));
      out += join_words(words) + "\n";
    }
    return out;
  }

  std::string failures() const {
    std::string out;
    for (const auto& [key, group] : failures_) {
      std::vector<std::string> words{"failed",
                                     "status=" + std::to_string(key.status),
                                     key.prober ? "prober=yes" : "prober=no",
                                     "least=" + std::to_string(group.least_ms),
                                     "most=" + std::to_string(group.most_ms),
                                     "paths=" + std::to_string(group.paths.size()),
                                     word("method", group.method),
                                     word("path", group.path)};
      append(words, group.tally);
      out += join_words(words) + "\n";
    }
    return out;
  }

 private:
  struct Prober {
    std::vector<std::string> words{};
    Tally tally{};
    long slowest_ms{-1};
  };
  struct Key {
    int status{0};
    bool prober{false};
    long bucket{0};
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Failure {
    Tally tally{};
    long least_ms{0};
    long most_ms{0};
    std::set<std::string> paths{};
    std::string method{};
    std::string path{};
  };

  void add_prober(const Line& line, const Asked& asked, long long time) {
    std::vector<std::string> words{"prober",
                                   word("agent", line[Field::agent]),
                                   word("source", line[Field::source]),
                                   word("host", line[Field::host]),
                                   word("method", asked.method),
                                   word("path", asked.path),
                                   word("status", clipped(line[Field::status], 3))};
    const std::string key = join_words(words);
    full_ = full_ || (probers_.count(key) == 0 && probers_.size() >= most_groups);
    if (probers_.count(key) == 0 && probers_.size() >= most_groups) return;
    Prober& prober = probers_[key];
    prober.words = std::move(words);
    prober.tally.add(time);
    prober.slowest_ms = std::max(prober.slowest_ms, duration_of(line));
  }

  void add_status(const Line& line, const Asked& asked, bool prober, long long time) {
    int status = 0;
    const std::string_view text = line[Field::status];
    std::from_chars(text.data(), text.data() + text.size(), status);
    if (status != 499 && status != 502 && status != 504) return;
    const long ms = duration_of(line);
    const Key key{status, prober, ms < 0 ? -1 : ms / bucket_ms};
    if (failures_.count(key) == 0 && failures_.size() >= 4 * most_groups) return;
    Failure& failure = failures_[key];
    failure.least_ms = failure.tally.count == 0 ? ms : std::min(failure.least_ms, ms);
    failure.most_ms = std::max(failure.most_ms, ms);
    failure.tally.add(time);
    failure.method = asked.method;
    failure.path = asked.path;
    if (failure.paths.size() < most_paths) failure.paths.emplace(asked.path);
  }

  Format format_;
  std::size_t lines_{0};
  std::size_t odd_{0};
  bool full_{false};
  long long first_{0};
  long long last_{0};
  std::map<std::string, Prober> probers_{};
  std::map<Key, Failure> failures_{};
};

AccessLog read_log(const ByteSource& source, const std::string& format, bool& whole) {
  AccessLog log(format);
  whole = each_line(source, kMostLogBytes, [&](std::string_view line) { log.take(line); });
  return log;
}

}  // namespace

// First "log lines=… odd=… first=… last=…", then a line an LB-like client, path and answer
// ("prober"), then
// a line each tenth of a second after which requests ended in 499, 502 or 504 ("failed"). Times
// are UTC.
std::string reduce_access_log(const ByteSource& source, const std::string& format) {
  bool whole = false;
  const AccessLog log = read_log(source, format, whole);
  return log.head(whole) + log.probers() + log.failures();
}

// The probers alone: asked before any request of ours, whose lines would be among them.
std::string reduce_probers(const ByteSource& source, const std::string& format) {
  bool whole = false;
  const AccessLog log = read_log(source, format, whole);
  return log.head(whole) + log.probers();
}

}  // namespace hopcheck
