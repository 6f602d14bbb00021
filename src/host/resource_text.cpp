// What is left of the machine's resources, as text and back.
#include "host/resource_text.h"

#include <climits>

#include "host/fields.h"

namespace hopcheck {

std::string encode_space(const FileSystem& system) {
  std::vector<std::string> words{"mount=" + system.mount,
                                 "type=" + system.type,
                                 "size=" + std::to_string(system.size),
                                 "free=" + std::to_string(system.free),
                                 "inodes=" + std::to_string(system.inodes),
                                 "inodes-free=" + std::to_string(system.inodes_free)};
  if (system.read_only) {
    words.emplace_back("read-only");
    if (!system.device.empty()) words.push_back("device=" + system.device);
    if (!system.mounted_as.empty()) words.push_back("mounted-as=" + system.mounted_as);
    if (!system.file_system_as.empty()) words.push_back("file-system-as=" + system.file_system_as);
  }
  return join_words(words) + "\n";
}

FileSystem decode_space(const std::string& text) {
  FileSystem system;
  each_fields(text, [&](const Fields& fields) {
    system.mount = fields.value("mount");
    system.type = fields.value("type");
    system.read_only = fields.flag("read-only");
    system.device = fields.value("device");
    system.mounted_as = fields.value("mounted-as");
    system.file_system_as = fields.value("file-system-as");
    system.size = static_cast<std::uint64_t>(fields.number("size"));
    system.free = static_cast<std::uint64_t>(fields.number("free"));
    system.inodes = static_cast<std::uint64_t>(fields.number("inodes"));
    system.inodes_free = static_cast<std::uint64_t>(fields.number("inodes-free"));
  });
  if (system.mount.empty()) throw std::invalid_argument("a file system without a mount");
  return system;
}

std::string encode_largest(const std::vector<LargeFile>& files) {
  std::string text;
  for (const LargeFile& file : files)
    text += join_words({"bytes=" + std::to_string(file.bytes), "path=" + file.path}) + "\n";
  return text;
}

std::vector<LargeFile> decode_largest(const std::string& text) {
  std::vector<LargeFile> files;
  each_fields(text, [&](const Fields& fields) {
    files.push_back({fields.value("path"), static_cast<std::uint64_t>(fields.number("bytes"))});
  });
  return files;
}

std::string encode_descriptors(const std::vector<OpenFiles>& processes) {
  std::string text;
  for (const OpenFiles& process : processes) {
    text += "pid=" + std::to_string(process.pid) + " used=" + std::to_string(process.used) +
            " limit=" + std::to_string(process.limit) + "\n";
  }
  return text;
}

std::vector<OpenFiles> decode_descriptors(const std::string& text) {
  std::vector<OpenFiles> processes;
  each_fields(text, [&](const Fields& fields) {
    if (fields.number("pid") > INT_MAX) throw std::invalid_argument("no process has that number");
    processes.push_back({static_cast<int>(fields.number("pid")),
                         static_cast<long>(fields.number("used")),
                         static_cast<long>(fields.number("limit"))});
  });
  return processes;
}

long decode_sockets(const std::string& text) {
  long sockets = -1;
  each_fields(text,
              [&](const Fields& fields) { sockets = static_cast<long>(fields.number("sockets")); });
  if (sockets < 0) throw std::invalid_argument("no number of sockets");
  return sockets;
}

}  // namespace hopcheck
