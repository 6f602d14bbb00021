// /etc/hosts and /etc/resolv.conf.
#include "facts/socket/names.h"

#include <algorithm>

#include "facts/nginx/letters.h"
#include "facts/socket/ip.h"
#include "facts/text/words.h"

namespace hopcheck {
namespace {

/// The words of each line, without its comment.
std::vector<std::vector<std::string>> lines_of(std::string_view text) {
  std::vector<std::vector<std::string>> lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string line(text.substr(0, end));
    line.resize(std::min(line.find('#'), line.size()));
    lines.push_back(blank_separated(line));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace

std::vector<std::string> addresses_in(std::string_view hosts, const std::string& name) {
  std::vector<std::string> addresses;
  for (const auto& words : lines_of(hosts)) {
    if (words.size() < 2 || !parse_ip(words.front())) continue;
    const bool named = std::any_of(words.begin() + 1, words.end(), [&](const std::string& word) {
      return nginx::equal_lower(word, name);
    });
    const bool known =
        std::find(addresses.begin(), addresses.end(), words.front()) != addresses.end();
    if (named && !known) addresses.push_back(words.front());
  }
  return addresses;
}

std::vector<std::string> name_servers_in(std::string_view resolv_conf) {
  std::vector<std::string> servers;
  for (const auto& words : lines_of(resolv_conf)) {
    if (words.size() == 2 && words[0] == "nameserver" && parse_ip(words[1]))
      servers.push_back(words[1]);
  }
  return servers;
}

}  // namespace hopcheck
