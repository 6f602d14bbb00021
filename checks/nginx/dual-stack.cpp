// A name that nginx passes requests to stands for addresses that are all served.
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

const char* const kName = "localhost";

/// Lines since the application was started that tell of a refused connection to ::1.
std::optional<Logged> refused(const Deployment& host, const Route& route, int port,
                              const std::vector<Logged>& all) {
  const long long started = *app_started(host, route);
  std::optional<Logged> found;
  for (Logged logged : all) {
    const bool there = logged.upstream.ends_with("://" + address_text("::1", port));
    if (logged.what != "connect-refused" || !there) continue;
    logged.seen = logged.seen.since(started + 1);
    if (logged.seen.count == 0) continue;
    if (!found || logged.seen.last >= found->seen.last) found = logged;
  }
  return found;
}

void judge(const Deployment& host, const Route& route, const Endpoint& endpoint,
           const std::vector<Logged>& logged, Outcome& out) {
  const int port = endpoint.member.port;
  const Listener* four = host.listener_of(endpoint);
  if (four == nullptr) return;  // nobody is there at all: another fault
  const auto serves_six = [&](const Listener& one) { return one.serves("::1", port); };
  if (host.listeners()->find(serves_six) != nullptr) return;
  const auto said = refused(host, route, port, logged);
  if (!said) return;
  Finding finding;
  finding.code = "nginx.localhost-dual-stack";
  finding.title = fmt::format(
      "nginx tries {} as well, where nobody listens: {} is both addresses, and the application has "
      "{} alone",
      address_text("::1", port), kName, four->text());
  finding.detail =
      "It asks the other address then, so requests are answered; each attempt costs a little, and "
      "the log fills with refusals.";
  finding.about = {endpoint.node()};
  finding.evidence = {endpoint.member.from, cite(*four), said->evidence()};
  Fix fix;
  fix.summary = "name the address that the application listens on";
  const std::string place = fmt::format("{}:{}", kName, port);
  auto edit = replaced_in_line(host, endpoint.member.from, place, address_text("127.0.0.1", port));
  if (!edit) edit = replaced_in_line(host, endpoint.member.from, kName, "127.0.0.1");
  if (edit) {
    fix.edits = {*edit};
    fix.commands = {route.instance->load_command()};
    fix.interrupts = Interrupts::reload;
  }
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_dual_stack) {
  struct Pair {
    const Route* route{nullptr};
    const Endpoint* endpoint{nullptr};
  };
  std::vector<Pair> named;
  std::set<std::string> known;
  out.none(host.proxied());
  for (const Route* route : host.proxied().seen_items()) {
    for (const Endpoint& endpoint : route->endpoints) {
      const bool by_name = route->instance != nullptr && endpoint.member.host == kName;
      if (by_name && known.insert(endpoint.node()).second) named.push_back({route, &endpoint});
    }
  }
  if (named.empty()) return out.not_applicable("nginx passes nothing on to localhost by its name");
  if (host.files_only()) return out.not_applicable("sockets and logs tell of a live host only");
  out.each(named, [&](const Pair& pair) {
    if (!*pair.route->instance->running) return;
    const auto logged = current_errors(host, *pair.route->instance);
    out.none(logged);
    judge(host, *pair.route, *pair.endpoint, logged.seen_items(), out);
  });
}
