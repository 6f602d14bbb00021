// Pure functions that make little of much.
#include "host/reducers.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/crypto.h>

#include "host/certificate_text.h"
#include "host/log_lines.h"
#include "host/reduce_flask.h"
#include "host/reduce_python.h"
#include "host/reduce_words.h"

namespace hopcheck {
namespace {

constexpr std::size_t most_lines = 160;  // several tracebacks of a server that gives up
constexpr std::size_t most_line_bytes = 2000;
constexpr std::uint64_t most_looked_at = 4 << 20;
constexpr std::uint64_t chunk = 65536;

// The file's end with at least one line break more than lines wanted, or as much as we look at.
std::string tail(const ByteSource& source, bool& from_begin) {
  std::string text;
  std::uint64_t at = source.size;
  std::ptrdiff_t breaks = 0;
  while (at > 0 && breaks <= static_cast<std::ptrdiff_t>(most_lines) &&
         text.size() < most_looked_at) {
    const std::uint64_t size = std::min(at, chunk);
    std::string part(static_cast<std::size_t>(size), '\0');
    // A file that shrinks meanwhile just has less.
    part.resize(std::min(source.read(at - size, part.data(), part.size()), part.size()));
    at -= size;
    breaks += std::count(part.begin(), part.end(), '\n');
    text.insert(0, part);
  }
  from_begin = at == 0;
  return text;
}

std::string last_lines(const ByteSource& source, const std::string&) {
  bool from_begin = false;
  std::string text = tail(source, from_begin);
  // A line of which only the end was read is left out, unless it is all there is.
  const std::size_t first_break = text.find('\n');
  if (!from_begin && first_break != std::string::npos && first_break + 1 < text.size()) {
    text.erase(0, first_break + 1);
  }
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.empty()) return "";
  std::size_t end_of_line = text.size();
  std::size_t begin = 0;
  for (std::size_t lines = 0; lines < most_lines; ++lines) {
    end_of_line = end_of_line == 0 ? std::string::npos : text.rfind('\n', end_of_line - 1);
    begin = end_of_line == std::string::npos ? 0 : end_of_line + 1;
    if (begin == 0) break;
  }
  std::string out;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out.append(text, begin, std::min(end - begin, most_line_bytes));
    out += '\n';
    begin = end + 1;
  }
  return out;
}

// No certificate or key is larger; a file may be anything.
constexpr std::uint64_t most_pem = 1 << 20;

std::string beginning(const ByteSource& source, std::uint64_t most) {
  std::string text(static_cast<std::size_t>(std::min(source.size, most)), '\0');
  text.resize(std::min(source.read(0, text.data(), text.size()), text.size()));
  return text;
}

std::string certificates(const ByteSource& source, const std::string&) {
  return encode_certificates(certificates_of(beginning(source, most_pem)));
}

std::string public_key(const ByteSource& source, const std::string&) {
  std::string text = beginning(source, most_pem);
  const std::string hash = public_key_of(text);
  // The key must not be found in what this memory is used for next.
  OPENSSL_cleanse(text.data(), text.size());
  return hash.empty() ? "" : hash + "\n";
}

}  // namespace

Reducer find_reducer(const std::string& name) {
  constexpr std::array<std::pair<const char*, Reducer>, 10> reducers{
      {{"last-lines-160", last_lines},
       {"certificates-1", certificates},
       {"public-key-1", public_key},
       {"nginx-error-log-1", reduce_error_log},
       {"access-log-1", reduce_access_log},
       {"probers-1", reduce_probers},
       {"flask-1", reduce_flask},
       {"lines-with-1", reduce_lines_with},
       {"python-forwarding-1", reduce_python_forwarding},
       {"time-zone-1", reduce_time_zone}}};
  for (const auto& [known, reducer] : reducers) {
    if (name == known) return reducer;
  }
  return nullptr;
}

}  // namespace hopcheck
