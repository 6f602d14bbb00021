// The app servers of this host: what their processes show, then what their units add.
#include <algorithm>

#include "facts/app/servers.h"
#include "facts/app/supervisor.h"
#include "model/state.h"

namespace hopcheck {

const Fact<std::vector<AppServer>>& running_servers(const Deployment& deployment,
                                                    Deployment::State& state) {
  return state.running_servers.get([&]() -> Fact<std::vector<AppServer>> {
    const auto& table = deployment.processes();
    if (!table.seen()) return table.unseen();
    return app_servers(*table, deployment.listeners().if_seen(),
                       [&](const std::string& path) { return state.host.ask(ask::read(path)); });
  });
}

Fact<std::vector<AppServer>> complete_servers(const Deployment& deployment,
                                              Deployment::State& state) {
  const auto& running = running_servers(deployment, state);
  if (!running.seen()) return running.unseen();
  std::vector<AppServer> servers = *running;
  const auto* units = deployment.units().if_seen();
  if (units == nullptr) return servers;
  for (auto& server : servers) {
    for (const auto& unit : units->seen_items()) {
      if (unit.name != server.unit) continue;
      complete_from_unit(server, unit,
                         [&](const std::string& path) { return state.host.ask(ask::read(path)); });
    }
  }
  return servers;
}

const Partial<SupervisorProgram>& Deployment::supervisor_programs() const {
  return state_->supervisor_programs.get([&] {
    constexpr const char* kFolder = "/etc/supervisor/conf.d";
    Partial<SupervisorProgram> programs;
    const Answer files = state_->host.ask(ask::list(kFolder));
    if (files.status == Answer::Status::unseen) programs.add_missing(files.why);
    for (const std::string& name : files_in(files)) {
      if (!name.ends_with(".conf")) continue;
      const std::string file = std::string(kFolder) + "/" + name;
      const Answer text = state_->host.ask(ask::read(file));
      if (text.status == Answer::Status::unseen) programs.add_missing(text.why);
      for (auto& program : parse_supervisor(file, text.text)) programs.add(std::move(program));
    }
    return programs;
  });
}

}  // namespace hopcheck
