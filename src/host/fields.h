// Lines of words "name=value" and bare flags: how the younger answers are written.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/host.h"
#include "host/text.h"

namespace hopcheck {

/// The words of one line, looked up by name.
class Fields {
 public:
  explicit Fields(std::string_view line) : words_(split_words(line)) {}

  /// The value behind "name=", "" where there is none.
  std::string value(const std::string& name) const {
    for (const std::string& word : words_) {
      if (word.size() > name.size() && starts_with(word, name) && word[name.size()] == '=')
        return word.substr(name.size() + 1);
    }
    return {};
  }
  /// Throws std::invalid_argument where it is no number.
  long long number(const std::string& name) const {
    return parse_number(value(name), 0, INT64_MAX);
  }
  bool flag(const std::string& name) const {
    for (const std::string& word : words_) {
      if (word == name) return true;
    }
    return false;
  }
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::string> words_;
};

/// Calls `take` with every line that is not empty.
template <class Take>
void each_fields(std::string_view text, Take&& take) {
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = next_line(text, at);
    if (!line.empty()) take(Fields(line));
  }
}

}  // namespace hopcheck
