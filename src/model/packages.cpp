// Releases of Python packages, as the names of their metadata folders tell them.
#include "hopcheck/packages.h"

#include <algorithm>
#include <charconv>

#include "facts/systemd/exec_line.h"
#include "model/state.h"

namespace hopcheck {
namespace {

/// "/opt/shop/venv" of a program in its bin folder, "" where none of the words is one.
std::string prefix_of(const std::vector<std::string>& words) {
  for (const auto& word : words) {
    const auto bin = word.rfind("/bin/");
    const std::string name = bin == std::string::npos ? "" : word.substr(bin + 5);
    // The interpreter may be the system's though the program is an environment's.
    if (name.empty() || name.rfind("python", 0) == 0 || name == "env") continue;
    return word.substr(0, bin);
  }
  return {};
}

std::string prefix_of(const Deployment& host, const AppServer& server) {
  const auto& processes = host.processes();
  if (processes.seen()) {
    for (const auto& process : processes->seen_items()) {
      if (process.pid != server.pid) continue;
      const std::string prefix = prefix_of(process.argv);
      if (!prefix.empty()) return prefix;
    }
  }
  const auto& units = host.units();
  if (!units.seen()) return {};
  for (const auto& unit : units->seen_items()) {
    const auto* start = unit.setting("ExecStart");
    if (unit.name == server.unit && start != nullptr)
      return prefix_of(exec_line(start->value).argv);
  }
  return {};
}

std::vector<std::string> package_folders(Host& host, const std::string& prefix) {
  std::vector<std::string> folders;
  const std::vector<std::string> prefixes = prefix == "/usr" || prefix.empty()
                                                ? std::vector<std::string>{"/usr/local", "/usr"}
                                                : std::vector<std::string>{prefix};
  for (const auto& root : prefixes) {
    const bool system = root == "/usr" || root == "/usr/local";
    for (const auto& name : entries_in(host.ask(ask::list(root + "/lib")))) {
      if (name.rfind("python3", 0) == 0)
        folders.push_back(root + "/lib/" + name + (system ? "/dist-packages" : "/site-packages"));
    }
  }
  return folders;
}

char folded(char letter) {
  if (letter == '-' || letter == '.') return '_';
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter | 0x20) : letter;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char one, char other) { return folded(one) == folded(other); });
}

/// "20.1.0" of "gunicorn-20.1.0.dist-info"; "" where that is another package's.
std::string version_in(const std::string& folder, const std::string& package) {
  for (const std::string_view ending : {".dist-info", ".egg-info"}) {
    if (!folder.ends_with(ending)) continue;
    const std::string name = folder.substr(0, folder.size() - ending.size());
    const auto dash = name.find('-');
    if (dash == std::string::npos || !same_name(name.substr(0, dash), package)) continue;
    const std::string rest = name.substr(dash + 1);
    return rest.substr(0, rest.find("-py"));
  }
  return {};
}

}  // namespace

Fact<std::string> installed_version(const Deployment& host, const AppServer& server,
                                    const std::string& package) {
  const std::string prefix = prefix_of(host, server);
  if (prefix.empty())
    return Unseen{Unseen::Why::undecidable, "where the program of " + server.text() + " lies", {}};
  Host& machine = host.state().host;
  std::optional<Unseen> denied;
  for (const auto& folder : package_folders(machine, prefix)) {
    const Answer listing = machine.ask(ask::list(folder));
    if (listing.status == Answer::Status::unseen) denied = listing.why;
    for (const auto& name : entries_in(listing)) {
      const std::string version = version_in(name, package);
      if (!version.empty()) return version;
    }
  }
  if (denied) return *denied;
  return Unseen{
      Unseen::Why::not_installed, package + " is not among the packages of " + prefix, {}};
}

int compare_versions(const std::string& a, const std::string& b) {
  const auto number = [](const std::string& text, std::size_t& at) {
    long value = 0;
    const auto* const begin = text.data() + std::min(at, text.size());
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
    if (error != std::errc{}) value = 0;
    at = std::min(text.find('.', static_cast<std::size_t>(end - text.data())), text.size());
    if (at < text.size()) ++at;
    return value;
  };
  std::size_t in_a = 0;
  std::size_t in_b = 0;
  while (in_a < a.size() || in_b < b.size()) {
    const long one = number(a, in_a);
    const long other = number(b, in_b);
    if (one != other) return one < other ? -1 : 1;
  }
  return 0;
}

}  // namespace hopcheck
