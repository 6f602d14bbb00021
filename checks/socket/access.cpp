// nginx may connect to the application's Unix socket.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
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

Fix keep_open(const Unit& unit) {
  Fix fix;
  fix.summary = "let systemd make the directory passable at every start";
  const auto* mode = unit.setting("RuntimeDirectoryMode");
  const auto* made = unit.setting("RuntimeDirectory");
  if (mode != nullptr) {
    fix.edits = {{mode->from.source, mode->from.line, "RuntimeDirectoryMode=" + mode->value,
                  "RuntimeDirectoryMode=0755"}};
  } else {
    fix.edits = {{made->from.source, made->from.line + 1, "", "RuntimeDirectoryMode=0755"}};
  }
  fix.commands = {"systemctl daemon-reload && systemctl restart " + shell_quote(unit.name)};
  fix.interrupts = Interrupts::restart;
  fix.widens = "every user of this host";
  return fix;
}

/// "0700 shop:shop"
std::string rights(const PathStep& step) {
  return fmt::format("{:04o} {}:{}{}", step.mode, step.user, step.group,
                     step.acl.empty() ? "" : " with an ACL");
}

Fix open_now(const Credentials& worker, const PathStep& step, bool is_socket) {
  Fix fix;
  const bool volatile_place = step.path.rfind("/run/", 0) == 0 || step.path.rfind("/tmp/", 0) == 0;
  fix.lasts = is_socket        ? Lasts::until_restart
              : volatile_place ? Lasts::until_reboot
                               : Lasts::permanent;
  const Permit way = permit(worker, step, is_socket ? 6U : 1U);
  fix.summary = fmt::format("let {} {}", way.to_whom,
                            is_socket ? "connect to the socket" : "pass the directory");
  fix.commands = {way.command};
  fix.widens = way.widens;
  return fix;
}

Finding denied(const Deployment& host, const Endpoint& endpoint, const Deployment::Sender& sender,
               const Credentials& worker, const PathStep& step) {
  const bool is_socket = step.type == PathStep::Type::socket;
  Finding finding;
  finding.code = is_socket ? "socket.mode-denies" : "socket.directory-not-traversable";
  finding.title = is_socket ? fmt::format("nginx ({}) may not connect to {}: it is {}", worker.user,
                                          endpoint.member.path, rights(step))
                            : fmt::format("nginx ({}) cannot reach {}: {} is {}", worker.user,
                                          endpoint.member.path, step.path, rights(step));
  finding.about = {endpoint.node(), "nginx:" + sender.instance->conf_path};
  finding.evidence = {sender.from, cite(step)};
  if (!is_socket) {
    if (const Unit* unit = maker_of(host, step.path)) finding.fixes.push_back(keep_open(*unit));
  }
  finding.fixes.push_back(open_now(worker, step, is_socket));
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
  Finding finding = denied(host, endpoint, sender, worker, *step);
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
