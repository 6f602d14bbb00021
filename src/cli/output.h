// Where things are written to: standard output, files, the terminal.
#pragma once

#include <string>

#include "report/report.h"

namespace hopcheck::cli {

/// To standard output; a closed pipe is no error, a full disk is. Throws UsageError.
void print(const std::string& text);
/// One line to standard error.
void note(const std::string& text);

/// Writes a file with mode 0600, whole or not at all: a temporary file beside it is renamed, so
/// that a link planted there is replaced and never followed. Throws UsageError.
void write_file(const std::string& path, const std::string& text);
/// Throws UsageError where `path` could not be written; tried before a long run, not after it.
void require_writable(const std::string& path);

/// How text is shown on standard output; `color` is auto, always or never.
TextOptions text_options(const std::string& color, int verbosity);

/// One line on standard error that is rewritten, and erased at the end; only on a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  ~ProgressLine() { erase(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const std::string& text);
  void erase();

 private:
  bool active_{false};
  bool shown_{false};
  unsigned turns_{0};
};

}  // namespace hopcheck::cli
