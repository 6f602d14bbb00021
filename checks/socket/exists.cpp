// The application's Unix socket is there and somebody accepts on it.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

Finding about_socket(const Deployment& host, const Endpoint& endpoint, std::string code, std::string title) {
  Finding finding;
  finding.code = std::move(code);
  finding.title = std::move(title);
  finding.about = {endpoint.node()};
  for (const auto& sender : host.senders(endpoint)) finding.evidence.push_back(sender.from);
  return finding;
}

Finding missing(const Deployment& host, const Endpoint& endpoint, const Walk& walk) {
  const PathStep& absent = walk.last();
  const std::string what = absent.path == endpoint.member.path ? "is not there" : "is not there: " + absent.path + " does not exist";
  Finding finding = about_socket(host, endpoint, "socket.missing", fmt::format("the socket {} {}", endpoint.member.path, what));
  finding.evidence.push_back(cite(absent));
  return finding;
}

Finding stale(const Deployment& host, const Endpoint& endpoint, const Walk& walk) {
  Finding finding = about_socket(host, endpoint, "socket.stale-file",
                                 fmt::format("the socket {} is a leftover: nobody accepts on it", endpoint.member.path));
  finding.evidence.push_back(cite(walk.last()));
  finding.evidence.push_back(cite_no_listener(endpoint.member.path));
  return finding;
}

Finding not_a_socket(const Deployment& host, const Endpoint& endpoint, const Walk& walk) {
  Finding finding = about_socket(host, endpoint, "socket.not-a-socket",
                                 fmt::format("{} is a {}, not a socket", endpoint.member.path,
                                             describe(walk.last()).substr(0, describe(walk.last()).find(' '))));
  finding.evidence.push_back(cite(walk.last()));
  Fix fix;
  fix.summary = "move it out of the way and let the application make its socket";
  fix.commands = {fmt::format("mv {} {}", shell_quote(endpoint.member.path), shell_quote(endpoint.member.path + ".old"))};
  fix.interrupts = Interrupts::restart;
  finding.fixes = {std::move(fix)};
  return finding;
}

void judge(const Deployment& host, const Endpoint& endpoint, Outcome& out) {
  const Fact<Walk> walk = host.walk(endpoint.member.path);
  if (!walk->exists()) {
    // A socket can be listened on after its file was removed; nginx still finds nothing.
    return out.report(missing(host, endpoint, *walk));
  }
  if (walk->last().type != PathStep::Type::socket) return out.report(not_a_socket(host, endpoint, *walk));
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
