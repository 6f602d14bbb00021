// nginx's tables of names with wildcards: which name, as written, fits a host.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "hopcheck/nginx.h"

namespace hopcheck::nginx {

/// The names of one listening address, or the keys of a map of hostnames. Of equal names the first
/// counts.
class NameTable {
 public:
  /// A host in lowercase, which must outlive the table.
  explicit NameTable(const std::string& host) : host_(host) {}

  struct Match {
    std::size_t owner{0};  ///< as given with the name
    Chosen::By by{Chosen::By::exact};
    std::string written{};
  };

  void add(std::size_t owner, std::string_view written);
  /// By nginx's order of kinds: exact, longest with the wildcard first, longest with it last,
  /// regex.
  std::optional<Match> find() const;
  /// Some name is that of the machine, which a configuration does not tell.
  bool has_hostname() const { return hostname_; }

 private:
  struct Held {
    std::size_t owner{0};
    std::size_t length{0};  ///< 0: none
    std::string_view written{};
  };
  bool may_fit(std::string_view written) const;
  void leading(std::size_t owner, const std::string& suffix, std::string_view written);
  void trailing(std::size_t owner, const std::string& prefix, std::string_view written);

  const std::string& host_;
  std::optional<Held> exact_{};
  Held leading_{};
  Held trailing_{};
  std::vector<Held> regexes_{};
  std::unordered_set<std::string> plain_{};
  std::unordered_set<std::string> heads_{};
  std::unordered_set<std::string> tails_{};
  bool hostname_{false};
};

}  // namespace hopcheck::nginx
