// The options of a running uWSGI.
#include "hopcheck/uwsgi.h"

#include "facts/app/uwsgi.h"
#include "model/state.h"

namespace hopcheck {

Fact<bool> reloads_on_term(const Deployment& host, const AppServer& app) {
  const Unseen unread{Unseen::Why::undecidable, "what " + app.text() + " was told", {}};
  if (!host.processes().seen()) return host.processes().unseen();
  for (const Process& process : host.processes()->seen_items()) {
    if (process.pid != app.pid) continue;
    const auto settings = uwsgi_settings(
        process.argv, process.cwd.seen() ? *process.cwd : std::string(),
        [&](const std::string& path) { return host.state().host.ask(ask::read(path)); });
    // The environment (UWSGI_DIE_ON_TERM) is not read; a unit's is.
    if (!settings.complete) return unread;
    return settings.master && !settings.emperor && !settings.dies_on_term;
  }
  return unread;
}

}  // namespace hopcheck
