// nginx may connect to the application's Unix socket.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/mend.h"
#include "hopcheck/permit.h"

using namespace hopcheck;

namespace {

/// The unit whose RuntimeDirectory= makes this directory: systemd sets its mode at every start.
const Unit* maker_of(const Deployment& host, const std::string& directory) {
  const auto& units = host.units();
  if (!units.seen()) return nullptr;
  for (const Unit& unit : units->seen_items()) {
    const auto* made = unit.setting("RuntimeDirectory");
    if (made != nullptr && "/run/" + made->value == directory) return &unit;
  }
  return nullptr;
}

/// Whether the step's group would let nginx's user through; false where it is in it.
bool is_group_of(const Credentials& worker, const PathStep& step) {
  return worker.group == step.group ||
         std::find(worker.groups.begin(), worker.groups.end(), step.group) != worker.groups.end();
}

/// systemd makes the directory with the one bit more that nginx needs.
std::optional<Fix> keep_open(const Deployment& host, const Credentials& worker,
                             const PathStep& step, const Unit& unit) {
  const bool by_group = is_group_of(worker, step);
  const auto edit = set_in_unit(host, unit, "RuntimeDirectoryMode",
                                fmt::format("{:04o}", step.mode | (by_group ? 0010U : 0011U)),
                                "RuntimeDirectory");
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = "let systemd make the directory passable at every start";
  fix.edits = {*edit};
  fix.commands = {restart_with_new_file(unit.name)};
  fix.interrupts = Interrupts::restart;
  fix.widens = by_group ? "group " + step.group : "every user of this host";
  return fix;
}

/// Groups that open more than an application.
bool is_powerful(const std::string& group) {
  constexpr const char* kGroups[] = {"root",  "sudo",   "adm", "shadow", "disk",
                                     "wheel", "docker", "lxd", "staff",  "systemd-journal"};
  return std::find(std::begin(kGroups), std::end(kGroups), group) != std::end(kGroups);
}

/// nginx's user joins the group of what stops it, where that is all it lacks on the whole way.
std::optional<Fix> join_group(const Credentials& worker, const Walk& walk, const PathStep& step,
                              const nginx::Instance& instance) {
  if (is_powerful(step.group) || is_group_of(worker, step)) return std::nullopt;
  Credentials joined = worker;
  joined.groups.push_back(step.group);
  if (denied_at(joined, walk) != nullptr) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("let {} into group {}; new workers have it", worker.user, step.group);
  fix.commands = {"usermod -aG " + shell_quote(step.group) + " " + shell_quote(worker.user),
                  instance.load_command()};
  fix.interrupts = Interrupts::reload;
  fix.widens = fmt::format("{}, to what group {} may do", worker.user, step.group);
  return fix;
}

/// The socket unit that makes this socket gives it to nginx's group.
std::optional<Fix> mend_socket_unit(const Deployment& host, const std::string& path,
                                    const Credentials& worker) {
  const auto* units = host.units().if_seen();
  if (units == nullptr) return std::nullopt;
  for (const Unit& unit : units->seen_items()) {
    const auto* stream = unit.setting("ListenStream");
    if (!unit.name.ends_with(".socket") || stream == nullptr || stream->value != path) continue;
    const auto group = set_in_unit(host, unit, "SocketGroup", worker.group, "ListenStream");
    const auto mode = set_in_unit(host, unit, "SocketMode", "0660", "ListenStream");
    if (!group || !mode) return std::nullopt;
    Fix fix;
    fix.summary = fmt::format("let systemd give the socket to group {}", worker.group);
    fix.edits = {*group, *mode};
    const std::string service = unit.name.substr(0, unit.name.rfind('.')) + ".service";
    fix.commands = {"systemctl daemon-reload && systemctl stop " + shell_quote(service) +
                    " && systemctl restart " + shell_quote(unit.name)};
    fix.interrupts = Interrupts::restart;
    fix.widens = "group " + worker.group;
    return fix;
  }
  return std::nullopt;
}

/// Where gunicorn is told its umask, and the very words there.
struct Umask {
  Evidence from{};
  std::string words{};
  std::string option{};  ///< all but the value: "--umask ", "umask = 0o"
  bool of_unit{false};
};

std::optional<Umask> umask_in_unit(const Unit& unit) {
  const auto* start = unit.setting("ExecStart");
  if (start == nullptr) return std::nullopt;
  for (const char* option : {"--umask ", "--umask=", " -m "}) {
    const auto at = start->value.find(option);
    if (at == std::string::npos) continue;
    const auto value = at + std::string(option).size();
    const auto end = std::min(start->value.find(' ', value), start->value.size());
    return Umask{start->from, start->value.substr(at, end - at), option, true};
  }
  return std::nullopt;
}

std::optional<Umask> umask_in_file(const Deployment& host, const std::string& file) {
  constexpr int kMostLines = 300;
  if (!file.starts_with('/')) return std::nullopt;
  for (int number = 1; number < kMostLines; ++number) {
    const auto line = line_of(host, file, number);
    if (!line.seen()) return std::nullopt;
    const auto after = line->find_first_not_of(" =", 5);
    if (!line->starts_with("umask") || after == std::string::npos || line->find('=') > after)
      continue;
    const auto words = line->substr(0, line->find_first_of(" #", after));
    return Umask{{EvidenceKind::file, file, number, *line, false}, words, "umask = 0o", false};
  }
  return std::nullopt;
}

/// gunicorn makes its socket with the rights that its umask leaves: the group's, where nginx's user
/// is in it or may join it, else everybody's, as gunicorn does by itself.
std::optional<Fix> mend_umask(const Deployment& host, const Endpoint& endpoint,
                              const Credentials& worker, const Walk& walk,
                              const nginx::Instance& instance, Finding& finding) {
  const auto seen = host.app_behind(endpoint);
  const AppServer* app = seen.seen() ? *seen : nullptr;
  if (app == nullptr || app->kind != AppServer::Kind::gunicorn || !app->unit.ends_with(".service"))
    return std::nullopt;
  const Unit* unit = unit_named(host, app->unit);
  auto umask = unit == nullptr ? std::nullopt : umask_in_unit(*unit);
  if (!umask) umask = umask_in_file(host, app->gunicorn.config_file);
  if (!umask || !walk.last().acl.empty()) return std::nullopt;
  finding.evidence.push_back(umask->from);
  const std::string& group = walk.last().group;
  Credentials joined = worker;
  const bool joins = !is_group_of(worker, walk.last());
  if (!is_powerful(group)) joined.groups.push_back(group);
  Walk opened = walk;
  opened.steps.back().mode = 0770;
  const bool by_group = denied_at(joined, opened) == nullptr;
  opened.steps.back().mode = 0777;
  if (!by_group && denied_at(worker, opened) != nullptr) return std::nullopt;
  const auto edit =
      replaced(host, umask->from, umask->words, umask->option + (by_group ? "007" : "0"));
  if (!edit || edit->add == edit->remove) return std::nullopt;
  Fix fix;
  fix.edits = {*edit};
  fix.interrupts = Interrupts::restart;
  fix.summary = "let gunicorn's umask leave the socket to " +
                (by_group ? "group " + group : std::string("everybody"));
  fix.widens = by_group ? "group " + group : "every user of this host";
  if (by_group && joins) {
    fix.summary += fmt::format(", and let {} join it", worker.user);
    fix.widens += fmt::format("; {}, to what that group may do", worker.user);
    fix.commands.push_back("usermod -aG " + shell_quote(group) + " " + shell_quote(worker.user));
  }
  fix.commands.push_back(umask->of_unit ? restart_with_new_file(app->unit)
                                        : "systemctl restart " + shell_quote(app->unit));
  if (by_group && joins) fix.commands.push_back(instance.load_command());
  return fix;
}

/// "0700 shop:shop"
std::string rights(const PathStep& step) {
  return fmt::format("{:04o} {}:{}{}", step.mode, step.user, step.group,
                     step.acl.empty() ? "" : " with an ACL");
}

Fix open_now(const Credentials& worker, const PathStep& step, bool is_socket, bool made_anew) {
  Fix fix;
  const bool volatile_place = step.path.rfind("/run/", 0) == 0 || step.path.rfind("/tmp/", 0) == 0;
  fix.lasts = is_socket || made_anew ? Lasts::until_restart
              : volatile_place       ? Lasts::until_reboot
                                     : Lasts::permanent;
  const Permit way = permit(worker, step, is_socket ? 6U : 1U);
  fix.summary = fmt::format("let {} {}", way.to_whom,
                            is_socket ? "connect to the socket" : "pass the directory");
  fix.commands = {way.command};
  fix.widens = way.widens;
  return fix;
}

Finding denied(const Deployment& host, const Endpoint& endpoint, const Deployment::Sender& sender,
               const Credentials& worker, const Walk& walk, const PathStep& step) {
  const bool is_socket = step.type == PathStep::Type::socket;
  Finding finding;
  finding.code = is_socket ? "socket.mode-denies" : "socket.directory-not-traversable";
  finding.title = is_socket ? fmt::format("nginx ({}) may not connect to {}: it is {}", worker.user,
                                          endpoint.member.path, rights(step))
                            : fmt::format("nginx ({}) cannot reach {}: {} is {}", worker.user,
                                          endpoint.member.path, step.path, rights(step));
  finding.about = {endpoint.node(), "nginx:" + sender.instance->conf_path};
  finding.evidence = {sender.from, cite(step)};
  const auto add = [&](std::optional<Fix> fix) {
    if (fix) finding.fixes.push_back(std::move(*fix));
  };
  if (is_socket) add(mend_socket_unit(host, endpoint.member.path, worker));
  if (is_socket) add(mend_umask(host, endpoint, worker, walk, *sender.instance, finding));
  add(join_group(worker, walk, step, *sender.instance));
  if (!is_socket) {
    if (const Unit* unit = maker_of(host, step.path)) add(keep_open(host, worker, step, *unit));
  }
  // A directory that a unit makes is made anew at each of its starts.
  const bool made_anew = !is_socket && maker_of(host, step.path) != nullptr;
  finding.fixes.push_back(open_now(worker, step, is_socket, made_anew));
  return finding;
}

/// /etc/group gives nginx's user the group that would let it in; the running worker lacks it.
bool only_lacks_restart(const Deployment& host, const Credentials& worker, const Walk& walk) {
  const PathStep* step = denied_at(worker, walk);
  Credentials renewed = worker;
  renewed.groups.push_back(step->group);
  return denied_at(renewed, walk) == nullptr && *host.group_lists(step->group, worker.user);
}

void judge(const Deployment& host, const Endpoint& endpoint, const Deployment::Sender& sender,
           Outcome& out) {
  const Fact<Walk> walk = host.walk(endpoint.member.path);
  const Credentials& worker = *sender.instance->worker;
  const PathStep* step = denied_at(worker, *walk);
  if (step == nullptr) return;
  const bool end = walk->whole.seen() && step == &walk->last();
  if (end && step->type != PathStep::Type::socket) return;  // another check's fault
  Finding finding = denied(host, endpoint, sender, worker, *walk, *step);
  if (only_lacks_restart(host, worker, *walk)) {
    finding.code = "socket.group-not-effective";
    finding.title +=
        fmt::format("; {} is in group {} since after nginx started", worker.user, step->group);
    Fix reload;
    reload.summary = "give the workers their new group";
    reload.commands = {sender.instance->load_command()};
    reload.interrupts = Interrupts::reload;
    finding.fixes = {std::move(reload)};
  }
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(socket_access) {
  std::vector<Endpoint> sockets;
  out.none(host.endpoints());
  for (const Endpoint& endpoint : host.endpoints().seen_items()) {
    if (endpoint.member.is_unix() && !endpoint.member.down) sockets.push_back(endpoint);
  }
  if (sockets.empty()) return out.not_applicable("nginx passes no request to a Unix socket");
  out.each(sockets, [&](const Endpoint& endpoint) {
    for (const auto& sender : host.senders(endpoint)) judge(host, endpoint, sender, out);
  });
}
