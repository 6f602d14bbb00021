// What the parts of the text report share: where it is written to, and how it is to look.
#pragma once

#include <string>

#include "report/layout.h"
#include "report/report.h"

namespace hopcheck {

/// Collects the lines of a text report.
class TextWriter {
 public:
  explicit TextWriter(const TextOptions& options) : options_(options) {}

  /// Text from outside, safe to print.
  std::string clean(std::string_view text, bool keep_lines = false) const {
    return fit_for_terminal(text, options_.unicode, keep_lines);
  }
  /// `word` in the colour of its meaning ("ok", "FAIL", "warning" …), plain without colour.
  std::string coloured(const std::string& word, const std::string& meaning) const;
  std::string coloured(const std::string& word) const { return coloured(word, word); }

  void line(const std::string& text = {}) { out_ += text + '\n'; }
  void paragraph(const std::string& head, std::string_view text, const std::string& indent) {
    out_ += hopcheck::paragraph(head, text, indent, width());
  }
  std::size_t width() const { return static_cast<std::size_t>(options_.width); }
  bool verbose() const { return options_.verbosity > 0; }
  bool quiet() const { return options_.verbosity < 0; }
  std::string take() { return std::move(out_); }

 private:
  TextOptions options_;
  std::string out_{};
};

/// `pass` and the like as the text report says it: ok warn FAIL skip.
std::string status_word(const std::string& status);

/// The program, the host and with whose eyes it was looked at.
void write_head(TextWriter& out, const std::string& program, const std::string& scope,
                const decltype(Report::host)& host);
/// One way to mend it: edits, commands, and what they interrupt or open.
void write_fix(TextWriter& out, const Fix& fix, bool first, const FixNotes& notes = {});
/// One numbered cause with its evidence and fixes.
void write_cause(TextWriter& out, std::size_t number, const ReportedFinding& reported,
                 Severity severity);
/// A warning that makes requests fail now is an error to who reads of it.
Severity shown_severity(const Report& report, const ReportedFinding& cause);

/// What was not seen, and what root would add.
void write_unseen(TextWriter& out, const Report& report);
/// The LB settings that rest on defaults, with the flags that would settle them.
void write_assumed(TextWriter& out, const Report& report);
/// What the access log shows of the load balancer.
void write_observed(TextWriter& out, const Report& report);
/// What was looked at and is in order, where the fault must lie elsewhere.
void write_ruled_out(TextWriter& out, const Report& report);
/// Counts and the verdict; the verdict stands on the very last line.
void write_verdict(TextWriter& out, const Report& report);
/// The verdict's line alone.
std::string verdict_line(const Report& report);
/// -v: every setting, check and request, and where the time went.
void write_details(TextWriter& out, const Report& report);

}  // namespace hopcheck
