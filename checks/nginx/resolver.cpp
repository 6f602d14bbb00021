// nginx can look up the names that it passes requests to.
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"
#include "hopcheck/lines.h"
#include "hopcheck/logs.h"
#include "hopcheck/names.h"
#include "hopcheck/proxy_pass.h"

using namespace hopcheck;

namespace {

bool has_variable(const Route& route) {
  using Kind = nginx::Action::Kind;
  const Kind kind = route.action.kind;
  const bool passes = kind == Kind::proxy_pass || kind == Kind::uwsgi_pass ||
                      kind == Kind::fastcgi_pass || kind == Kind::grpc_pass;
  return passes && route.instance != nullptr && route.server != nullptr &&
         written_target(route).find('$') != std::string::npos;
}

/// "app.internal" of "no resolver defined to resolve app.internal".
std::string name_in(const Logged& logged) {
  static const std::string kWords = "no resolver defined to resolve ";
  const std::string message = logged.message();
  const auto at = message.find(kWords);
  if (at == std::string::npos) return {};
  const auto begin = at + kWords.size();
  return message.substr(begin, message.find_first_of(", ", begin) - begin);
}

/// The newest line of the log that speaks of this route's location or of its name.
std::optional<Logged> logged_for(const Route& route, const std::string& name,
                                 const std::vector<Logged>& all) {
  std::optional<Logged> found;
  for (const Logged& logged : all) {
    if (logged.what != "no-resolver" || (found && found->seen.last >= logged.seen.last)) continue;
    const auto place = place_of(*route.instance, logged.server, logged.path);
    const bool here = place && place->server == route.server && place->location == route.location;
    if (here || (!name.empty() && name_in(logged) == name)) found = logged;
  }
  return found;
}

/// A requested route of this location gets a 502 of nginx's own; null: none does.
const Route* failing(const Deployment& host, const Route& like) {
  for (const Route& route : host.routes()) {
    if (!route.requested() || route.location != like.location || route.server != like.server)
      continue;
    const auto probe = host.probe(route);
    if (probe.seen() && probe->answered() && probe->status == 502 &&
        author(*probe) == Author::nginx)
      return &route;
  }
  return nullptr;
}

/// The target without variables, "" where it cannot be written so.
std::string plain_target(const Route& route) {
  std::string text =
      nginx::with_values(*route.instance->config, block_of(route), written_target(route)).text;
  const std::string own_path = "$request_uri";
  if (text.ends_with(own_path)) text.resize(text.size() - own_path.size());
  return text.find('$') == std::string::npos ? text : "";
}

std::vector<Fix> fixes(const Deployment& host, const Route& route, const std::string& name) {
  Fix fix;
  std::optional<Edit> edit;
  const auto known = addresses_in_hosts(host, name);
  const auto servers = name_servers(host);
  const std::string plain = plain_target(route);
  if (known.seen() && !known->empty() && !plain.empty()) {
    fix.summary = fmt::format(
        "write {} without a variable: nginx then asks the system, whose /etc/hosts has it", name);
    edit = replaced_in_line(host, route.action.from, written_target(route), plain);
  } else if (servers.seen() && !servers->empty()) {
    const std::string& first = servers->front();
    const std::string address = first.find(':') == std::string::npos ? first : "[" + first + "]";
    fix.summary = fmt::format("let nginx ask {}, the name server of this host", first);
    edit = line_before(host, route.action.from, fmt::format("resolver {};", address));
  } else {
    fix.summary = "name a resolver in the location or around it: resolver ADDRESS;";
  }
  if (edit) {
    fix.edits = {*edit};
    fix.commands = {route.instance->load_command()};
    fix.interrupts = Interrupts::reload;
  }
  return {std::move(fix)};
}

void judge(const Deployment& host, const Route& route, const std::vector<Logged>& logged,
           Outcome& out) {
  const nginx::Config& config = *route.instance->config;
  if (nginx::in_force(config, block_of(route), "resolver")) return;
  if (!config.missing.empty()) throw NotSeen(config.missing.front());
  const auto wanted = name_to_resolve(route);
  if (wanted.seen() && wanted->empty()) return;
  const auto said = logged_for(route, wanted.seen() ? *wanted : "", logged);
  const Route* fails = failing(host, route);
  if (!said && (!wanted.seen() || fails == nullptr)) {
    if (!wanted.seen()) throw NotSeen(wanted.unseen());
    return;
  }
  const std::string name = wanted.seen() ? *wanted : name_in(*said);
  Finding finding;
  finding.code = "nginx.no-resolver";
  finding.confidence = said ? Confidence::certain : Confidence::likely;
  finding.title = fmt::format(
      "nginx cannot look up {}: with a variable in {} it asks a resolver, and none is set", name,
      route.action.from.text.substr(0, route.action.from.text.find(' ')));
  finding.about = {location_node(route)};
  finding.evidence = {route.action.from};
  for (const Evidence& from :
       nginx::with_values(config, block_of(route), written_target(route)).from)
    finding.evidence.push_back(from);
  if (said) finding.evidence.push_back(said->evidence());
  if (fails != nullptr) finding.evidence.push_back(cite(fails->request, *host.probe(*fails)));
  finding.fixes = fixes(host, route, name);
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_resolver) {
  std::vector<const Route*> passed;
  std::set<std::string> known;
  for (const Route& route : host.routes()) {
    if (has_variable(route) && known.insert(location_node(route)).second) passed.push_back(&route);
  }
  out.none(host.requested());
  if (passed.empty()) return out.not_applicable("nginx passes nothing on by way of a variable");
  if (host.files_only()) return out.not_applicable("nothing is looked up where nothing runs");
  out.each(passed, [&](const Route* route) {
    if (!*route->instance->running) return;
    const auto logged = current_errors(host, *route->instance);
    out.none(logged);
    judge(host, *route, logged.seen_items(), out);
  });
}
