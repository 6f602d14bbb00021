// Somebody listens where nginx passes requests to.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

/// Another member of the same upstream block takes the requests instead.
bool others_answer(const Deployment& host, const Endpoint& endpoint) {
  const auto routes = host.routes_through(endpoint.node());
  return !routes.empty() && std::all_of(routes.begin(), routes.end(), [&](const Route* route) {
    return std::any_of(route->endpoints.begin(), route->endpoints.end(),
                       [&](const Endpoint& other) {
                         return other.node() != endpoint.node() && !other.member.down &&
                                host.listener_of(other) != nullptr;
                       });
  });
}

/// nginx is pointed at the place where the application listens.
Fix point_at(const Deployment& host, const Deployment::Sender& sender, const Endpoint& endpoint,
             const Listener& meant) {
  // A server line of an upstream block, else the directive that passes.
  const Evidence& directive =
      endpoint.member.from.source.empty() ? sender.from : endpoint.member.from;
  Fix fix;
  fix.summary = fmt::format("let nginx pass requests to {}", meant.text());
  const bool from_unix = endpoint.member.is_unix();
  const bool to_unix = meant.kind == Listener::Kind::unix_stream;
  const std::string from = from_unix ? "unix:" + endpoint.member.path : endpoint.member.text();
  const std::string address =
      meant.address == "0.0.0.0" || meant.address == "::" ? "127.0.0.1" : meant.address;
  const std::string to = to_unix ? "unix:" + meant.path : address_text(address, meant.port);
  const auto edit = replaced(host, directive, from, to);
  if (!edit) return fix;
  fix.edits = {*edit};
  fix.commands = {sender.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

/// The server line of an upstream block, and that nobody is there.
void cite_member(const Endpoint& endpoint, Finding& finding) {
  const Evidence& line = endpoint.member.from;
  const bool told =
      std::find(finding.evidence.begin(), finding.evidence.end(), line) != finding.evidence.end();
  if (!line.source.empty() && !told) finding.evidence.push_back(line);
  finding.evidence.push_back(cite_no_listener(endpoint.member.text()));
}

Finding wrong_place(const Deployment& host, const Endpoint& endpoint,
                    const Deployment::Candidate& meant) {
  Finding finding;
  const bool to_unix = endpoint.member.is_unix();
  finding.code = to_unix ? "nginx.proxy-pass-wrong-path" : "nginx.proxy-pass-wrong-port";
  finding.title = fmt::format("nginx passes requests to {}, where nobody listens; {} listens on {}",
                              endpoint.member.text(), meant.app->text(), meant.listener->text());
  finding.about = {endpoint.node()};
  // That this very server is meant is a conclusion; that nobody listens was seen.
  finding.confidence = Confidence::likely;
  for (const auto& sender : host.senders(endpoint)) {
    finding.evidence.push_back(sender.from);
    if (finding.fixes.empty())
      finding.fixes.push_back(point_at(host, sender, endpoint, *meant.listener));
  }
  cite_member(endpoint, finding);
  finding.evidence.push_back(cite(*meant.listener));
  return finding;
}

Finding nobody_there(const Deployment& host, const Endpoint& endpoint) {
  Finding finding;
  finding.code = "nginx.upstream-not-listening";
  finding.title =
      fmt::format("nginx passes requests to {}, where nobody listens", endpoint.member.text());
  finding.about = {endpoint.node()};
  for (const auto& sender : host.senders(endpoint)) finding.evidence.push_back(sender.from);
  cite_member(endpoint, finding);
  return finding;
}

/// The unit of the member that is off is started; where none is known, the member is taken out.
Fix of_member(const Deployment& host, const Endpoint& endpoint, const Deployment::Sender& sender) {
  Fix fix;
  for (const Route* route : host.routes_through(endpoint.node())) {
    const Unit* unit = unit_behind(host, *route, endpoint);
    if (unit == nullptr || !unit->state.seen() || unit->state->load != "loaded" ||
        unit->state->active != "inactive")
      continue;
    fix.summary = fmt::format("start {}, now and at every boot", unit->name);
    fix.commands = {"systemctl enable --now " + shell_quote(unit->name)};
    return fix;
  }
  fix.summary = "start it, or take it out of the upstream";
  if (endpoint.member.from.source.empty()) return fix;
  const std::string& text = endpoint.member.from.text;
  const auto end = text.find(';');
  if (end == std::string::npos) return fix;
  const auto edit = replaced(host, endpoint.member.from, text.substr(0, end) + ";",
                             text.substr(0, end) + " down;");
  if (!edit) return fix;
  fix.summary = "mark it as down until it runs again";
  fix.edits = {*edit};
  fix.commands = {sender.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

void judge(const Deployment& host, const Endpoint& endpoint, Outcome& out) {
  if (endpoint.member.down || !*host.is_local(endpoint) || host.senders(endpoint).empty()) return;
  if (host.listener_of(endpoint) != nullptr) return;
  if (endpoint.member.is_unix()) {
    const Fact<Walk> walk = host.walk(endpoint.member.path);
    // A file that is there is judged by the socket checks.
    if (walk->exists()) return;
  }
  if (others_answer(host, endpoint)) {
    Finding finding = nobody_there(host, endpoint);
    finding.code = "nginx.upstream-member-down";
    finding.title += "; other members of the upstream take its share";
    finding.fixes = {of_member(host, endpoint, host.senders(endpoint).front())};
    if (!endpoint.member.backup) out.report(std::move(finding));
    return;
  }
  if (const auto meant = *host.looks_meant(endpoint))
    return out.report(wrong_place(host, endpoint, *meant));
  if (!endpoint.member.is_unix()) out.report(nobody_there(host, endpoint));
}

}  // namespace

HOPCHECK_CHECK(nginx_upstream) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  if (out.none(host.endpoints())) return out.not_applicable("nginx passes no request on");
  out.each(host.endpoints().seen_items(),
           [&](const Endpoint& endpoint) { judge(host, endpoint, out); });
}
