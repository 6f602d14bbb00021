// Parts of a text that are secret by their form: passwords in URLs, private keys.
#include "host/secret_spans.h"

#include <algorithm>

namespace hopcheck {
namespace {

bool is_base64(char c) {
  return is_name_char(c) || c == '+' || c == '/' || c == '=';
}

// Overwrites the long runs of base64 in a line of a key; false where it has none.
bool take_key_line(std::string_view text, Span line, std::vector<Span>& out) {
  constexpr std::size_t long_run = 20;
  bool found = false;
  std::size_t blanks = 0;
  for (std::size_t at = line.begin; at < line.end;) {
    std::size_t end = at;
    while (end < line.end && is_base64(text[end])) ++end;
    const bool all = end - at + blanks >= line.end - line.begin && end > at;
    if (end - at >= long_run || all) {
      out.push_back({at, end});
      found = true;
    }
    if (end < line.end && (text[end] == ' ' || text[end] == '\t' || text[end] == '\r')) ++blanks;
    at = end + 1;
  }
  return found;
}

bool belongs_to_key(std::string_view line) {
  return line.find_first_not_of(" \t\r\"',\\") == line.npos ||
         line.find("Proc-Type") != line.npos || line.find("DEK-Info") != line.npos;
}

}  // namespace

void find_in_urls(std::string_view text, std::vector<Span>& out) {
  for (std::size_t at = text.find("://"); at != text.npos; at = text.find("://", at)) {
    at += 3;
    const std::size_t end = std::min(text.find_first_of("/ \t\r\n\"'`?#;,<>", at), text.size());
    const std::size_t sign = text.substr(at, end - at).rfind('@');
    if (sign != text.npos) {
      const std::string_view user = text.substr(at, sign);
      const std::size_t colon = user.find(':');
      constexpr std::size_t long_enough_for_a_token = 16;
      if (colon != user.npos && colon + 1 < user.size()) out.push_back({at + colon + 1, at + sign});
      if (colon == user.npos && user.size() >= long_enough_for_a_token)
        out.push_back({at, at + sign});
    }
    at = end;
  }
}

void find_keys(std::string_view text, std::vector<Span>& out) {
  constexpr std::string_view begin_mark = "-----BEGIN ";
  constexpr std::string_view end_mark = "-----END ";
  constexpr int most_lines = 400;
  for (std::size_t at = text.find(begin_mark); at != text.npos; at = text.find(begin_mark, at)) {
    at += begin_mark.size();
    Span line{at, std::min(text.find('\n', at), text.size())};
    const std::size_t label =
        text.substr(at, std::min<std::size_t>(line.end - at, 80)).find("PRIVATE KEY");
    if (label == text.npos) continue;
    line.begin = std::min(at + label + std::string_view("PRIVATE KEY-----").size(), line.end);
    for (int lines = 0; lines < most_lines; ++lines) {
      const std::string_view rest = text.substr(line.begin, line.end - line.begin);
      const std::size_t end = rest.find(end_mark);
      if (end != rest.npos) line.end = line.begin + end;
      const bool taken = take_key_line(text, line, out);
      at = line.end;
      if (end != rest.npos || line.end >= text.size() ||
          (lines > 0 && !taken && !belongs_to_key(rest)))
        break;
      line = {line.end + 1, std::min(text.find('\n', line.end + 1), text.size())};
    }
  }
}

}  // namespace hopcheck
