// Names of users and groups by number, from the files themselves.
#include "host/live/accounts.h"

#include <charconv>
#include <set>

#include "host/text.h"

namespace hopcheck::live {
namespace {

// Names stand between ':' and ',' in our formats; useradd allows nothing else either.
bool is_plain(std::string_view name) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@\\$+";
  return !name.empty() && name.size() <= 256 && name.find_first_not_of(plain) == name.npos;
}

}  // namespace

Accounts::Accounts(std::string_view passwd, std::string_view group)
    : users_(parse(passwd)), groups_(parse(group)) {}

// "name:x:1000:…" in both files.
Accounts::Names Accounts::parse(std::string_view text) {
  Names names;
  std::map<std::string, unsigned, std::less<>> ids;
  std::set<std::string, std::less<>> shared;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::string_view line = next_line(text, begin);
    const std::size_t first = line.find(':');
    if (first == line.npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == line.npos || !is_plain(line.substr(0, first))) continue;
    unsigned id = 0;
    const char* const from = line.data() + second + 1;
    const auto [end, error] = std::from_chars(from, line.data() + line.size(), id);
    if (error != std::errc() || end == from) continue;
    std::string name(line.substr(0, first));
    if (ids.try_emplace(name, id).first->second != id) shared.insert(name);
    names.try_emplace(id, std::move(name));
  }
  std::erase_if(names, [&](const auto& entry) { return shared.contains(entry.second); });
  return names;
}

std::string Accounts::name(const Names& names, unsigned id) {
  const auto found = names.find(id);
  return found == names.end() ? std::to_string(id) : found->second;
}

}  // namespace hopcheck::live
