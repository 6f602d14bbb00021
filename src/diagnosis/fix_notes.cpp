// Where the edits of fixes go, and which of them change the same line.
#include "diagnosis/fix_notes.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "model/state.h"

namespace hopcheck {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const Deployment& host, const std::string& file) {
  const auto text = text_of(host.state().host.ask(ask::read(file)), file + ": not there");
  Lines lines;
  if (!text.seen()) return lines;
  for (std::size_t begin = 0; begin < text->size();) {
    const auto end = std::min(text->find('\n', begin), text->size());
    lines.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

bool is_blank(const std::string& line) {
  return line.find_first_not_of(" \t\r") == std::string::npos;
}

/// The line over this one that has words in it.
FixNotes::Neighbour above(const Lines& lines, int line) {
  const int last = line == 0 ? static_cast<int>(lines.size()) : line - 1;
  for (int at = std::min(last, static_cast<int>(lines.size())); at > 0; --at) {
    const std::string& text = lines[static_cast<std::size_t>(at) - 1];
    if (!is_blank(text)) return {at, text};
  }
  return {};
}

/// A brace that ends some block tells no place; the line under it does.
FixNotes::Neighbour below(const Lines& lines, const Edit& edit, const std::string& over) {
  const auto first = over.find_first_not_of(" \t");
  if (edit.line < 1 || first == std::string::npos || over[first] != '}') return {};
  for (auto at = static_cast<std::size_t>(edit.line); at <= lines.size(); ++at) {
    if (!is_blank(lines[at - 1])) return {static_cast<int>(at), lines[at - 1]};
  }
  return {};
}

/// The edit before it stands there already, or its own line tells the place.
bool needs_neighbour(const Fix& fix, std::size_t index, const Lines& lines) {
  const Edit& edit = fix.edits[index];
  if (index > 0) {
    const Edit& before = fix.edits[index - 1];
    if (before.file == edit.file && before.line <= edit.line && before.line + 1 >= edit.line)
      return false;
  }
  return edit.remove.empty() || std::count(lines.begin(), lines.end(), edit.remove) > 1;
}

const Edit* same_line(const Fix& fix, const Edit& edit) {
  const auto found = std::find_if(fix.edits.begin(), fix.edits.end(), [&](const Edit& other) {
    return other.file == edit.file && other.line == edit.line && !other.remove.empty();
  });
  return found == fix.edits.end() ? nullptr : &*found;
}

bool same_edits(const Fix& one, const Fix& other) {
  return std::equal(one.edits.begin(), one.edits.end(), other.edits.begin(), other.edits.end(),
                    [](const Edit& a, const Edit& b) {
                      return a.file == b.file && a.line == b.line && a.remove == b.remove &&
                             a.add == b.add;
                    });
}

/// Whoever applies the fixes one after the other must know that this one no longer fits.
std::string overlap(const std::vector<ReportedFinding>& causes, std::size_t index, const Fix& fix) {
  for (std::size_t i = 0; i < index; ++i) {
    for (const Fix& earlier : causes[i].finding.fixes) {
      if (!fix.edits.empty() && same_edits(fix, earlier))
        return fmt::format("the same as \"{}\" of cause {}: once is enough", earlier.summary,
                           i + 1);
    }
    for (const Fix& earlier : causes[i].finding.fixes) {
      for (const Edit& edit : fix.edits) {
        if (edit.remove.empty() || same_line(earlier, edit) == nullptr) continue;
        return fmt::format(
            "\"{}\" of cause {} changes {}:{}, too: apply one of the two, then run hopcheck again",
            earlier.summary, i + 1, edit.file, edit.line);
      }
    }
  }
  return {};
}

}  // namespace

void add_fix_notes(const Deployment& host, std::vector<ReportedFinding>& causes) {
  std::map<std::string, Lines> files;
  for (std::size_t i = 0; i < causes.size(); ++i) {
    for (const Fix& fix : causes[i].finding.fixes) {
      FixNotes notes;
      for (std::size_t k = 0; k < fix.edits.size(); ++k) {
        const Edit& edit = fix.edits[k];
        const auto [file, isnew] = files.try_emplace(edit.file);
        if (isnew) file->second = lines_of(host, edit.file);
        const bool needed = needs_neighbour(fix, k, file->second);
        notes.above.push_back(needed ? above(file->second, edit.line) : FixNotes::Neighbour{});
        notes.below.push_back(edit.remove.empty()
                                  ? below(file->second, edit, notes.above.back().text)
                                  : FixNotes::Neighbour{});
      }
      notes.overlap = overlap(causes, i, fix);
      causes[i].fix_notes.push_back(std::move(notes));
    }
  }
}

}  // namespace hopcheck
