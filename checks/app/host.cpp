// The application answers the load balancer's Host as it answers the site's name.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lb_commands.h"
#include "hopcheck/lines.h"
#include "hopcheck/server_blocks.h"
#include "hopcheck/source_lines.h"

using namespace hopcheck;

namespace {

/// A status by which a framework turns a Host away; a redirect or a login has other reasons.
bool may_be_host(const Exchange& exchange) {
  if (!exchange.answered() || author(exchange) == Author::nginx) return false;
  return exchange.status == 400 || exchange.status == 403 || exchange.status == 404 ||
         exchange.status == 421;
}

bool ends_at_app(const Route& route) {
  using Kind = nginx::Action::Kind;
  return !route.endpoints.empty() &&
         (route.instance == nullptr || route.action.kind == Kind::proxy_pass ||
          route.action.kind == Kind::uwsgi_pass);
}

bool is_plain(const std::string& path) {
  return path.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "/_.-") == std::string::npos;
}

/// A location for the health check alone, with the site's name as Host; nothing where nginx does
/// not stand between, or where the location is more than a plain pass.
std::optional<Fix> name_in_nginx(const Deployment& host, const Route& route,
                                 const std::string& name) {
  using Match = nginx::Location::Match;
  if (route.instance == nullptr || route.location == nullptr || !is_plain(route.request.path) ||
      route.action.kind != nginx::Action::Kind::proxy_pass ||
      route.location->match == Match::exact || route.location->match == Match::named)
    return std::nullopt;
  const std::string& target = route.action.target;
  const auto rest = target.find("://");
  const bool has_uri = rest == std::string::npos || target.find('/', rest + 3) != std::string::npos;
  const bool is_unix = target.find("://unix:") != std::string::npos;
  if (has_uri && (!is_unix || target.find(':', target.find("unix:") + 5) != std::string::npos))
    return std::nullopt;
  const auto edit =
      line_before(host, route.location->from,
                  fmt::format("location = {} {{ proxy_set_header Host {}; proxy_pass {}; }}",
                              route.request.path, name, target));
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("let nginx send {} as the Host of the health check", name);
  fix.edits = {*edit};
  fix.commands = {route.instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

class Report {
 public:
  Report(const Deployment& host, const Route& route, const Exchange& exchange, std::string name)
      : host_(host), route_(route), exchange_(exchange), name_(std::move(name)) {}

  Finding finding(const Exchange& named) {
    const bool refused = exchange_.status == 400 || exchange_.status == 421;
    finding_.code = refused ? "app.trusted-hosts-reject" : "app.server-name-mismatch";
    const auto app = host_.app_behind(route_.endpoints.front());
    app_ = app.seen() ? *app : nullptr;
    finding_.title =
        fmt::format("{} answers {} to {} with Host {}, and {} with Host {}",
                    app_ != nullptr ? app_->text() : "the application", exchange_.status,
                    route_.request.path, sent(), named.status, name_);
    finding_.about = {route_.node(), route_.endpoints.front().node()};
    finding_.evidence = {cite(route_.request, exchange_)};
    Evidence other = cite(route_.request, named);
    other.source += " (Host: " + name_ + ")";
    finding_.evidence.push_back(other);
    add_setting(refused ? "TRUSTED_HOSTS" : "SERVER_NAME");
    finding_.evidence.push_back(
        cite_setting("host", sent(), route_.target->lb.host.from, route_.target->lb.host.source));
    add_fixes();
    return finding_;
  }

 private:
  std::string sent() const { return route_.request.host.empty() ? "(none)" : route_.request.host; }

  void add_setting(const std::string& word) {
    if (app_ == nullptr) return;
    auto lines = source_lines(host_, *app_, word);
    if (lines.empty() && word == "TRUSTED_HOSTS")
      lines = source_lines(host_, *app_, "trusted_hosts");
    for (Evidence line : lines) {
      line.text.erase(0, line.text.find_first_not_of(" \t"));
      finding_.evidence.push_back(std::move(line));
    }
    if (lines.empty()) return;
    at_ = lines.front();
    setting_ = fmt::format(" ({}:{})", at_.source, at_.line);
  }

  /// The address as one more word of the list in the application's source.
  std::optional<Fix> one_more_host() const {
    const auto begin = at_.text.find('[', at_.text.find('='));
    const auto end = at_.text.find(']', begin);
    const auto quote = at_.text.rfind('"', end);
    if (app_ == nullptr || app_->unit.empty() || begin == std::string::npos ||
        end == std::string::npos || quote == std::string::npos || quote < begin)
      return std::nullopt;
    const std::string last = at_.text.substr(quote, end + 1 - quote);
    // Names are compared without their port.
    const std::string address = sent().substr(0, sent().rfind(':'));
    std::string line = at_.text;
    line.replace(quote, last.size(), fmt::format("\", \"{}\"]", address));
    Fix fix;
    fix.summary = fmt::format("let the application take {} as a Host", address);
    fix.edits = {{at_.source, at_.line, at_.text, line}};
    fix.commands = {"systemctl restart " + shell_quote(app_->unit)};
    fix.interrupts = Interrupts::restart;
    return fix;
  }

  void add_fixes() {
    if (auto fix = name_in_nginx(host_, route_, name_)) finding_.fixes.push_back(std::move(*fix));
    const auto in_source = one_more_host();
    if (in_source) finding_.fixes.push_back(*in_source);
    if (can_send_host(route_.target->lb)) {
      Fix lb;
      lb.summary = fmt::format("let the load balancer's health check send Host {}", name_);
      lb.on = On::lb;
      finding_.fixes.push_back(std::move(lb));
    }
    if (in_source) return;
    Fix repo;
    repo.summary =
        finding_.code == "app.server-name-mismatch"
            ? fmt::format(
                  "leave SERVER_NAME{} out: with it the application answers to that "
                  "name alone",
                  setting_)
            : fmt::format("add {} to the hosts that the application takes{}", sent(), setting_);
    repo.on = On::repo;
    finding_.fixes.push_back(std::move(repo));
  }

  const Deployment& host_;
  const Route& route_;
  const Exchange& exchange_;
  std::string name_;
  const AppServer* app_{nullptr};
  Evidence at_{};
  std::string setting_{};  ///< " (/srv/shop/shop.py:4)"
  Finding finding_{};
};

void judge(const Deployment& host, const Route& route, Outcome& out) {
  const std::string name = site_name(*route.target);
  const Fact<Exchange> probe = host.probe(route);
  const Exchange& exchange = *probe;
  if (route.target->lb.codes.value.contains(exchange.status) || !may_be_host(exchange)) return;
  const auto wrong = *wrong_block(host, route);
  if (wrong && wrong->grounds == WrongBlock::Grounds::written) return;
  const Fact<Exchange> named = probe_as(host, route, name);
  if (!named->answered() || !route.target->lb.codes.value.contains(named->status)) return;
  out.report(Report(host, route, exchange, name).finding(*named));
}

}  // namespace

HOPCHECK_CHECK(app_host) {
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> probes;
  for (const Route* route : host.requested().seen_items()) {
    if (route->kind != Route::Kind::probe || route->request.scheme == "tcp") continue;
    const std::string name = site_name(*route->target);
    if (name.empty() || name == route->request.host || route->target->lb.path.assumed()) continue;
    if (!route->followed.seen()) out.not_seen(route->followed.unseen());
    if (ends_at_app(*route)) probes.push_back(route);
  }
  if (probes.empty())
    return out.not_applicable("the load balancer sends the site's name, or it is not known");
  out.each(probes, [&](const Route* route) { judge(host, *route, out); });
}
