// The hop of the application: its process, its unit, and the settings that shape its answers.
#include <algorithm>

#include <fmt/format.h>

#include "trace/trail.h"

namespace hopcheck {
namespace {

template <class T>
void add_setting(const char* name, const Fact<Located<T>>& setting, AppHop& detail) {
  const auto* seen = setting.if_seen();
  if (seen == nullptr) return;
  std::string value;
  if constexpr (std::is_same_v<T, bool>) {
    value = seen->value ? "True" : "False";
  } else {
    value = fmt::format("{}", seen->value);
  }
  detail.settings.push_back({name, std::move(value), line_of(seen->from)});
}

void describe(const AppServer& app, TraceHop& hop, AppHop& detail) {
  hop.text = app.text();
  detail.program = app.kind == AppServer::Kind::other && !app.program.empty() ? app.program
                                                                              : kind_name(app.kind);
  detail.app = app.app;
  detail.pid = app.pid;
  detail.unit = app.unit;
  if (app.kind != AppServer::Kind::gunicorn) return;
  add_setting("workers", app.gunicorn.workers, detail);
  add_setting("threads", app.gunicorn.threads, detail);
  add_setting("worker_class", app.gunicorn.worker_class, detail);
  add_setting("timeout", app.gunicorn.timeout_s, detail);
  std::vector<std::string> words;
  for (const AppHop::Value& value : detail.settings)
    words.push_back(fmt::format("{} {}", value.name, value.value));
  if (!words.empty()) hop.notes.push_back(fmt::format("{}", fmt::join(words, ", ")));
}

/// What systemd says of the unit that is meant to run it.
void describe(const Unit& unit, TraceHop& hop, AppHop& detail) {
  detail.unit = unit.name;
  hop.text = unit.name;
  if (!unit.state.seen()) return mark_unseen(hop, unit.state.unseen());
  const UnitState& state = *unit.state;
  hop.text = fmt::format("{}: {} ({})", unit.name, state.active, state.sub);
  if (state.load == "masked" || state.load == "not-found") {
    hop.status = HopStatus::fail;
    hop.reason = fmt::format("{} is {}", unit.name, state.load);
    hop.explain = "systemd.unit-masked-or-missing";
  } else if (state.is_failing()) {
    hop.status = HopStatus::fail;
    hop.reason = fmt::format("{} failed: {}", unit.name, exit_words(state));
    hop.explain = "systemd.unit-failed";
  } else if (state.active == "inactive" && state.triggered_by.empty()) {
    hop.status = HopStatus::fail;
    hop.reason = unit.name + " was not started";
    hop.explain = "systemd.unit-not-started";
  }
}

/// Nothing that is known as an application holds the endpoint.
void describe_other(const Trail& trail, const Endpoint& endpoint, TraceHop& hop, AppHop& detail) {
  const Listener* listener = trail.host.listener_of(endpoint);
  const Process* holder = listener == nullptr ? nullptr : holder_of(trail.host, *listener);
  if (holder != nullptr && holder->pid != 1) {
    hop.text = fmt::format("{} (pid {})", holder->name, holder->pid);
    detail.program = holder->name;
    detail.pid = holder->pid;
    detail.unit = holder->unit;
    return;
  }
  const auto unit = trail.host.unit_behind(trail.route());
  if (*unit != nullptr) {
    describe(**unit, hop, detail);
  } else {
    hop.status = HopStatus::unknown;
    hop.reason = "which unit is to run it is not known";
  }
  if (hop.status == HopStatus::pass && listener == nullptr) {
    hop.status = HopStatus::fail;
    hop.reason = fmt::format("it does not serve {}", endpoint.member.text());
  }
  if (hop.status == HopStatus::pass) hop.notes.emplace_back("systemd holds its socket");
}

/// uwsgi's own protocol and HTTP do not understand each other.
void judge_protocol(const Trail& trail, const AppServer& app, TraceHop& hop) {
  if (!trail.chosen || trail.chosen->action.kind != nginx::Action::Kind::uwsgi_pass) return;
  if (app.kind == AppServer::Kind::uwsgi || app.kind == AppServer::Kind::other) return;
  hop.status = HopStatus::fail;
  hop.reason = fmt::format("nginx speaks uwsgi to {}, which speaks HTTP", app.text());
  hop.explain = "nginx.uwsgi-pass-to-http";
}

}  // namespace

void add_app(Trail& trail) {
  if (trail.endpoints.empty()) return;
  const Endpoint& endpoint = trail.served != nullptr ? *trail.served : trail.endpoints.front();
  TraceHop hop;
  hop.hop = "app";
  AppHop detail;
  try {
    if (!*trail.host.is_local(endpoint))
      throw NotSeen({Unseen::Why::undecidable, "it runs on another host", {}});
    const AppServer* app = *trail.host.app_behind(endpoint);
    if (app != nullptr) {
      describe(*app, hop, detail);
      judge_protocol(trail, *app, hop);
    } else {
      describe_other(trail, endpoint, hop, detail);
    }
  } catch (const NotSeen& not_seen) {
    mark_unseen(hop, not_seen.unseen());
  }
  hop.detail = std::move(detail);
  trail.hops.push_back(std::move(hop));
}

}  // namespace hopcheck
