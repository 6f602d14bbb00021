// Which line mounts a file system: one of /etc/fstab, or the options of a mount unit.
#include <optional>

#include <fmt/format.h>

#include "hopcheck/limits.h"
#include "hopcheck/lines.h"
#include "model/state.h"

namespace hopcheck {
namespace {

constexpr int kMostLines = 500;

/// Where a word of a line begins, after `skip` other words.
std::size_t begin_of_word(const std::string& line, int skip) {
  std::size_t at = line.find_first_not_of(" \t");
  for (; skip > 0 && at != std::string::npos; --skip)
    at = line.find_first_not_of(" \t", line.find_first_of(" \t", at));
  return at;
}

std::string word_at(const std::string& line, std::size_t begin) {
  if (begin == std::string::npos) return {};
  return line.substr(begin, line.find_first_of(" \t", begin) - begin);
}

/// "var-log-nginx.mount" for /var/log/nginx: systemd.unit(5), string escaping.
std::string unit_of(const std::string& mount) {
  if (mount == "/") return "-.mount";
  std::string name;
  for (std::size_t i = 1; i < mount.size(); ++i) {
    const char c = mount[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == ':' || c == '_' || (c == '.' && i > 1);
    if (c == '/')
      name += '-';
    else if (plain)
      name += c;
    else
      name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return name + ".mount";
}

/// The line of `file` whose options begin where `options` says; nothing where none does.
template <class Find>
Fact<std::optional<MountLine>> search(const Deployment& host, const std::string& file,
                                      const Find& options) {
  for (int number = 1; number < kMostLines; ++number) {
    const auto line = line_of(host, file, number);
    if (!line.seen()) {
      if (number == 1 && line.unseen().why != Unseen::Why::not_installed) return line.unseen();
      return std::optional<MountLine>{};
    }
    const std::size_t begin = options(*line);
    if (begin == std::string::npos) continue;
    MountLine found;
    found.from = {EvidenceKind::file, file, number, *line, false};
    found.writable = *line;
    const std::string list = word_at(*line, begin);
    for (std::size_t at = 0; at < list.size();) {
      const auto end = std::min(list.find(',', at), list.size());
      if (list.substr(at, end - at) == "ro") {
        found.read_only = true;
        found.writable.replace(begin + at, end - at, "rw");
      }
      at = end + 1;
    }
    return std::optional<MountLine>{found};
  }
  return std::optional<MountLine>{};
}

}  // namespace

Fact<std::optional<MountLine>> mount_line(const Deployment& host, const std::string& mount) {
  auto in_fstab = search(host, "/etc/fstab", [&](const std::string& line) {
    const auto first = begin_of_word(line, 0);
    if (first == std::string::npos || line[first] == '#') return std::string::npos;
    return word_at(line, begin_of_word(line, 1)) == mount ? begin_of_word(line, 3)
                                                          : std::string::npos;
  });
  if (!in_fstab.seen() || in_fstab->has_value()) return in_fstab;
  return search(host, "/etc/systemd/system/" + unit_of(mount), [](const std::string& line) {
    constexpr std::string_view key = "Options=";
    return line.starts_with(key) ? key.size() : std::string::npos;
  });
}

}  // namespace hopcheck
