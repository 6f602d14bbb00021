// systemd's unit files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/process.h"
#include "hopcheck/unit.h"

namespace hopcheck {

/// Adds one file to `unit`: its fragment first, then each drop-in in the order of systemd. An empty
/// assignment takes back what stood before. Specifiers stay as they are; see expand_specifiers.
void read_unit_file(Unit& unit, const std::string& path, std::string_view text);

/// Puts the unit's own name in for %n, %N, %p, %i and %I in all values; what else stands behind a
/// percent sign stays.
void expand_specifiers(Unit& unit);

/// All values of one setting, in order.
std::vector<const Located<std::string>*> unit_settings(const Unit& unit, std::string_view section,
                                                       std::string_view name);

/// What a .socket unit listens on and what it starts.
struct SocketUnit {
  std::vector<Located<std::string>> streams{};  ///< ListenStream=, as written
  std::string service{};                        ///< the unit of the first connection
};
std::optional<SocketUnit> socket_unit(const Unit& unit);

/// Where a ListenStream= listens; nullopt for vsock and what systemd would refuse.
std::optional<Listener> stream_listener(const std::string& stream);

}  // namespace hopcheck
