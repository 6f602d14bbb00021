// systemd units of interest: nginx's, the app servers', and those whose command names one.
#include <algorithm>
#include <set>

#include "facts/app/gunicorn.h"
#include "facts/systemd/app_command.h"
#include "facts/systemd/show.h"
#include "facts/systemd/unit_file.h"
#include "model/state.h"

namespace hopcheck {
namespace {

constexpr const char* kUnitFolders[] = {"/etc/systemd/system", "/run/systemd/system"};
constexpr const char* kShippedFolders[] = {"/lib/systemd/system", "/usr/lib/systemd/system"};
constexpr const char* kAllFolders[] = {"/etc/systemd/system", "/run/systemd/system",
                                       "/lib/systemd/system", "/usr/lib/systemd/system"};

bool ends_with(const std::string& text, const std::string& ending) {
  return text.size() > ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

/// Unit files that administrators wrote: what packages bring runs an app server only by
/// accident, and there are hundreds.
std::vector<std::string> written_units(Host& host, std::vector<Unseen>& missing) {
  std::vector<std::string> names;
  for (const char* folder : kUnitFolders) {
    const Answer answer = host.ask(ask::list(folder));
    if (answer.status == Answer::Status::unseen) missing.push_back(answer.why);
    for (const std::string& name : files_in(answer)) {
      if (ends_with(name, ".service") || ends_with(name, ".socket")) {
        names.push_back(std::string(folder) + "/" + name);
      }
    }
  }
  return names;
}

std::string file_of(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

Fact<Unit> read_unit(Host& host, const std::string& path) {
  const Answer answer = host.ask(ask::read(path));
  const auto text = text_of(answer, path + " is not there");
  if (!text.seen()) return text.unseen();
  Unit unit;
  unit.name = file_of(path);
  unit.file = path;
  read_unit_file(unit, path, *text);
  const Answer dropins = host.ask(ask::list(path + ".d"));
  for (const std::string& name : files_in(dropins)) {
    if (!ends_with(name, ".conf")) continue;
    const std::string file = path + ".d/" + name;
    const Answer dropin = host.ask(ask::read(file));
    if (dropin.status == Answer::Status::present) read_unit_file(unit, file, dropin.text);
  }
  return unit;
}

/// Units of running app servers and of nginx, wherever their files lie.
std::set<std::string> named_units(const Deployment& deployment, Deployment::State& state) {
  std::set<std::string> names{"nginx.service"};
  if (const auto* apps = running_servers(deployment, state).if_seen()) {
    for (const auto& app : *apps) {
      if (!app.unit.empty()) names.insert(app.unit);
    }
  }
  for (const auto& target : state.given) {
    if (!target.app.unit.value.empty()) names.insert(target.app.unit.value);
  }
  return names;
}

/// "shop@8001.service" is written in shop@.service.
std::string file_name(const std::string& unit) {
  const auto at = unit.find('@');
  const auto dot = unit.rfind('.');
  if (at == std::string::npos || dot == std::string::npos || dot < at) return unit;
  return unit.substr(0, at + 1) + unit.substr(dot);
}

Unit find_unit(Host& host, const std::string& name);

/// Ports that nginx passes requests to: what an instance of a template is mostly named by.
std::set<int> upstream_ports(const Deployment& deployment) {
  std::set<int> ports;
  const auto* instances = deployment.nginx().if_seen();
  if (instances == nullptr) return ports;
  for (const auto& instance : *instances) {
    if (!instance.site.seen()) continue;
    for (const auto& upstream : instance.site->upstreams.all()) {
      for (const auto& member : upstream.members) {
        if (member.port != 0) ports.insert(member.port);
      }
    }
  }
  return ports;
}

/// The instances of a template that would bind a port that nginx passes requests to.
std::vector<Unit> instances_for(const Deployment& deployment, Host& host, const std::string& path) {
  std::vector<Unit> found;
  const std::string name = file_of(path);
  const auto text = text_of(host.ask(ask::read(path)), path);
  if (!text.seen() || text->find("%i") == std::string::npos) return found;
  for (const int port : upstream_ports(deployment)) {
    Unit unit =
        find_unit(host, name.substr(0, name.find('@') + 1) + std::to_string(port) + ".service");
    const auto binds = binds_of(unit, host);
    const bool fits = std::any_of(binds.begin(), binds.end(),
                                  [&](const nginx::Member& bind) { return bind.port == port; });
    if (fits) found.push_back(std::move(unit));
  }
  return found;
}

Unit find_unit(Host& host, const std::string& name) {
  for (const char* folder : kAllFolders) {
    const auto unit = read_unit(host, std::string(folder) + "/" + file_name(name));
    if (!unit.seen()) continue;
    Unit found = *unit;
    found.name = name;
    expand_specifiers(found);
    return found;
  }
  Unit unit;
  unit.name = name;
  return unit;
}

/// A command that systemd would refuse still says what it is meant for.
bool names_a_server(const Unit& unit) {
  const auto* command = unit.setting("ExecStart");
  if (command == nullptr) return false;
  constexpr const char* kServers[] = {"gunicorn", "uwsgi",     "uvicorn",
                                      "waitress", "hypercorn", "daphne"};
  return std::any_of(std::begin(kServers), std::end(kServers), [&](const char* server) {
    return command->value.find(server) != std::string::npos;
  });
}

bool of_interest(const Unit& unit) {
  return ends_with(unit.name, ".socket") || app_command(unit).has_value() || names_a_server(unit);
}

/// A masked unit is a link to /dev/null; what it would run stands in the file that it hides.
void look_behind_mask(Host& host, Unit& unit) {
  if (!unit.lines.empty()) return;
  for (const char* folder : kShippedFolders) {
    const auto hidden = read_unit(host, std::string(folder) + "/" + unit.name);
    if (!hidden.seen()) continue;
    unit = *hidden;
    return;
  }
}

/// Instances of templates that are to start at boot: a link each.
void add_instances(Host& host, std::set<std::string>& names) {
  const Answer wanted = host.ask(ask::list("/etc/systemd/system/multi-user.target.wants"));
  for (const std::string& name : files_in(wanted)) {
    if (name.find('@') != std::string::npos && ends_with(name, ".service")) names.insert(name);
  }
}

void add_states(Host& host, std::vector<Unit>& units) {
  std::vector<std::string> names;
  for (const auto& unit : units) names.push_back(unit.name);
  const auto result = decoded<CommandResult>(host.ask(ask::run(show_command(names))),
                                             "systemctl show", decode_command);
  std::map<std::string, UnitState> states;
  if (result.seen()) {
    for (const auto& shown : parse_show(result->out)) states[shown.id] = shown.state;
  }
  for (auto& unit : units) {
    const auto found = states.find(unit.name);
    if (found != states.end()) {
      unit.state = found->second;
    } else {
      unit.state = result.seen() ? Unseen{Unseen::Why::failed, "the state of " + unit.name, {}}
                                 : result.unseen();
    }
  }
}

}  // namespace

Fact<Partial<Unit>> find_units(const Deployment& deployment, Deployment::State& state) {
  const auto systemd = deployment.systemd();
  if (!systemd.seen() && !deployment.files_only()) return systemd.unseen();
  if (systemd.seen() && !*systemd && !deployment.files_only()) {
    return Unseen{Unseen::Why::not_installed, "systemd is not the service manager here", {}};
  }
  std::vector<Unseen> missing;
  std::vector<Unit> units;
  std::set<std::string> names = named_units(deployment, state);
  std::set<std::string> instances;
  add_instances(state.host, instances);
  for (const auto& name : instances) {
    if (names.count(name) > 0) continue;
    Unit unit = find_unit(state.host, name);
    if (of_interest(unit)) units.push_back(std::move(unit));
  }
  for (const auto& path : written_units(state.host, missing)) {
    if (path.find("@.") != std::string::npos) {  // a template is no unit yet
      for (auto& instance : instances_for(deployment, state.host, path)) {
        if (instances.insert(instance.name).second) units.push_back(std::move(instance));
      }
      continue;
    }
    auto unit = read_unit(state.host, path);
    if (!unit.seen()) {
      if (unit.unseen().why != Unseen::Why::not_installed) missing.push_back(unit.unseen());
      continue;
    }
    Unit written = *unit;
    look_behind_mask(state.host, written);
    expand_specifiers(written);
    unit = std::move(written);
    if (!of_interest(*unit) && names.count(unit->name) == 0) continue;
    if (names.erase(unit->name) > 0 || std::none_of(units.begin(), units.end(), [&](const Unit& u) {
          return u.name == unit->name;
        })) {
      units.push_back(*unit);
    }
  }
  for (const auto& name : names) units.push_back(find_unit(state.host, name));
  add_states(state.host, units);
  return Partial<Unit>(std::move(units), std::move(missing));
}

std::vector<nginx::Member> binds_of(const Unit& unit, Host& host) {
  std::vector<nginx::Member> members;
  const auto add = [&](const std::optional<Listener>& listener) {
    if (!listener) return;
    nginx::Member member;
    member.host = listener->address;
    member.port = listener->port;
    member.path = listener->path;
    members.push_back(std::move(member));
  };
  if (const auto socket = socket_unit(unit)) {
    for (const auto& stream : socket->streams) add(stream_listener(stream.value));
  }
  const auto command = app_command(unit);
  if (!command || command->kind != AppServer::Kind::gunicorn) return members;
  const auto settings =
      unit_gunicorn(*command, [&](const std::string& path) { return host.ask(ask::read(path)); });
  const auto* binds = settings.bind.if_seen();
  if (binds == nullptr) return members;
  for (const auto& bind : *binds) add(bind_listener(bind.value, command->cwd));
  return members;
}

}  // namespace hopcheck
