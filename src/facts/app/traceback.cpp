// Python tracebacks: `File "/srv/shop/shop.py", line 12, in index`, then the line itself.
#include "hopcheck/traceback.h"

#include <charconv>
#include <string_view>

#include "facts/text/words.h"

namespace hopcheck {
namespace {

bool is_own(std::string_view file) {
  if (file.empty() || file[0] == '<') return false;  // <frozen importlib._bootstrap>, <string>
  for (const std::string_view part : {"/site-packages/", "/dist-packages/", "/usr/lib/python3",
                                      "/usr/local/lib/python3", "/lib/python3."}) {
    if (file.find(part) != std::string_view::npos) return false;
  }
  // What gunicorn is told may be relative; a program of an environment's bin folder starts others.
  return file.find("/bin/") == std::string_view::npos;
}

std::optional<OwnFrame> frame_of(std::string_view text) {
  constexpr std::string_view kFile = "File \"";
  constexpr std::string_view kLine = "\", line ";
  text = trimmed(text);
  if (text.substr(0, kFile.size()) != kFile) return std::nullopt;
  text.remove_prefix(kFile.size());
  const auto end = text.find(kLine);
  if (end == std::string_view::npos) return std::nullopt;
  OwnFrame frame;
  frame.file = text.substr(0, end);
  const std::string_view number = text.substr(end + kLine.size());
  const auto [stop, error] =
      std::from_chars(number.data(), number.data() + number.size(), frame.line);
  if (error != std::errc{} || frame.line < 1) return std::nullopt;
  return frame;
}

}  // namespace

std::optional<OwnFrame> own_frame(const std::vector<std::string>& lines) {
  for (std::size_t i = lines.size(); i-- > 0;) {
    auto frame = frame_of(lines[i]);
    if (!frame || !is_own(frame->file)) continue;
    if (i + 1 < lines.size() && !frame_of(lines[i + 1])) frame->code = trimmed(lines[i + 1]);
    return frame;
  }
  return std::nullopt;
}

Evidence cite(const OwnFrame& frame) {
  return {EvidenceKind::log, frame.file, frame.line,
          frame.code.empty() ? "the exception rose here" : frame.code, true};
}

std::vector<std::string> last_run(const std::vector<std::string>& lines) {
  const auto begins = [&](std::size_t i, const char* word) { return lines[i].rfind(word, 0) == 0; };
  std::size_t start = lines.size();
  for (std::size_t i = lines.size(); i-- > 0;) {
    const bool before = begins(i, "Stopped ") || begins(i, "Failed to start ");
    if (start < lines.size() && (before || begins(i, "Started "))) break;
    // Of a service that tells when it is ready, what it says first stands before "Started".
    if (!begins(i, "Started ") && !begins(i, "Starting ")) continue;
    if (i + 1 < lines.size()) start = i;
    if (begins(i, "Starting ")) break;
  }
  if (start == lines.size()) return lines;
  return {lines.begin() + static_cast<std::ptrdiff_t>(start) + 1, lines.end()};
}

}  // namespace hopcheck
