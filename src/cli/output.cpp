// Where things are written to.
#include "cli/output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "report/layout.h"
#include "support/usage_error.h"

namespace hopcheck::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// As setlocale() would choose, without needing that the locale is installed.
bool utf8_terminal() {
  std::string locale = variable("LC_ALL");
  if (locale.empty()) locale = variable("LC_CTYPE");
  if (locale.empty()) locale = variable("LANG");
  std::transform(locale.begin(), locale.end(), locale.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return locale.find("UTF-8") != std::string::npos || locale.find("UTF8") != std::string::npos;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

void print(const std::string& text) {
  if (write_all(STDOUT_FILENO, text) || errno == EPIPE) return;
  throw UsageError("standard output", std::strerror(errno));
}

void note(const std::string& text) {
  const std::string line = "hopcheck: " + text + "\n";
  write_all(STDERR_FILENO, line);  // where it cannot be said, nothing can be done
}

void require_writable(const std::string& path) {
  if (access(folder_of(path).c_str(), W_OK | X_OK) != 0)
    throw UsageError(path, std::strerror(errno));
}

void write_file(const std::string& path, const std::string& text) {
  std::string temporary = folder_of(path) + "/.hopcheck-XXXXXX";
  const int fd = mkostemp(temporary.data(), O_CLOEXEC);  // exclusive, 0600
  if (fd < 0) throw UsageError(path, std::strerror(errno));
  bool written = write_all(fd, text);
  int error = errno;
  if (close(fd) != 0 && written) {
    written = false;
    error = errno;
  }
  if (written && std::rename(temporary.c_str(), path.c_str()) == 0) return;
  if (written) error = errno;
  unlink(temporary.c_str());
  throw UsageError(path, std::strerror(error));
}

TextOptions text_options(const std::string& color, int verbosity) {
  TextOptions options;
  const bool capable =
      isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  options.color = color == "always" || (color == "auto" && capable);
  options.unicode = utf8_terminal();
  options.verbosity = verbosity;
  return options;
}

ProgressLine::ProgressLine(bool wanted)
    : active_(wanted && isatty(STDERR_FILENO) == 1 && variable("TERM") != "dumb") {}

void ProgressLine::show(const std::string& text) {
  if (!active_) return;
  constexpr std::string_view kTurns = "|/-\\";
  std::string line = fit_for_terminal(text, false);
  line.resize(std::min<std::size_t>(line.size(), 76));
  write_all(STDERR_FILENO, fmt::format("\r\033[K{} {}", kTurns[turns_++ % kTurns.size()], line));
  shown_ = true;
}

void ProgressLine::erase() {
  if (shown_) write_all(STDERR_FILENO, "\r\033[K");
  shown_ = false;
}

}  // namespace hopcheck::cli
