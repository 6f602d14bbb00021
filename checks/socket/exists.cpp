// The application's Unix socket is there and somebody accepts on it.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

Finding about_socket(const Deployment& host, const Endpoint& endpoint, std::string code,
                     std::string title) {
  Finding finding;
  finding.code = std::move(code);
  finding.title = std::move(title);
  finding.about = {endpoint.node()};
  for (const auto& sender : host.senders(endpoint)) finding.evidence.push_back(sender.from);
  return finding;
}

Finding missing(const Deployment& host, const Endpoint& endpoint, const Walk& walk) {
  const PathStep& absent = walk.last();
  const std::string what = absent.path == endpoint.member.path
                               ? "is not there"
                               : "is not there: " + absent.path + " does not exist";
  Finding finding = about_socket(host, endpoint, "socket.missing",
                                 fmt::format("the socket {} {}", endpoint.member.path, what));
  finding.evidence.push_back(cite(absent));
  return finding;
}

bool is_yes(const std::string& value) {
  return value == "yes" || value == "true" || value == "on" || value == "1";
}

/// The unit that has a /tmp of its own, so that a socket there is not the one that others see.
const Unit* with_private_tmp(const Deployment& host, const Endpoint& endpoint) {
  const std::string& path = endpoint.member.path;
  if (!path.starts_with("/tmp/") && !path.starts_with("/var/tmp/")) return nullptr;
  if (!host.units().seen() && host.units().unseen().why == Unseen::Why::not_installed)
    return nullptr;
  std::vector<std::string> names;
  for (const Route* route : host.routes_through(endpoint.node())) {
    const Unit* unit = *host.unit_behind(*route);
    if (unit != nullptr) names.push_back(unit->name);
    if (route->instance != nullptr) names.push_back(route->instance->unit);
  }
  return host.units()->find([&](const Unit& unit) {
    const auto* setting = unit.setting("PrivateTmp");
    const bool on_it = std::find(names.begin(), names.end(), unit.name) != names.end();
    return on_it && setting != nullptr && is_yes(setting->value);
  });
}

/// "/run/shop" where the unit has such a directory already, else the one that it would be given.
std::string run_directory(const Unit& unit, bool& made) {
  const auto* set = unit.setting("RuntimeDirectory");
  made = set != nullptr && set->value.find_first_of(" %") == std::string::npos;
  if (made) return "/run/" + set->value;
  const std::string stem = unit.name.substr(0, unit.name.rfind('.'));
  const bool plain = set == nullptr && stem.find_first_of("@\\/%") == std::string::npos;
  return plain ? "/run/" + stem : "";
}

/// The socket moved out of /tmp: in the unit or the settings of its server, and in nginx.
Fix move_to_run(const Deployment& host, const Endpoint& endpoint, const Unit& unit) {
  Fix fix;
  fix.summary =
      "put the socket under /run: RuntimeDirectory= in the unit, and that path in the "
      "application's bind and in nginx";
  fix.interrupts = Interrupts::restart;
  const std::string& path = endpoint.member.path;
  bool made = false;
  const std::string directory = run_directory(unit, made);
  const auto senders = host.senders(endpoint);
  const auto* apps = host.app_servers().if_seen();
  const auto* start = unit.setting("ExecStart");
  if (directory.empty() || senders.size() != 1 || apps == nullptr || start == nullptr) return fix;
  const std::string moved = directory + path.substr(path.rfind('/'));
  Fix whole = fix;
  const auto app = std::find_if(apps->begin(), apps->end(),
                                [&](const AppServer& each) { return each.unit == unit.name; });
  if (app == apps->end() || !bind_elsewhere(host, *app, path, moved, whole)) return fix;
  const Evidence& passes =
      endpoint.member.from.source.empty() ? senders.front().from : endpoint.member.from;
  const auto passed = replaced(host, passes, path, moved);
  const auto runtime =
      made ? std::nullopt
           : line_after(host, start->from, "RuntimeDirectory=" + directory.substr(5));
  if (!passed || (!made && !runtime)) return fix;
  if (runtime) whole.edits.push_back(*runtime);
  whole.edits.push_back(*passed);
  whole.summary =
      fmt::format("put the socket under {}, which systemd makes at every start", directory);
  whole.commands = {restart_with_new_file(unit.name), senders.front().instance->load_command()};
  return whole;
}

Finding in_private_tmp(const Deployment& host, const Endpoint& endpoint, const Walk& walk,
                       const Unit& unit) {
  Finding finding =
      about_socket(host, endpoint, "socket.private-tmp",
                   fmt::format("{} is not there for nginx: {} has a /tmp of its own (PrivateTmp)",
                               endpoint.member.path, unit.name));
  const auto* setting = unit.setting("PrivateTmp");
  finding.evidence.push_back(setting->from);
  finding.evidence.push_back(cite(walk.last()));
  Fix share;
  share.summary = fmt::format("give {} the common /tmp", unit.name);
  if (const auto edit = set_in_unit(host, unit, "PrivateTmp", "no", "ExecStart")) {
    share.edits = {*edit};
    share.commands = {restart_with_new_file(unit.name)};
  }
  share.interrupts = Interrupts::restart;
  share.widens = "every user of this host, to the files in /tmp";
  finding.fixes = {move_to_run(host, endpoint, unit), std::move(share)};
  return finding;
}

Finding stale(const Deployment& host, const Endpoint& endpoint, const Walk& walk) {
  Finding finding = about_socket(
      host, endpoint, "socket.stale-file",
      fmt::format("the socket {} is a leftover: nobody accepts on it", endpoint.member.path));
  finding.evidence.push_back(cite(walk.last()));
  finding.evidence.push_back(cite_no_listener(endpoint.member.path));
  Fix fix;
  fix.summary = "start the program that made it; it replaces the file";
  for (const Route* route : host.routes_through(endpoint.node())) {
    const Unit* unit = unit_behind(host, *route, endpoint);
    if (unit == nullptr) continue;
    fix.summary = fmt::format("start {}, which replaces the file", unit->name);
    fix.commands = {"systemctl restart " + shell_quote(unit->name)};
    fix.interrupts = Interrupts::restart;
    break;
  }
  finding.fixes = {std::move(fix)};
  return finding;
}

Finding not_a_socket(const Deployment& host, const Endpoint& endpoint, const Walk& walk) {
  const std::string& path = endpoint.member.path;
  const std::string seen = describe(walk.last());
  Finding finding =
      about_socket(host, endpoint, "socket.not-a-socket",
                   fmt::format("{} is a {}, not a socket", path, seen.substr(0, seen.find(' '))));
  finding.evidence.push_back(cite(walk.last()));
  Fix fix;
  fix.summary = "move it out of the way and let the application make its socket";
  fix.commands = {fmt::format("mv {} {}", shell_quote(path), shell_quote(path + ".old"))};
  for (const Route* route : host.routes_through(endpoint.node())) {
    const Unit* unit = unit_behind(host, *route, endpoint);
    if (unit == nullptr) continue;
    const std::string name = shell_quote(unit->name);
    fix.commands.push_back("systemctl reset-failed " + name + " ; systemctl restart " + name);
    break;
  }
  fix.interrupts = Interrupts::restart;
  finding.fixes = {std::move(fix)};
  return finding;
}

void judge(const Deployment& host, const Endpoint& endpoint, Outcome& out) {
  const Fact<Walk> walk = host.walk(endpoint.member.path);
  if (!walk->exists()) {
    if (const Unit* unit = with_private_tmp(host, endpoint))
      return out.report(in_private_tmp(host, endpoint, *walk, *unit));
    // A socket can be listened on after its file was removed; nginx still finds nothing.
    return out.report(missing(host, endpoint, *walk));
  }
  if (walk->last().type != PathStep::Type::socket)
    return out.report(not_a_socket(host, endpoint, *walk));
  if (host.listener_of(endpoint) == nullptr) out.report(stale(host, endpoint, *walk));
}

}  // namespace

HOPCHECK_CHECK(socket_exists) {
  std::vector<Endpoint> sockets;
  out.none(host.endpoints());
  for (const Endpoint& endpoint : host.endpoints().seen_items()) {
    const bool needed = !endpoint.member.down && !endpoint.member.backup;
    if (endpoint.member.is_unix() && needed) sockets.push_back(endpoint);
  }
  if (sockets.empty()) return out.not_applicable("nginx passes no request to a Unix socket");
  if (host.files_only()) return out.not_applicable("sockets exist on a live host only");
  out.each(sockets, [&](const Endpoint& endpoint) { judge(host, endpoint, out); });
}
