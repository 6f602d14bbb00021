// Names of users and groups by number, from the files themselves: a static program has no NSS.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace hopcheck::live {

class Accounts {
 public:
  /// Texts of /etc/passwd and /etc/group. The first name of a number counts; a name that two
  /// numbers share names neither.
  Accounts(std::string_view passwd, std::string_view group);

  std::string user(uid_t id) const { return name(users_, id); }
  std::string group(gid_t id) const { return name(groups_, id); }

 private:
  using Names = std::map<unsigned, std::string>;
  static Names parse(std::string_view text);
  static std::string name(const Names& names, unsigned id);

  Names users_;
  Names groups_;
};

}  // namespace hopcheck::live
