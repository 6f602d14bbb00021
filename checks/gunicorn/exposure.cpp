// An application server behind nginx is not open to everybody.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/ini.h"
#include "hopcheck/mend.h"

using namespace hopcheck;

namespace {

/// The load balancer itself talks to this port.
bool is_target(const Deployment& host, const Listener& listener) {
  return host.requested().any(
      [&](const Route* route) { return route->request.port == listener.port; });
}

bool behind_nginx(const Deployment& host, const Listener& listener) {
  return host.endpoints().any([&](const Endpoint& endpoint) {
    if (endpoint.member.is_unix() || host.senders(endpoint).empty()) return false;
    return listener.serves(endpoint.member.host == "localhost" ? "127.0.0.1" : endpoint.member.host,
                           endpoint.member.port);
  });
}

std::vector<Located<std::string>> binds_of(const Deployment& host, const AppServer& app) {
  if (app.kind == AppServer::Kind::uwsgi)
    return uwsgi_values(host, app, {"socket", "uwsgi-socket", "http-socket", "http"});
  const auto* binds = app.gunicorn.bind.if_seen();
  return binds == nullptr ? std::vector<Located<std::string>>{} : *binds;
}

/// nginx talks to this port by another address than loopback: that changes with the bind. False
/// where its line cannot be written anew.
bool follow_bind(const Deployment& host, const Listener& listener, const std::string& bind,
                 Fix& fix) {
  for (const Endpoint& endpoint : host.endpoints().seen_items()) {
    const nginx::Member& member = endpoint.member;
    if (member.is_unix() || member.host == "localhost" || is_loopback(member.host) ||
        !listener.serves(member.host, member.port))
      continue;
    const auto edit = replaced(host, member.from, member.text(), bind);
    const auto senders = host.senders(endpoint);
    if (!edit || senders.empty() || senders.front().instance == nullptr) return false;
    fix.edits.push_back(*edit);
    fix.commands.push_back(senders.front().instance->load_command());
  }
  return true;
}

Fix bind_to_loopback(const Deployment& host, const AppServer& app, const Listener& listener) {
  Fix fix;
  const std::string bind = fmt::format("127.0.0.1:{}", listener.port);
  fix.summary = fmt::format("bind {} to {}", kind_name(app.kind), bind);
  for (const auto& each : binds_of(host, app)) {
    const auto colon = each.value.rfind(':');
    if (colon == std::string::npos || each.value.substr(colon + 1) != std::to_string(listener.port))
      continue;
    if (bind_elsewhere(host, app, each.value, bind, fix)) break;
  }
  if (fix.edits.empty() || follow_bind(host, listener, bind, fix)) return fix;
  Fix words;
  words.summary = fix.summary + ", and let nginx connect there";
  return words;
}

}  // namespace

HOPCHECK_CHECK(gunicorn_exposure) {
  std::vector<const AppServer*> servers;
  for (const AppServer& app : *host.app_servers()) {
    if (app.kind == AppServer::Kind::gunicorn || app.kind == AppServer::Kind::uwsgi)
      servers.push_back(&app);
  }
  if (servers.empty()) return out.not_applicable("neither gunicorn nor uWSGI runs here");
  if (host.addresses()->empty()) return out.not_applicable("this host has no address but loopback");
  out.each(servers, [&](const AppServer* app) {
    if (!app->listeners_complete)
      throw NotSeen({Unseen::Why::denied, "which sockets " + app->text() + " holds", "root"});
    for (const Listener& listener : app->listeners) {
      if (listener.kind != Listener::Kind::tcp || listener.is_loopback()) continue;
      if (!behind_nginx(host, listener) || is_target(host, listener)) continue;
      Finding finding;
      finding.code = app->kind == AppServer::Kind::uwsgi ? "uwsgi.direct-exposure"
                                                         : "gunicorn.direct-exposure";
      finding.when = When::if_attacked;
      finding.confidence = Confidence::likely;  // a firewall outside this host may close it
      finding.title = fmt::format("{} listens on {} though nginx stands in front of it",
                                  app->text(), listener.text());
      finding.about = {"listener:" + listener.text()};
      finding.evidence = {cite(listener)};
      for (const auto& bind : binds_of(host, *app)) finding.evidence.push_back(bind.from);
      finding.fixes = {bind_to_loopback(host, *app, listener)};
      out.report(std::move(finding));
    }
  });
}
