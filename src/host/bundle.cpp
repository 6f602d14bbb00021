// Bundles: recorded answers as one text that a person can read and nobody can forge.
#include "host/bundle.h"

#include <optional>
#include <stdexcept>

#include "host/text.h"
#include "support/usage_error.h"

namespace hopcheck {
namespace {

constexpr std::string_view format_line = "hopcheck-bundle/1";
constexpr std::string_view format_name = "hopcheck-bundle/";
constexpr std::string_view unended_line = "no line break at end";
constexpr std::size_t bundle_cap = std::size_t{256} << 20;

// Tabs stay: configurations are full of them, and they do no harm.
void append_escaped(std::string& out, std::string_view line) {
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t length = line[at] == '\t' ? 1 : printable_length(line, at);
    if (line[at] == '\\') {
      out += "\\\\";
    } else if (length == 0) {
      append_hex_escape(out, line[at]);
    } else {
      out.append(line, at, length);
    }
    at += length == 0 ? 1 : length;
  }
}

std::string unescape(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] != '\\') {
      out += line[at];
    } else if (at + 1 < line.size() && line[at + 1] == '\\') {
      out += '\\';
      at += 1;
    } else if (const auto byte = hex_escape_at(line, at)) {
      out += *byte;
      at += 3;
    } else {
      throw std::invalid_argument("a backslash is followed by neither a backslash nor xNN");
    }
  }
  return out;
}

// Takes the lines of answers one by one.
class AnswerReader {
 public:
  AnswerReader(Bundle& into, bool replace) : into_(into), replace_(replace) {}

  /// False where the line belongs to no answer. Throws std::invalid_argument.
  bool take(std::string_view line) {
    if (line.empty()) return take_blank();
    if (starts_with(line, "-- ")) return begin(std::string(line.substr(3)));
    if (answer_ == nullptr) return false;
    if (starts_with(line, "  ")) return take_text(line.substr(2));
    return take_own(line);
  }
  std::size_t count() const { return count_; }

 private:
  bool begin(const std::string& key) {
    const std::string canonical = parse_question(key).key();
    const auto [place, added] = into_.answers.try_emplace(canonical);
    if (!added && !replace_) throw std::invalid_argument("the same question twice: " + canonical);
    place->second = Answer::present("");
    answer_ = &place->second;
    blanks_ = 0;
    unended_ = false;
    ++count_;
    return true;
  }

  // Blank lines divide answers; between two lines of one they are its own, for editors strip the
  // indentation of an empty line.
  bool take_blank() {
    if (answer_ == nullptr) return false;
    ++blanks_;
    return true;
  }

  bool take_text(std::string_view line) {
    if (answer_->status != Answer::Status::present) {
      throw std::invalid_argument("text in an answer that has none");
    }
    if (unended_) throw std::invalid_argument("text after its end");
    answer_->text.append(blanks_, '\n');
    blanks_ = 0;
    answer_->text += unescape(line);
    answer_->text += '\n';
    return true;
  }

  bool take_own(std::string_view line) {
    if (line == unended_line) {
      if (unended_ || answer_->text.empty()) throw std::invalid_argument("no text before its end");
      answer_->text.pop_back();
      unended_ = true;
      return true;
    }
    if (line == "absent") {
      expect_no_text();
      *answer_ = Answer::absent();
      return true;
    }
    if (starts_with(line, "unseen ")) {
      expect_no_text();
      *answer_ = Answer::unseen(unseen_of_words(split_words(line), 1));
      return true;
    }
    if (starts_with(line, "missing ")) {
      answer_->missing.push_back(unseen_of_words(split_words(line), 1));
      return true;
    }
    return take_truncated(line);
  }

  bool take_truncated(std::string_view line) {
    constexpr std::string_view before = "truncated at ";
    constexpr std::string_view after = " bytes";
    if (!starts_with(line, before) || line.size() < before.size() + after.size() ||
        line.substr(line.size() - after.size()) != after) {
      return false;
    }
    line = line.substr(before.size(), line.size() - before.size() - after.size());
    answer_->truncated_at = static_cast<std::size_t>(parse_number(line, 1, 1LL << 62));
    return true;
  }

  void expect_no_text() const {
    if (*answer_ != Answer::present("")) throw std::invalid_argument("two answers to one question");
  }

  Bundle& into_;
  Answer* answer_{nullptr};
  std::size_t count_{0};
  std::size_t blanks_{0};
  bool replace_;
  bool unended_{false};
};

std::string place(const std::string& name, std::size_t line) {
  return name + ":" + std::to_string(line);
}

bool take(AnswerReader& reader, std::string_view line, const std::string& name,
          std::size_t number) {
  try {
    return reader.take(line);
  } catch (const std::invalid_argument& error) {
    throw UsageError(place(name, number), error.what());
  }
}

void check_format(const std::string& name, const std::string& text, std::string_view first) {
  if (first == format_line) return;
  if (starts_with(first, format_name)) {
    throw UsageError(place(name, 1), "this bundle was written by another version of hopcheck (" +
                                         printable(first.substr(0, 40)) + ")");
  }
  throw UsageError(place(name, 1),
                   text.empty() ? "is empty, not a hopcheck bundle" : "is not a hopcheck bundle");
}

std::optional<long long> end_count(std::string_view line) {
  constexpr std::string_view before = "end ";
  constexpr std::string_view after = " answers";
  if (!starts_with(line, before) || line.size() <= before.size() + after.size() ||
      line.substr(line.size() - after.size()) != after) {
    return std::nullopt;
  }
  line = line.substr(before.size(), line.size() - before.size() - after.size());
  if (line.size() > 15 || line.find_first_not_of("0123456789") != line.npos) return std::nullopt;
  return parse_number(line, 0, 1LL << 60);
}

}  // namespace

std::string write_answer(const std::string& key, const Answer& answer) {
  std::string out = "-- " + key + "\n";
  if (answer.status == Answer::Status::absent) return out + "absent\n";
  if (answer.status == Answer::Status::unseen) {
    return out + "unseen " + join_words(unseen_words(answer.why)) + "\n";
  }
  for (const Unseen& missing : answer.missing) {
    out += "missing " + join_words(unseen_words(missing)) + "\n";
  }
  if (answer.truncated_at != 0) {
    out += "truncated at " + std::to_string(answer.truncated_at) + " bytes\n";
  }
  for (std::size_t begin = 0; begin < answer.text.size();) {
    out += "  ";
    append_escaped(out, next_line(answer.text, begin));
    out += '\n';
  }
  if (!answer.text.empty() && answer.text.back() != '\n') out += std::string(unended_line) + "\n";
  return out;
}

std::string write_bundle(const Bundle& bundle) {
  std::string out = std::string(format_line) + "\nby " + printable(bundle.by) + "\n";
  for (const auto& [key, answer] : bundle.answers) out += write_answer(key, answer);
  out += "end " + std::to_string(bundle.answers.size()) + " answers\n";
  return out;
}

Bundle read_bundle(const std::string& name, const std::string& text) {
  if (text.size() > bundle_cap) throw UsageError(name, "is larger than 256 MiB");
  std::size_t begin = 0;
  check_format(name, text, next_line(text, begin));
  Bundle bundle;
  AnswerReader reader(bundle, false);
  std::size_t number = 1;
  for (bool ended = false; begin < text.size();) {
    const std::string_view line = next_line(text, begin);
    ++number;
    if (ended) {
      if (!line.empty()) throw UsageError(place(name, number), "text after the end line");
    } else if (number == 2 && starts_with(line, "by ")) {
      bundle.by = line.substr(3);
    } else if (const auto count = end_count(line)) {
      ended = true;
      if (static_cast<std::size_t>(*count) != reader.count()) {
        throw UsageError(place(name, number), "has " + std::to_string(reader.count()) +
                                                  " answers where its end line counts " +
                                                  std::to_string(*count));
      }
      if (text.find_first_not_of('\n', begin) == std::string::npos) return bundle;
    } else if (!take(reader, line, name, number)) {
      throw UsageError(place(name, number),
                       "not a line of a bundle: " + printable(line.substr(0, 60)));
    }
  }
  throw UsageError(place(name, number), "ends without its end line: it is cut short");
}

std::size_t read_answers(const std::string& name, const std::vector<std::string>& lines,
                         std::size_t line, Bundle& into) {
  AnswerReader reader(into, true);
  while (line < lines.size() && take(reader, lines[line], name, line + 1)) ++line;
  return line;
}

std::string printable(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = printable_length(text, at);
    if (length != 0) {
      out.append(text, at, length);
    } else if (text[at] == '\t') {
      out += ' ';
    } else if (text[at] == '\n' && keep_lines) {
      out += '\n';
    } else {
      append_hex_escape(out, text[at]);
    }
    at += length == 0 ? 1 : length;
  }
  return out;
}

Answer BundleHost::ask(const Question& question) {
  const std::string key = question.key();
  const auto found = bundle_.answers.find(key);
  if (found != bundle_.answers.end()) return found->second;
  return Answer::unseen(
      {Unseen::Why::not_captured,
       (key.size() > 60 ? key.substr(0, 60) + "..." : key) + ": not in the recording", ""});
}

}  // namespace hopcheck
