// Reads a configuration some times over; for profiles and for what the reader alone can do.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "facts/nginx/parse.h"
#include "facts/nginx/site.h"
#include "host/live.h"
#include "host/recorder.h"

using namespace hopcheck;

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "nginx_read_driver NGINX_CONF [TIMES [parse]]\n");
    return 2;
  }
  const std::string path = argv[1];
  const bool parse_only = argc > 3;
  const int times = argc > 2 ? std::atoi(argv[2]) : 1;
  Deadline deadline(600'000);
  const auto host = make_live_host(deadline);
  // Asked once, as a run does: from the second time on, what is measured is the reader alone.
  Recorder asked(*host);
  const nginx::Reader reader = nginx::reader_of(asked);
  for (int i = 0; i < times; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    const nginx::Config config =
        nginx::parse(path, path.substr(0, path.rfind('/')), reader);
    const auto parsed = std::chrono::steady_clock::now();
    const auto site = parse_only ? Fact<nginx::Site>(nginx::Site{}) : nginx::understand(config);
    const auto understood = std::chrono::steady_clock::now();
    std::size_t bytes = 0;
    for (const auto& text : config.storage) bytes += text->size();
    const double seconds = std::chrono::duration<double>(parsed - begun).count();
    std::printf("%zu files, %zu directives, %.1f MB: parse %.1f ms (%.0f MB/s), site %.1f ms, %zu problems\n",
                config.files.size(), config.nodes.size(), static_cast<double>(bytes) / 1e6,
                seconds * 1e3, static_cast<double>(bytes) / 1e6 / seconds,
                std::chrono::duration<double>(understood - parsed).count() * 1e3,
                config.problems.size());
    if (!site.seen()) return 1;
  }
  return 0;
}
