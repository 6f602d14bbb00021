// The command lines of units: extract_first_word and replace_env_argv of systemd.
#include "facts/systemd/exec_line.h"

#include <algorithm>
#include <array>

namespace hopcheck {
namespace {

constexpr std::string_view blanks = " \t\r\n";

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// Exactly `count` digits of `base` at `at`, as one byte; false where there are fewer.
bool append_code(std::string_view text, std::size_t& at, int base, std::size_t count,
                 std::string& word) {
  int code = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (at + i >= text.size() || digit_of(text[at + i]) >= base) return false;
    code = code * base + digit_of(text[at + i]);
  }
  if (code == 0 || code > 255) return false;
  at += count;
  word += static_cast<char>(static_cast<unsigned char>(code));
  return true;
}

// `at` stands after the backslash. What is no escape keeps its backslash.
void append_escape(std::string_view text, std::size_t& at, std::string& word) {
  static constexpr std::string_view letters = "abfnrtvs\\\"'";
  static constexpr std::string_view values = "\a\b\f\n\r\t\v \\\"'";
  const char c = text[at];
  if (const auto known = letters.find(c); known != std::string_view::npos) {
    word += values[known];
    ++at;
    return;
  }
  std::size_t after = at + 1;
  if (c == 'x' && append_code(text, after, 16, 2, word)) {
    at = after;
    return;
  }
  if (append_code(text, at, 8, 3, word)) return;
  word += '\\';
  word += c;
  ++at;
}

// One word beginning at `at`; false where a quote stays open.
bool read_word(std::string_view text, std::size_t& at, std::string& word) {
  char quote = '\0';
  while (at < text.size()) {
    const char c = text[at];
    if (c == '\\' && at + 1 < text.size()) {
      append_escape(text, ++at, word);
    } else if (quote != '\0' ? c == quote : c == '"' || c == '\'') {
      quote = quote == '\0' ? c : '\0';
      ++at;
    } else if (quote == '\0' && blanks.find(c) != std::string_view::npos) {
      break;
    } else {
      word += c;
      ++at;
    }
  }
  return quote == '\0';
}

struct Split {
  std::vector<std::string> words{};
  bool whole{true};
};

Split split(std::string_view text, bool commands) {
  Split result;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(blanks, at)) != std::string_view::npos) {
    const std::string_view raw = text.substr(at, text.find_first_of(blanks, at) - at);
    if (commands && raw == ";") break;
    std::string word;
    if (commands && raw == "\\;") {
      word = ";";
      at += 2;
    } else if (!read_word(text, at, word)) {
      result.whole = false;
      break;
    }
    result.words.push_back(std::move(word));
  }
  return result;
}

bool is_name(std::string_view text) {
  const auto part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && (text[0] < '0' || text[0] > '9') &&
         std::all_of(text.begin(), text.end(), part);
}

// Variables that systemd itself may set for a service.
bool is_set_by_systemd(std::string_view name) {
  static constexpr std::array<std::string_view, 16> names{"PATH",
                                                          "LANG",
                                                          "USER",
                                                          "LOGNAME",
                                                          "HOME",
                                                          "SHELL",
                                                          "INVOCATION_ID",
                                                          "RUNTIME_DIRECTORY",
                                                          "STATE_DIRECTORY",
                                                          "CACHE_DIRECTORY",
                                                          "LOGS_DIRECTORY",
                                                          "CONFIGURATION_DIRECTORY",
                                                          "CREDENTIALS_DIRECTORY",
                                                          "MAINPID",
                                                          "LISTEN_FDS",
                                                          "LISTEN_PID"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Expander {
 public:
  Expander(const std::map<std::string, std::string>& variables, bool all_known)
      : variables_(variables), all_known_(all_known) {}

  // Null: it stays as it stands.
  const std::string* value(std::string_view name) const {
    static const std::string empty;
    const auto known = variables_.find(std::string(name));
    if (is_set_by_systemd(name)) return nullptr;
    if (known != variables_.end()) return all_known_ ? &known->second : nullptr;
    return all_known_ ? &empty : nullptr;
  }

  std::string inside(const std::string& word) const {
    std::string out;
    for (std::size_t at = 0; at < word.size();) {
      const auto end = word.find('}', at);
      const bool braces = word.substr(at, 2) == "${" && end != std::string::npos;
      const std::string name = braces ? word.substr(at + 2, end - at - 2) : "";
      const std::string* known = is_name(name) ? value(name) : nullptr;
      if (known != nullptr) {
        out += *known;
        at = end + 1;
      } else if (word.substr(at, 2) == "$$") {
        out += '$';
        at += 2;
      } else {
        out += word[at++];
      }
    }
    return out;
  }

 private:
  const std::map<std::string, std::string>& variables_;
  bool all_known_;
};

}  // namespace

std::vector<std::string> systemd_words(std::string_view text) {
  Split result = split(text, false);
  return result.whole ? std::move(result.words) : std::vector<std::string>{};
}

ExecLine exec_line(std::string_view text) {
  ExecLine line;
  Split result = split(text, true);
  if (!result.whole || result.words.empty()) return line;
  std::string& first = result.words.front();
  const auto begin = std::min(first.find_first_not_of("-@:+!|"), first.size());
  line.prefixes = first.substr(0, begin);
  first.erase(0, begin);
  line.program = first;
  line.argv = std::move(result.words);
  if (line.prefixes.find('@') != std::string::npos) line.argv.erase(line.argv.begin());
  return line;
}

std::vector<std::string> expand_variables(const std::vector<std::string>& words,
                                          const std::map<std::string, std::string>& variables,
                                          bool all_known) {
  const Expander expander(variables, all_known);
  std::vector<std::string> out;
  for (const std::string& word : words) {
    const std::string* known = word.size() > 1 && word[0] == '$' && is_name(word.substr(1))
                                   ? expander.value(word.substr(1))
                                   : nullptr;
    if (known == nullptr) {
      out.push_back(expander.inside(word));
      continue;
    }
    for (std::string& part : split(*known, false).words) out.push_back(std::move(part));
  }
  return out;
}

}  // namespace hopcheck
