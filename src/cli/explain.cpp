// hopcheck explain: the page of one finding, as text.
#include <utility>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/values.h"
#include "diagnosis/pages.h"
#include "report/layout.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

constexpr std::size_t kWidth = 80;

std::string bold(const std::string& text, bool color) {
  return color ? "\033[1m" + text + "\033[0m" : text;
}

/// Collects a section's lines: paragraphs are wrapped, code and lists keep their lines.
class Markdown {
 public:
  explicit Markdown(bool unicode) : unicode_(unicode) {}

  std::string text(std::string_view section) {
    while (!section.empty()) {
      const auto end = section.find('\n');
      take(fit_for_terminal(section.substr(0, end), unicode_));
      section = end == std::string_view::npos ? std::string_view{} : section.substr(end + 1);
    }
    flush();
    return std::move(out_);
  }

 private:
  void take(const std::string& line) {
    if (line.rfind("```", 0) == 0) {
      flush();
      code_ = !code_;
    } else if (code_ || line.rfind("    ", 0) == 0) {
      flush();
      out_ += (code_ ? "      " : "  ") + line + "\n";
    } else if (line.empty()) {
      flush();
      out_ += "\n";
    } else {
      const bool item = line.rfind("- ", 0) == 0 || line.rfind("* ", 0) == 0;
      if (item) flush();
      if (words_.empty()) item_ = item;
      const auto first = line.find_first_not_of(' ');
      words_ += (words_.empty() ? "" : " ") + line.substr(first == std::string::npos ? 0 : first);
    }
  }
  void flush() {
    if (!words_.empty()) out_ += paragraph("  ", words_, item_ ? "    " : "  ", kWidth);
    words_.clear();
  }

  bool unicode_;
  std::string out_{};
  std::string words_{};
  bool item_{false};
  bool code_{false};
};

std::string without_ticks(std::string text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool fence = text.compare(i, 3, "```") == 0;
    if (fence) {
      plain += "```";
      i += 2;
    } else if (text[i] != '`') {
      plain += text[i];
    }
  }
  return plain;
}

std::string page_text(const CodePage& page, const std::string& check, const TextOptions& look) {
  std::string text = fmt::format("{}  ({}, {})\n", bold(page.code, look.color),
                                 severity_name(page.severity), page.hop);
  text += fmt::format("found by {}\n", check);
  if (!page.explains.empty())
    text += paragraph("explains ", fmt::format("{}", fmt::join(page.explains, ", ")), "  ", kWidth);
  const std::pair<const char*, const std::string*> sections[] = {{"What it means", &page.meaning},
                                                                 {"How it is found", &page.found},
                                                                 {"How to fix it", &page.fix},
                                                                 {"Why the fix works", &page.why}};
  for (const auto& [heading, section] : sections) {
    text += "\n" + bold(heading, look.color) + "\n" +
            Markdown(look.unicode).text(without_ticks(*section));
  }
  return text;
}

}  // namespace

int explain_command(const Options& options) {
  const std::string color = parse_word("--color", options.color, {"auto", "always", "never"});
  if (options.operand.empty())
    throw UsageError("explain", "name a finding's code; hopcheck list has them");
  const TextOptions look = text_options(color, 0);
  std::vector<std::string> known;
  std::string text;
  for (const auto& page : all_pages()) {
    for (const auto& code : page.codes) {
      known.push_back(code.code);
      if (code.code == options.operand) text = page_text(code, page.id, look);
    }
  }
  if (text.empty()) {
    throw UsageError("explain", fmt::format("no finding has the code '{}'{}", options.operand,
                                            did_you_mean(options.operand, known)));
  }
  print(text);
  return 0;
}

}  // namespace hopcheck::cli
