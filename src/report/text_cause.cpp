// One cause in the text report: title, evidence, fixes, why, effects.
#include <algorithm>

#include <fmt/format.h>

#include "report/text_writer.h"

namespace hopcheck {
namespace {

constexpr std::size_t kGutter = 10;       // where line numbers end
constexpr std::size_t kMostEvidence = 8;  // -v shows all
constexpr std::size_t kMostLines = 40;    // of one piece of evidence

const char* when_text(When when) {
  switch (when) {
    case When::now:
      return "";
    case When::on_reload:
      return ", on the next reload";
    case When::on_restart:
      return ", on the next restart";
    case When::on_reboot:
      return ", on the next reboot";
    case When::on_date:
      return ", on a date";
    case When::under_load:
      return ", under load";
    case When::if_attacked:
      return ", if attacked";
  }
  return "";
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  while (lines.size() > 1 && lines.back().empty()) lines.pop_back();
  return lines;
}

std::string numbered(int line, const std::string& sign) {
  const std::string number = line > 0 ? std::to_string(line) : "";
  return fmt::format("{:>{}} {} ", number, kGutter, sign);
}

void write_evidence(TextWriter& out, const std::vector<Evidence>& all) {
  if (all.empty()) return;
  const std::size_t shown = out.verbose() ? all.size() : std::min(all.size(), kMostEvidence);
  std::vector<bool> done(shown, false);
  for (std::size_t i = 0; i < shown; ++i) {
    if (done[i]) continue;
    out.paragraph("     ", out.clean(all[i].source), "       ");
    for (std::size_t k = i; k < shown; ++k) {
      if (all[k].source != all[i].source) continue;
      done[k] = true;
      std::string head = numbered(all[k].line, "|");
      auto lines = lines_of(out.clean(all[k].text, true));
      if (lines.size() > kMostLines) lines.resize(kMostLines);
      for (const auto& line : lines) {
        out.paragraph(head, line, numbered(0, "|"));
        head = numbered(0, "|");
      }
    }
  }
  if (shown < all.size())
    out.line(fmt::format("     and {} more: -v shows them", all.size() - shown));
  out.line();
}

/// A unit's line may go on behind a backslash, as it is printed then.
bool is_unit(const std::string& file) {
  return file.find("/systemd/") != std::string::npos;
}

/// False where a word is too long for that: an open quote, say.
bool write_unit_line(TextWriter& out, const std::string& head, const std::string& text) {
  const std::size_t room = out.width() - columns(numbered(1, "+"));
  const auto parts = wrap_command(text, room);
  if (std::any_of(parts.begin(), parts.end(),
                  [room](const std::string& part) { return columns(part) > room; }))
    return false;
  const std::string indent(kGutter + 3, ' ');
  std::string before = head;
  for (const auto& part : parts) {
    out.line(before + part);
    before = indent;
  }
  return true;
}

/// A line of a file with the blanks that it begins with.
void write_file_line(TextWriter& out, const std::string& file, const std::string& head,
                     const std::string& text) {
  const std::string indent(kGutter + 7, ' ');  // deeper than the text: one line, continued
  const auto first = std::min(text.find_first_not_of(' '), text.size());
  if (!is_unit(file) || !write_unit_line(out, head, text))
    out.paragraph(head + text.substr(0, first), text.substr(first), indent);
}

void write_edit_side(TextWriter& out, const Edit& edit, const std::string& sign) {
  const std::string& text = sign == "+" ? edit.add : edit.remove;
  int line = edit.line;
  if (text.empty()) return;
  for (const auto& part : lines_of(out.clean(text, true))) {
    std::string head = numbered(line, sign);
    head.replace(kGutter + 1, 1, out.coloured(sign));
    write_file_line(out, edit.file, head, part);
    if (line > 0) ++line;
  }
}

/// So that a person sees where the edit goes.
void write_neighbour(TextWriter& out, const Edit& edit, const std::vector<FixNotes::Neighbour>& all,
                     std::size_t index) {
  if (index >= all.size() || all[index].line == 0) return;
  write_file_line(out, edit.file, numbered(all[index].line, " "), out.clean(all[index].text));
}

std::string brackets(const TextWriter& out, const Fix& fix) {
  std::string text;
  if (fix.on == On::lb) text += " [at the load balancer]";
  if (fix.on == On::repo) text += " [in the source]";
  if (fix.interrupts == Interrupts::reload) text += " [reload]";
  if (fix.interrupts == Interrupts::restart) text += " [restart]";
  if (fix.lasts == Lasts::until_restart) text += " [until restart]";
  if (fix.lasts == Lasts::until_reboot) text += " [until reboot]";
  if (!fix.widens.empty()) text += fmt::format(" [lets in {}]", out.clean(fix.widens));
  return text;
}

/// The first two sentences of a page's section, as plain words.
std::string beginning(const std::string& why) {
  std::string text;
  int sentences = 0;
  for (std::size_t i = 0; i < why.size() && sentences < 2; ++i) {
    const char c = why[i];
    const char next = i + 1 < why.size() ? why[i + 1] : ' ';
    if (c == '\n' && next == '\n') break;  // a paragraph ends
    if (c == '`') continue;
    if (c == '\n' || c == ' ') {
      if (!text.empty() && text.back() != ' ') text += ' ';
      continue;
    }
    text += c;
    const bool abbreviated = text.size() >= 4 && (text.compare(text.size() - 4, 4, "e.g.") == 0 ||
                                                  text.compare(text.size() - 4, 4, "i.e.") == 0);
    if ((c == '.' || c == '?') && (next == ' ' || next == '\n') && !abbreviated) ++sentences;
  }
  return text;
}

void write_effects(TextWriter& out, const ReportedFinding& reported) {
  if (reported.explains.empty()) return;
  std::string codes;
  for (const auto& code : reported.explains) codes += (codes.empty() ? "" : ", ") + out.clean(code);
  out.paragraph("   This explains ", codes + ".", "   ");
}

}  // namespace

void write_fix(TextWriter& out, const Fix& fix, bool first, const FixNotes& notes) {
  out.paragraph(first ? "   Fix: " : "   Or: ", out.clean(fix.summary) + brackets(out, fix),
                "     ");
  if (!notes.overlap.empty()) out.paragraph("     (", out.clean(notes.overlap) + ")", "     ");
  std::string file;
  for (std::size_t i = 0; i < fix.edits.size(); ++i) {
    const Edit& edit = fix.edits[i];
    if (edit.file != file) out.paragraph("     ", out.clean(edit.file), "       ");
    file = edit.file;
    write_neighbour(out, edit, notes.above, i);
    write_edit_side(out, edit, "-");
    write_edit_side(out, edit, "+");
    write_neighbour(out, edit, notes.below, i);
  }
  for (const auto& command : fix.commands) {
    for (const auto& part : wrap_command(out.clean(command), out.width() - 5))
      out.line("     " + part);
  }
}

void write_cause(TextWriter& out, std::size_t number, const ReportedFinding& reported,
                 Severity severity) {
  const Finding& finding = reported.finding;
  const std::string name = severity_name(severity);
  out.line(fmt::format("{}. {}[{}] {}{}", number, out.coloured(name), out.clean(finding.code),
                       confidence_name(finding.confidence), when_text(finding.when)));
  out.paragraph("   ", out.clean(finding.title), "   ");
  out.line();
  if (!finding.detail.empty()) {
    for (const auto& line : lines_of(out.clean(finding.detail, true)))
      out.paragraph("   ", line, "   ");
    out.line();
  }
  write_evidence(out, finding.evidence);
  for (std::size_t i = 0; i < finding.fixes.size(); ++i) {
    write_fix(out, finding.fixes[i], i == 0,
              i < reported.fix_notes.size() ? reported.fix_notes[i] : FixNotes{});
  }
  if (!finding.fixes.empty()) out.line();
  if (!reported.why.empty()) out.paragraph("   Why: ", out.clean(beginning(reported.why)), "   ");
  write_effects(out, reported);
  out.line("   More: hopcheck explain " + out.clean(finding.code));
  out.line();
}

}  // namespace hopcheck
