// What a Python file says of forwarded requests, without the rest of the file: its imports, what it
// asks of a request, and what it wraps itself in. Strings, in which secrets stand, are emptied.
#include "host/reduce_python.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace hopcheck {
namespace {

constexpr std::uint64_t most_looked_at = 256 << 10;
constexpr std::size_t most_kept = 64 << 10;
constexpr std::size_t longest_name = 40;

// A line with one of these is kept, up to where its brackets close.
constexpr std::array<std::string_view, 20> telling{
    "import",         "ProxyFix",           "wsgi_app",
    "remote_addr",    "access_route",       "is_secure",
    "_external",      "Talisman",           "SSLify",
    "request.scheme", "request.url",        "request.host",
    "base_url",       "get_remote_address", "url_scheme",
    "orwarded",       "FORWARDED",          "Real-IP",
    "ost_matching",   "SERVER_NAME"};

/// Names of headers and settings stay: they tell what is asked for, and are no secret.
bool is_known_name(std::string_view text) {
  constexpr std::array<std::string_view, 8> known{"orwarded",    "FORWARDED",      "Real-IP",
                                                  "SERVER_NAME", "TRUSTED_HOSTS",  "REMOTE_ADDR",
                                                  "HTTP_HOST",   "wsgi.url_scheme"};
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  });
  return plain && text.size() <= longest_name &&
         std::any_of(known.begin(), known.end(),
                     [&](std::string_view name) { return text.find(name) != text.npos; });
}

/// The source without comments and without what stands in its strings, line for line.
class Stripper {
 public:
  explicit Stripper(std::string_view source) : source_(source) {}

  std::string run() {
    while (at_ < source_.size()) {
      const char c = source_[at_];
      if (c == '#') {
        while (at_ < source_.size() && source_[at_] != '\n') ++at_;
      } else if (c == '"' || c == '\'') {
        string(c);
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  void string(char quote) {
    const std::string three(3, quote);
    const bool triple = source_.substr(at_, 3) == three;
    const std::string_view end = triple ? std::string_view(three) : source_.substr(at_, 1);
    at_ += end.size();
    std::string inside;
    std::string breaks;
    while (at_ < source_.size() && source_.substr(at_, end.size()) != end) {
      if (source_[at_] == '\n' && !triple) break;  // not closed: no Python, but no reason to stop
      if (source_[at_] == '\\' && at_ + 1 < source_.size()) ++at_;
      if (source_[at_] == '\n') breaks += '\n';
      inside += source_[at_++];
    }
    if (source_.substr(at_, end.size()) == end) at_ += end.size();
    out_ += '"' + (is_known_name(inside) || inside.empty() ? inside : "...") + '"' + breaks;
  }

  std::string_view source_;
  std::size_t at_{0};
  std::string out_{};
};

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::ptrdiff_t depth_step(std::string_view line) {
  std::ptrdiff_t step = 0;
  for (const char c : line) {
    if (c == '(' || c == '[' || c == '{') ++step;
    if (c == ')' || c == ']' || c == '}') --step;
  }
  return step;
}

bool is_telling(std::string_view line) {
  return std::any_of(telling.begin(), telling.end(),
                     [&](std::string_view word) { return line.find(word) != line.npos; });
}

}  // namespace

std::string reduce_python_forwarding(const ByteSource& source, const std::string& /*format*/) {
  std::string bytes(static_cast<std::size_t>(std::min(source.size, most_looked_at)), '\0');
  bytes.resize(std::min(source.read(0, bytes.data(), bytes.size()), bytes.size()));
  const std::string stripped = Stripper(bytes).run();
  std::string out;
  std::ptrdiff_t open = 0;
  std::size_t number = 0;
  for (std::string_view line : lines_of(stripped)) {
    ++number;
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (open <= 0 && !is_telling(line)) continue;
    open = std::max<std::ptrdiff_t>(open, 0) + depth_step(line);
    out += std::to_string(number) + " ";
    out += line;
    out += '\n';
    if (out.size() > most_kept) break;
  }
  if (out.size() > most_kept || source.size > most_looked_at) out += "0 truncated\n";
  return out;
}

}  // namespace hopcheck
