// nginx's error log, reduced to what its lines mean: counts, times, and the places they name.
#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <map>

#include "host/log_lines.h"
#include "host/text.h"

namespace hopcheck {
namespace {

constexpr std::size_t most_groups = 200;
constexpr std::size_t most_recent = 24;
constexpr std::size_t most_text = 400;
constexpr std::size_t most_word = 200;

/// A message that begins with `start` and holds both other texts means `name`.
struct Signature {
  std::string_view name;
  std::string_view start;
  std::string_view has;
  std::string_view also;
};

// In the words of nginx 1.18 to 1.28; the first that fits counts.
constexpr std::array<Signature, 45> signatures{{
    {"connect-absent", "connect() to unix:", "failed (2:", "to upstream"},
    {"connect-denied", "connect() to ", "failed (13:", "to upstream"},
    {"connect-refused", "connect() ", "failed (111:", "to upstream"},
    {"connect-queue-full", "connect() to unix:", "failed (11:", "to upstream"},
    {"connect-no-port", "connect() ", "failed (99:", "to upstream"},
    {"connect-unreachable", "connect() ", "failed (113:", "to upstream"},
    {"connect-unreachable", "connect() ", "failed (101:", "to upstream"},
    {"connect-forbidden", "connect() ", "failed (1:", "to upstream"},
    {"connect-timed-out", "upstream timed out", "while connecting to upstream", ""},
    {"read-timed-out", "upstream timed out", "while reading response header", ""},
    {"body-timed-out", "upstream timed out", "while reading upstream", ""},
    {"send-timed-out", "upstream timed out", "while sending request", ""},
    {"tls-timed-out", "upstream timed out", "SSL handshaking", ""},
    {"closed-early", "upstream prematurely closed", "while reading response header", ""},
    {"closed-in-body", "upstream prematurely closed", "while reading upstream", ""},
    {"reset-early", "recv() failed (104:", "while reading response header", ""},
    {"reset-early", "readv() failed (104:", "while reading response header", ""},
    {"reset-in-body", "recv() failed (104:", "while reading upstream", ""},
    {"reset-in-body", "readv() failed (104:", "while reading upstream", ""},
    {"no-live-upstreams", "no live upstreams", "", ""},
    {"member-ejected", "upstream server temporarily disabled", "", ""},
    {"header-too-big", "upstream sent too big header", "", ""},
    {"header-invalid", "upstream sent invalid header", "", ""},
    {"not-http", "upstream sent no valid HTTP/1.0 header", "", ""},
    {"tls-to-plain", "SSL_do_handshake() failed", "wrong version number", "to upstream"},
    {"tls-untrusted", "upstream SSL certificate", "", ""},
    {"no-resolver", "no resolver defined", "", ""},
    {"name-unresolved", "", "could not be resolved", ""},
    {"body-too-large", "client intended to send too large", "", ""},
    {"request-line-too-long", "client sent too long", "", ""},
    {"plain-on-tls", "client sent plain HTTP request to HTTPS port", "", ""},
    {"no-host-header", "client sent HTTP/1.1 request without \"Host\"", "", ""},
    {"proxy-protocol-missing", "broken header:", "", ""},
    {"access-forbidden", "access forbidden by rule", "", ""},
    {"index-forbidden", "directory index of", "is forbidden", ""},
    {"limited", "limiting ", " by zone ", ""},
    {"redirect-cycle", "rewrite or internal redirection cycle", "", ""},
    {"too-many-files", "", "(24: Too many open files)", ""},
    {"no-space", "", "(28: No space left on device)", ""},
    {"connections-exhausted", "", "worker_connections are not enough", ""},
    {"file-denied", "open() \"", "failed (13: Permission denied)", ""},
    {"file-denied", "mkdir() \"", "failed (13: Permission denied)", ""},
    {"file-absent", "open() \"", "failed (2: No such file", ""},
    {"client-left", "", "client prematurely closed connection", ""},
    {"worker-died", "worker process ", " exited on signal ", ""},
}};

const Signature* signature_of(std::string_view message) {
  const auto holds = [&](std::string_view part) {
    return part.empty() || message.find(part) != message.npos;
  };
  for (const Signature& signature : signatures) {
    if (starts_with(message, signature.start) && holds(signature.has) && holds(signature.also))
      return &signature;
  }
  return nullptr;
}

/// `text` up to `end`, which is taken away with it; all of it where `end` is not there.
std::string_view take_until(std::string_view& text, std::string_view end) {
  const auto at = text.find(end);
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + end.size());
  return head;
}

struct Line {
  long long time{0};
  std::string_view level{};
  std::string_view message{};
  std::string_view client{};
  std::string_view server{};
  std::string_view method{};
  std::string_view path{};
  std::string_view upstream{};
  std::string_view host{};
};

/// What stands between `, name: "` and the next quote; "" also where that is written twice: the
/// request, the Host and the Referer are the client's words and may look like it.
std::string_view quoted_field(std::string_view rest, std::string_view name) {
  const auto at = rest.find(name);
  if (at == rest.npos || rest.find(name, at + name.size()) != rest.npos) return {};
  rest.remove_prefix(at + name.size());
  return rest.substr(0, rest.find('"'));
}

// Fields in nginx's order: client, server, request, upstream, host, referrer.
bool parse(std::string_view text, Line& line) {
  const auto time = error_log_time(text);
  if (!time || text.size() < 22 || text[20] != '[') return false;
  line.time = *time;
  text.remove_prefix(21);
  line.level = take_until(text, "] ");
  take_until(text, ": ");  // process and thread
  if (!text.empty() && text[0] == '*') take_until(text, " ");
  std::string_view rest = text;
  line.message = take_until(rest, ", client: ");
  line.client = take_until(rest, ", server: ");
  line.server = rest.substr(0, rest.find(", request: \""));
  const auto request_at = rest.find(", request: \"");
  if (request_at == rest.npos) {
    line.server = rest.substr(0, rest.find(','));
    return true;
  }
  rest.remove_prefix(request_at);
  std::string_view request = quoted_field(rest, ", request: \"");
  line.method = take_until(request, " ");
  line.path = without_query(request.substr(0, request.find(' ')));
  line.upstream = quoted_field(rest, ", upstream: \"");
  line.host = quoted_field(rest, ", host: \"");
  return true;
}

/// "http://127.0.0.1:8000" or "/run/shop/gunicorn.sock": where it went, without the request.
std::string place_of(std::string_view upstream) {
  const auto scheme = upstream.find("://");
  if (scheme == upstream.npos) return std::string(clipped(upstream, most_word));
  const std::string_view place = upstream.substr(scheme + 3);
  if (starts_with(place, "unix:"))
    return std::string(clipped(place.substr(5, place.find(':', 5) - 5), most_word));
  return std::string(clipped(upstream.substr(0, scheme + 3 + place.find('/')), most_word));
}

/// The line without queries and the Referer.
std::string sample_of(const Line& line) {
  std::string text = plain_time(line.time);
  text[10] = ' ';
  std::replace(text.begin(), text.begin() + 10, '-', '/');
  text += " [" + std::string(line.level) + "] " + std::string(clipped(line.message, most_text));
  if (!line.client.empty()) text += ", client: " + std::string(line.client);
  if (!line.server.empty()) text += ", server: " + std::string(line.server);
  if (!line.method.empty())
    text += ", request: \"" + std::string(line.method) + " " + std::string(line.path) + "\"";
  if (!line.upstream.empty()) text += ", upstream: \"" + place_of(line.upstream) + "\"";
  if (!line.host.empty()) text += ", host: \"" + std::string(line.host) + "\"";
  return std::string(clipped(text, most_text));
}

/// 5242880 of "client intended to send too large body: 5242880 bytes", 0 where it says none.
long long bytes_of(std::string_view message) {
  constexpr std::string_view before = "body: ";
  const auto at = message.find(before);
  if (at == message.npos) return 0;
  message.remove_prefix(at + before.size());
  long long bytes = 0;
  std::from_chars(message.data(), message.data() + message.size(), bytes);
  return bytes;
}

std::string word(std::string_view name, std::string_view value) {
  return std::string(name) + "=" + std::string(clipped(value, most_word));
}

class ErrorLog {
 public:
  void take(std::string_view text) {
    Line line;
    if (!parse(text, line)) return;
    if (lines_++ == 0) first_ = line.time;
    last_ = line.time;
    const Signature* signature = signature_of(line.message);
    if (signature != nullptr) add(*signature, line);
  }

  std::string text(bool whole) const {
    std::vector<std::string> head{"log", "lines=" + std::to_string(lines_),
                                  whole ? "whole=yes" : "whole=no"};
    if (lines_ > 0) {
      head.push_back("first=" + plain_time(first_));
      head.push_back("last=" + plain_time(last_));
    }
    std::string out = join_words(head) + "\n";
    for (const auto& [key, group] : groups_) {
      auto words = group.words;
      const auto counts = group.tally.words();
      words.insert(words.end(), counts.begin(), counts.end());
      if (group.most > 0) words.push_back("most=" + std::to_string(group.most));
      words.push_back("text=" + group.sample);
      out += join_words(words) + "\n";
    }
    for (const std::string& line : recent_) out += line + "\n";
    return out;
  }

 private:
  struct Group {
    std::vector<std::string> words{};
    Tally tally{};
    std::string sample{};
    long long most{0};
  };

  void add(const Signature& signature, const Line& line) {
    const std::string upstream = place_of(line.upstream);
    std::vector<std::string> words{"said",
                                   word("what", signature.name),
                                   word("server", line.server),
                                   word("upstream", upstream),
                                   word("method", line.method),
                                   word("path", line.path)};
    std::string key = join_words(words);
    if (groups_.count(key) == 0 && groups_.size() >= most_groups) {
      words[4] = "method=";
      words[5] = "path=*";  // of many paths
      key = join_words(words);
    }
    if (groups_.count(key) == 0 && groups_.size() >= 2 * most_groups) return;
    Group& group = groups_[key];
    group.words = words;
    group.tally.add(line.time);
    group.sample = sample_of(line);
    if (signature.name == "body-too-large")
      group.most = std::max(group.most, bytes_of(line.message));
    words[0] = "line";
    words.insert(words.end(), {"at=" + plain_time(line.time), word("client", line.client),
                               word("host", line.host), "text=" + group.sample});
    recent_.push_back(join_words(words));
    if (recent_.size() > most_recent) recent_.pop_front();
  }

  std::size_t lines_{0};
  long long first_{0};
  long long last_{0};
  std::map<std::string, Group> groups_{};
  std::deque<std::string> recent_{};
};

}  // namespace

// First "log lines=… whole=… first=… last=…", then a line a group of like ones ("said"), then the
// newest ones each for itself ("line"). Times are the host's local ones.
std::string reduce_error_log(const ByteSource& source, const std::string&) {
  ErrorLog log;
  const bool whole =
      each_line(source, kMostLogBytes, [&](std::string_view line) { log.take(line); });
  return log.text(whole);
}

}  // namespace hopcheck
