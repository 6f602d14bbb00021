// Names beside a missing one.
#include "hopcheck/renamed.h"

#include <algorithm>

#include "model/state.h"

namespace hopcheck {
namespace {

constexpr std::size_t kMostNeighbours = 32;

bool holds(Host& host, const std::string& folder, const std::string& inside) {
  const auto slash = inside.rfind('/');
  const std::string place =
      slash == std::string::npos ? folder : folder + "/" + inside.substr(0, slash);
  const std::string name = slash == std::string::npos ? inside : inside.substr(slash + 1);
  const auto names = entries_in(host.ask(ask::list(place)));
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::optional<std::string> renamed_to(const Deployment& host, const std::string& folder,
                                      const std::string& inside) {
  const auto slash = folder.rfind('/');
  if (slash == std::string::npos || slash == 0 || inside.empty()) return std::nullopt;
  Host& machine = host.state().host;
  const Answer listing = machine.ask(ask::list(folder.substr(0, slash)));
  const auto files = files_in(listing);
  std::optional<std::string> found;
  std::size_t looked_at = 0;
  for (const auto& name : entries_in(listing)) {
    if (std::find(files.begin(), files.end(), name) != files.end()) continue;
    if (++looked_at > kMostNeighbours) return std::nullopt;
    const std::string beside = folder.substr(0, slash + 1) + name;
    if (beside == folder || !holds(machine, beside, inside)) continue;
    if (found) return std::nullopt;
    found = beside;
  }
  return found;
}

std::optional<std::string> similar_user(const Deployment& host, const std::string& name) {
  const auto& accounts =
      host.state().accounts.get([&] { return read_accounts(host.state().host); });
  if (!accounts.seen()) return std::nullopt;
  std::optional<std::string> found;
  for (const auto& user : accounts->users) {
    if (!one_letter_apart(user.name, name)) continue;
    if (found) return std::nullopt;
    found = user.name;
  }
  return found;
}

bool one_letter_apart(const std::string& a, const std::string& b) {
  const std::string& shorter = a.size() < b.size() ? a : b;
  const std::string& longer = a.size() < b.size() ? b : a;
  if (longer.size() - shorter.size() > 1 || a == b || shorter.size() < 3) return false;
  const auto begin = std::mismatch(shorter.begin(), shorter.end(), longer.begin());
  const auto at = static_cast<std::size_t>(begin.first - shorter.begin());
  if (longer.size() > shorter.size()) return shorter.substr(at) == longer.substr(at + 1);
  if (a.substr(at + 1) == b.substr(at + 1)) return true;
  return at + 1 < a.size() && a[at] == b[at + 1] && a[at + 1] == b[at] &&
         a.substr(at + 2) == b.substr(at + 2);
}

}  // namespace hopcheck
