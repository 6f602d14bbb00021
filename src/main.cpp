// hopcheck: names why a web deployment is down.
#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/commands.h"
#include "host/bundle.h"
#include "support/usage_error.h"

namespace {

constexpr int kUsage = 2;
constexpr int kUnknown = 3;  // our own fault: nothing can be said of the host

int fail(const char* what, int code) {
  std::fprintf(stderr, "hopcheck: %s\n", hopcheck::printable(what).c_str());
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return hopcheck::cli::main_of({argv + (argc > 0 ? 1 : 0), argv + argc});
  } catch (const hopcheck::UsageError& error) {
    return fail(error.what(), kUsage);
  } catch (const std::exception& error) {
    return fail((std::string("internal error: ") + error.what()).c_str(), kUnknown);
  }
}
