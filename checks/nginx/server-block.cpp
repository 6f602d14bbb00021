// The server block that is meant for the site answers its requests.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/server_blocks.h"

using namespace hopcheck;

namespace {

using Why = WrongBlock::Why;
using Grounds = WrongBlock::Grounds;

bool passes(const nginx::Action& action) {
  using Kind = nginx::Action::Kind;
  return action.kind == Kind::proxy_pass || action.kind == Kind::uwsgi_pass ||
         action.kind == Kind::fastcgi_pass || action.kind == Kind::grpc_pass;
}

/// A name of the block that answers is the site's.
bool is_named(const Route& route) {
  return server_is_named(*route.server, site_name(*route.target));
}

/// Where the request arrives, as something that can be listened on.
Endpoint at_nginx(const Route& route) {
  Endpoint endpoint;
  endpoint.member.host = route.request.address;
  endpoint.member.port = route.request.port;
  return endpoint;
}

bool is_welcome(const Exchange& exchange) {
  return exchange.answered() && exchange.body.find("Welcome to nginx") != std::string::npos;
}

/// Refused or not found by the block that answers: what is behind it is another check's.
bool is_turned_away(const Route& route, const Exchange& exchange) {
  if (!exchange.answered())
    return exchange.outcome == Exchange::Outcome::reset && exchange.connected;
  if (exchange.status >= 500 && passes(route.action)) return false;
  return route.kind == Route::Kind::probe ? !route.target->lb.codes.value.contains(exchange.status)
                                          : exchange.status >= 400;
}

std::string place(const nginx::ServerBlock& server) {
  return fmt::format("{}:{}", server.from.source, server.from.line);
}

std::string what_it_does(const Exchange& exchange) {
  if (is_welcome(exchange)) return "with nginx's welcome page";
  return exchange.answered() ? std::to_string(exchange.status) : "by closing the connection";
}

/// Whether the answer is a fault of the choice of the block. `shown`: the meant block was seen to
/// answer as wanted.
bool is_wrong(const WrongBlock& wrong, const Exchange& exchange) {
  const Route& route = *wrong.route;
  const bool bad =
      is_turned_away(route, exchange) || (route.kind == Route::Kind::site && is_welcome(exchange));
  switch (wrong.grounds) {
    case Grounds::written:
      return bad || (route.kind == Route::Kind::site && !passes(route.action) &&
                     passes(wrong.would) && wrong.why != Why::same_name);
    case Grounds::only_other:
      return bad && !passes(route.action);
    default:
      // A block without a name of its own is meant to serve every name.
      return bad || (route.kind == Route::Kind::site && has_real_name(*route.server));
  }
}

class Report {
 public:
  Report(const Deployment& host, const WrongBlock& wrong, const Exchange& exchange)
      : host_(host), wrong_(wrong), route_(*wrong.route), exchange_(exchange) {}

  /// Nothing where the meant block does not answer better.
  std::optional<Finding> finding() {
    if (!is_wrong(wrong_, exchange_)) return std::nullopt;
    const bool shown = ask_the_meant();
    const bool only_host = route_.kind == Route::Kind::probe && wrong_.why == Why::not_named &&
                           wrong_.grounds == Grounds::written;
    if (only_host && !shown) return std::nullopt;
    finding_.code = code();
    finding_.title = title();
    finding_.detail = detail();
    finding_.about = {"server:" + route_.server->label()};
    finding_.confidence = shown ? Confidence::certain : Confidence::likely;
    cite_all();
    finding_.fixes = ways_to_meant(host_, wrong_, hosts());
    if (finding_.fixes.empty()) finding_.fixes = {in_words()};
    return finding_;
  }

 private:
  std::string code() const {
    if (wrong_.why == Why::same_name) return "nginx.conflicting-server-name";
    if (wrong_.why == Why::listen_address) return "nginx.listen-address-shadows";
    return is_default_site(*route_.instance, *route_.server) ? "nginx.default-site-enabled"
                                                             : "nginx.server-name-mismatch";
  }

  /// Asks with a name that leads to the meant block; true: it answers as wanted.
  bool ask_the_meant() {
    if (wrong_.why != Why::not_named) return false;
    const std::string name =
        wrong_.grounds == Grounds::written ? wrong_.name : plain_name(*wrong_.meant);
    if (name.empty()) return false;
    const auto answer = probe_as(host_, route_, name);
    if (!answer.seen()) {
      if (wrong_.grounds == Grounds::written) throw NotSeen(answer.unseen());
      return false;
    }
    Evidence seen = cite(route_.request, *answer);
    seen.source += " (Host: " + name + ")";
    asked_ = seen;
    return answer->answered() && !is_turned_away(route_, *answer) && answer->status < 500;
  }

  std::string title() const {
    const std::string host = route_.request.host;
    const std::string sent = route_.kind == Route::Kind::probe
                                 ? fmt::format("{} {} with Host {}", route_.request.method,
                                               route_.request.path, host.empty() ? "(none)" : host)
                                 : fmt::format("{}", route_.target->site.url.value);
    const std::string answers = fmt::format("{} is answered by {} ({})", sent,
                                            place(*route_.server), what_it_does(exchange_));
    if (wrong_.why == Why::same_name)
      return fmt::format("{}; {} has the same name and is ignored", answers, place(*wrong_.meant));
    if (wrong_.why == Why::listen_address)
      return fmt::format("{}, because it listens on {} and {} on {}", answers,
                         address_text(wrong_.taken_by->address, wrong_.taken_by->port),
                         place(*wrong_.meant),
                         address_text(wrong_.meant_listen->address, wrong_.meant_listen->port));
    if (wrong_.grounds == Grounds::written)
      return fmt::format("{}, not by {}, which is named {}", answers, place(*wrong_.meant),
                         wrong_.name);
    return fmt::format("{}: no server_name is {}", answers, wrong_.name) +
           (plain_name(*wrong_.meant).empty()
                ? ""
                : fmt::format(", {} has {}", place(*wrong_.meant), plain_name(*wrong_.meant)));
  }

  std::string detail() const {
    switch (wrong_.why) {
      case Why::same_name:
        return "Of two blocks with one name on one address nginx keeps the one that it reads "
               "first, in the order of the file names.";
      case Why::listen_address:
        return "nginx looks for the address of the connection first: where a block listens on "
               "that very address, the names of blocks that listen on all addresses are not looked "
               "at.";
      case Why::not_named:
        break;
    }
    return wrong_.taken_by != nullptr && wrong_.taken_by->default_server
               ? "No server_name fits the Host, so the block with default_server answers."
               : "No server_name fits the Host, so the first block of that address answers.";
  }

  void cite_all() {
    finding_.evidence = {cite(route_.request, exchange_), route_.server->from};
    if (wrong_.taken_by != nullptr) finding_.evidence.push_back(wrong_.taken_by->from);
    finding_.evidence.push_back(wrong_.meant->from);
    if (wrong_.why == Why::listen_address) finding_.evidence.push_back(wrong_.meant_listen->from);
    const auto& config = *route_.instance->config;
    if (const auto names = config.at(wrong_.meant->directive).child("server_name"))
      finding_.evidence.push_back(names->evidence());
    add_warning();
    if (asked_) finding_.evidence.push_back(*asked_);
    if (wrong_.grounds != Grounds::written)
      finding_.evidence.push_back(
          cite("url", route_.target->site.url, route_.target->site.url.value));
  }

  /// nginx's own words on two blocks with one name.
  void add_warning() {
    if (wrong_.why != Why::same_name) return;
    const auto warnings = nginx_warnings(host_, *route_.instance);
    if (!warnings.seen()) return;
    const auto said =
        std::find_if(warnings->begin(), warnings->end(), [&](const std::string& warning) {
          return warning.starts_with("conflicting server name \"" + wrong_.name + "\"");
        });
    if (said == warnings->end()) return;
    finding_.confidence = Confidence::certain;
    finding_.evidence.push_back(
        {EvidenceKind::command, route_.instance->command("-t"), 0, *said, false});
  }

  /// The Hosts that must come to the meant block: the site's, and the probe's where that fails.
  std::vector<std::string> hosts() const {
    std::vector<std::string> hosts{wrong_.name};
    for (const Route* route : host_.requested().seen_items()) {
      if (route->target != route_.target || route->kind != Route::Kind::probe ||
          route->server != route_.server || route->request.host.empty())
        continue;
      const auto probe = host_.probe(*route);
      if (probe.seen() && is_turned_away(*route, *probe)) hosts.push_back(route->request.host);
    }
    return hosts;
  }

  Fix in_words() const {
    Fix fix;
    fix.summary = fmt::format(
        "let the block at {} have {} in its server_name, and a listen like "
        "that of {}",
        place(*wrong_.meant), fmt::join(hosts(), " and "), place(*route_.server));
    fix.commands = {route_.instance->load_command()};
    fix.interrupts = Interrupts::reload;
    return fix;
  }

  const Deployment& host_;
  const WrongBlock& wrong_;
  const Route& route_;
  const Exchange& exchange_;
  Finding finding_{};
  std::optional<Evidence> asked_{};
};

/// The site's name stands in no block that nginx reads; a file beside them has it.
class Beside {
 public:
  Beside(const Deployment& host, const Route& route) : host_(host), route_(route) {}

  std::optional<Finding> finding(const nginx::Instance& instance) {
    const std::string name = site_name(*route_.target);
    const auto unused = *unused_site(host_, instance, name);
    if (!unused) return std::nullopt;
    const Fact<Exchange> probe = host_.probe(route_);
    const Exchange& exchange = *probe;
    Finding finding;
    finding.code = "nginx.site-not-included";
    finding.title =
        fmt::format("nginx does not read {}, which is written for {}: {}", unused->file, name,
                    route_.server == nullptr
                        ? fmt::format("no server block is left for port {}", route_.request.port)
                        : fmt::format("{} answers in its place ({})", place(*route_.server),
                                      what_it_does(exchange)));
    finding.about = {route_.server == nullptr ? route_.nodes.back()
                                              : "server:" + route_.server->label()};
    finding.evidence = {cite(route_.request, exchange), unused->from};
    if (route_.server != nullptr) finding.evidence.push_back(route_.server->from);
    finding.fixes = {fix(*unused, instance)};
    return finding;
  }

 private:
  Fix fix(const UnusedSite& unused, const nginx::Instance& instance) const {
    Fix fix;
    fix.summary = "put it where nginx reads it";
    if (!unused.command.empty()) fix.commands.push_back(unused.command);
    // It would still take the requests of the load balancer, which carry an address.
    const LeaveOut way = route_.server != nullptr && is_default_site(instance, *route_.server)
                             ? leave_out(host_, route_.server->from.source)
                             : LeaveOut{};
    if (!way.command.empty()) {
      fix.summary += fmt::format(", and take nginx's own page out ({})",
                                 way.keeps.empty() ? route_.server->from.source : way.keeps);
      fix.commands.push_back(way.command);
    }
    fix.commands.push_back(instance.load_command());
    fix.interrupts = Interrupts::reload;
    return fix;
  }

  const Deployment& host_;
  const Route& route_;
};

/// The site's own page is refused, is nginx's welcome page, or comes from a block of another name.
bool is_strangers(const Route& route, const Exchange& exchange) {
  return is_turned_away(route, exchange) || is_welcome(exchange) || has_real_name(*route.server);
}

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const auto wrong = *wrong_block(host, route);
  const Fact<Exchange> probe = host.probe(route);
  const Exchange& exchange = *probe;
  const bool written = wrong && wrong->grounds == Grounds::written;
  if (!written && route.kind == Route::Kind::site && !is_named(route) &&
      is_strangers(route, exchange)) {
    if (auto finding = Beside(host, route).finding(*route.instance))
      return out.report(std::move(*finding));
  }
  if (!wrong) return;
  if (auto finding = Report(host, *wrong, exchange).finding()) out.report(std::move(*finding));
}

/// nginx runs and has no block for the port.
void judge_empty(const Deployment& host, const Route& route, Outcome& out) {
  if (!*route.followed || !route.endpoints.empty()) return;
  for (const nginx::Instance& instance : *host.nginx()) {
    if (!*instance.running) continue;
    if (auto finding = Beside(host, route).finding(instance))
      return out.report(std::move(*finding));
  }
}

/// A path that nobody named is a guess; that it fails says nothing of the block.
bool is_guess(const Route& route) {
  return route.kind == Route::Kind::probe && route.target->lb.path.assumed();
}

}  // namespace

HOPCHECK_CHECK(nginx_server_block) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> through;
  for (const Route* route : host.requested().seen_items()) {
    if (route->request.scheme == "tcp" || is_guess(*route)) continue;
    if (site_name(*route->target).empty()) continue;
    if (!route->followed.seen() && route->server == nullptr)
      out.not_seen(route->followed.unseen());
    else if (route->server != nullptr || route->kind == Route::Kind::site)
      through.push_back(route);
  }
  if (through.empty())
    return out.not_applicable("no request passes through nginx, or the site's name is not known");
  // The site's own requests first: what is wrong with them is the better story.
  std::stable_sort(through.begin(), through.end(), [](const Route* a, const Route* b) {
    return (a->kind == Route::Kind::site) > (b->kind == Route::Kind::site);
  });
  out.each(through, [&](const Route* route) {
    if (route->server != nullptr) return judge(host, *route, out);
    if (host.surely_unserved(at_nginx(*route))) judge_empty(host, *route, out);
  });
}
