// What the machine itself has left.
#include "hopcheck/limits.h"

#include <fmt/format.h>

#include "host/resource_text.h"
#include "model/state.h"

namespace hopcheck {

bool FileSystem::full() const {
  // So little that the next log line or upload does not fit; a file system may be tiny on purpose.
  constexpr std::uint64_t kNothing = 64 << 10;
  return !read_only && size > 0 && (free == 0 || (free < kNothing && free < size / 1000));
}

bool FileSystem::given_up() const {
  const auto has_ro = [](const std::string& options) {
    return ("," + options + ",").find(",ro,") != std::string::npos;
  };
  return read_only && !mounted_as.empty() && !has_ro(mounted_as) && has_ro(file_system_as);
}

bool FileSystem::out_of_inodes() const {
  return !read_only && inodes > 0 && inodes_free == 0 && !full();
}

Fact<FileSystem> file_system(const Deployment& host, const std::string& path) {
  return decoded<FileSystem>(host.state().host.ask(ask::space(path)), path, decode_space);
}

Fact<Partial<LargeFile>> largest_files(const Deployment& host, const std::string& folder) {
  const Answer answer = host.state().host.ask(ask::largest(folder));
  return decoded<Partial<LargeFile>>(answer, "what takes the room", [&](const std::string& text) {
    return Partial<LargeFile>(decode_largest(text), answer.missing);
  });
}

Fact<Partial<OpenFiles>> open_files(const Deployment& host) {
  const Answer answer = host.state().host.ask(ask::descriptors());
  return decoded<Partial<OpenFiles>>(
      answer, "the descriptors of processes", [&](const std::string& text) {
        return Partial<OpenFiles>(decode_descriptors(text), answer.missing);
      });
}

Fact<long> open_sockets(const Deployment& host, int pid) {
  return decoded<long>(host.state().host.ask(ask::sockets(pid)),
                       fmt::format("the sockets of process {}", pid), decode_sockets);
}

std::string size_text(std::uint64_t bytes) {
  constexpr double kStep = 1024;
  const auto value = static_cast<double>(bytes);
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  if (value < kStep * kStep) return fmt::format("{:.0f} KiB", value / kStep);
  if (value < kStep * kStep * kStep) return fmt::format("{:.1f} MiB", value / kStep / kStep);
  return fmt::format("{:.1f} GiB", value / kStep / kStep / kStep);
}

}  // namespace hopcheck
