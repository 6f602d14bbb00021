// Users and groups, for judging what a worker that does not run yet may do.
#include "hopcheck/accounts.h"

#include <algorithm>

#include "model/state.h"

namespace hopcheck {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  while (true) {
    const auto end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end == std::string::npos ? end : end - begin));
    if (end == std::string::npos) return parts;
    begin = end + 1;
  }
}

}  // namespace

Fact<bool> has_user(const Deployment& host, const std::string& name) {
  auto& state = host.state();
  const auto& accounts = state.accounts.get([&] { return read_accounts(state.host); });
  if (!accounts.seen()) return accounts.unseen();
  return std::any_of(accounts->users.begin(), accounts->users.end(),
                     [&](const Accounts::User& user) { return user.name == name; });
}

Fact<Accounts> read_accounts(Host& host) {
  const auto passwd = text_of(host.ask(ask::read("/etc/passwd")), "/etc/passwd is not there");
  if (!passwd.seen()) return passwd.unseen();
  const auto group = text_of(host.ask(ask::read("/etc/group")), "/etc/group is not there");
  if (!group.seen()) return group.unseen();
  Accounts accounts;
  std::map<std::string, std::string> group_by_id;
  for (const auto& line : split(*group, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    group_by_id.emplace(fields[2], fields[0]);
    for (const auto& user : split(fields[3], ',')) {
      if (!user.empty()) accounts.members[fields[0]].push_back(user);
    }
  }
  for (const auto& line : split(*passwd, '\n')) {
    const auto fields = split(line, ':');
    if (fields.size() < 4) continue;
    const auto named = group_by_id.find(fields[3]);
    accounts.users.push_back({fields[0], named == group_by_id.end() ? fields[3] : named->second});
  }
  return accounts;
}

Fact<Credentials> credentials_of(const Accounts& accounts, const std::string& user) {
  const auto found = std::find_if(accounts.users.begin(), accounts.users.end(),
                                  [&](const Accounts::User& u) { return u.name == user; });
  if (found == accounts.users.end()) {
    return Unseen{Unseen::Why::undecidable, "there is no user " + user + " in /etc/passwd", {}};
  }
  Credentials credentials;
  credentials.user = user;
  credentials.group = found->primary_group;
  credentials.bypasses_modes = user == "root";
  for (const auto& [group, members] : accounts.members) {
    if (std::find(members.begin(), members.end(), user) != members.end()) {
      credentials.groups.push_back(group);
    }
  }
  return credentials;
}

}  // namespace hopcheck
