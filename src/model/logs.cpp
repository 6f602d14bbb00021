// The logs of nginx: which there are, what they hold, and what of it falls into the window.
#include "hopcheck/logs.h"

#include <algorithm>

#include "facts/log/log_files.h"
#include "facts/log/records.h"
#include "facts/nginx/instances.h"
#include "facts/systemd/journal.h"
#include "model/state.h"

namespace hopcheck {
namespace {

/// Our own requests are the newest that the log can hold; a slow one may have begun a while ago.
constexpr long long kOwnWindow_s = 60;

Fact<Clock> clock_of(Host& host) {
  return decoded<Clock>(host.ask(ask::now()), "the clock", decode_clock);
}

Fact<log::Zone> zone_of(Host& host) {
  const Answer answer = host.ask(ask::reduce("/etc/localtime", "time-zone-1"));
  if (answer.status == Answer::Status::absent) return log::Zone();
  return decoded<log::Zone>(answer, "the time zone", log::parse_zone);
}

/// Beginning of the window, seconds since 1970.
Fact<long long> window_of(const Deployment& host) {
  const auto now = clock_of(host.state().host);
  if (!now.seen()) return now.unseen();
  return now->now - host.state().since_ms / 1000;
}

struct ReadErrorLogs {
  std::vector<Logged> groups{};
  std::vector<LoggedLine> lines{};
  std::vector<Unseen> missing{};
};

void read_error_log(Host& host, const std::string& path, long long from, const log::Zone& zone,
                    ReadErrorLogs& all) {
  const auto parse = [&](const std::string& text) {
    return log::parse_error_log(path, text, zone);
  };
  const auto read = [&](const std::string& file) {
    return decoded<log::ErrorLog>(host.ask(ask::reduce(file, "nginx-error-log-1")), file, parse);
  };
  const auto log = read(path);
  if (!log.seen()) {
    all.missing.push_back(log.unseen());
    return;
  }
  const auto keep = [&](const log::ErrorLog& some) {
    for (Logged group : some.groups) {
      group.seen = group.seen.since(from);
      if (group.seen.count > 0) all.groups.push_back(std::move(group));
    }
  };
  keep(*log);
  all.lines.insert(all.lines.end(), log->lines.begin(), log->lines.end());
  // Rotated within the window: what came before stands beside it.
  if (!log->whole || (log->first != 0 && log->first <= from)) return;
  const auto before = read(path + ".1");
  if (before.seen()) return keep(*before);
  if (before.unseen().why != Unseen::Why::not_installed) all.missing.push_back(before.unseen());
}

ReadErrorLogs read_error_logs(const Deployment& host, const nginx::Instance& instance) {
  Host& machine = host.state().host;
  ReadErrorLogs all;
  if (instance.config == nullptr) return all;
  const auto from = window_of(host);
  const auto zone = zone_of(machine);
  if (!from.seen()) all.missing.push_back(from.unseen());
  if (!zone.seen()) all.missing.push_back(zone.unseen());
  if (!from.seen() || !zone.seen()) return all;
  const auto options = build_options(machine, instance);
  auto files =
      log::error_log_files(*instance.config, instance.config->prefix, options.error_log_path);
  all.missing = std::move(files.missing);
  for (const auto& file : files.files) read_error_log(machine, file.path, *from, *zone, all);
  return all;
}

bool is_own(const std::string& address, const std::vector<std::string>& addresses) {
  return is_loopback(address) || address == "unix:" ||
         std::find(addresses.begin(), addresses.end(), address) != addresses.end();
}

void take_access_log(const log::OneAccessLog& one, long long from,
                     const std::vector<std::string>& addresses, AccessLog& all) {
  for (Prober prober : one.log.probers) {
    prober.ours = is_own(prober.source, addresses);
    log::add_prober(std::move(prober), from, all.probers);
  }
  for (Failed failed : one.log.failed) {
    failed.seen = failed.seen.since(from);
    all.durations = all.durations || failed.least_ms >= 0;
    if (failed.seen.count > 0) all.failed.push_back(std::move(failed));
  }
  if (one.log.last < from || one.log.last == 0) return;
  const long long first = std::max(one.log.first, from);
  all.first = all.first == 0 ? first : std::min(all.first, first);
  all.last = std::max(all.last, one.log.last);
}

void read_access_log(Host& host, const log::LogFile& file, long long from,
                     const std::vector<std::string>& addresses, AccessLogs& logs) {
  const auto read = [&](const std::string& path) {
    return decoded<log::OneAccessLog>(
        host.ask(ask::reduce(path, "access-log-1", file.format)), path,
        [&](const std::string& text) { return log::parse_access_log(path, text); });
  };
  const auto one = read(file.path);
  if (!one.seen()) {
    logs.missing.push_back(one.unseen());
    return;
  }
  logs.seen.files.push_back(file.path);
  take_access_log(*one, from, addresses, logs.seen);
  if (one->odd > 0 && one->lines < 10 * one->odd)
    logs.missing.push_back({Unseen::Why::malformed, file.path + ": lines in another format", {}});
  if (one->more_probers)
    logs.missing.push_back({Unseen::Why::truncated, "further probers in " + file.path, {}});
  const bool covers = one->log.first != 0 && one->log.first <= from;
  if (!one->whole || covers) return;
  const auto before = read(file.path + ".1");
  if (before.seen()) return take_access_log(*before, from, addresses, logs.seen);
  if (before.unseen().why != Unseen::Why::not_installed) logs.missing.push_back(before.unseen());
}

const Process* process_of(const Deployment& host, int pid) {
  const auto& table = host.processes();
  if (!table.seen()) return nullptr;
  for (const Process& process : table->seen_items()) {
    if (process.pid == pid) return &process;
  }
  return nullptr;
}

bool answers_to(const nginx::ServerBlock& server, const std::string& name) {
  return server.names.empty() ? name.empty() : server.names.front() == name;
}

}  // namespace

Partial<Logged> error_log(const Deployment& host, const nginx::Instance& instance) {
  auto all = read_error_logs(host, instance);
  return {std::move(all.groups), std::move(all.missing)};
}

Partial<Logged> current_errors(const Deployment& host, const nginx::Instance& instance) {
  const auto all = error_log(host, instance);
  Partial<Logged> current({}, all.missing());
  const auto started = workers_started(host, instance);
  if (!started.seen()) {
    current.add_missing(started.unseen());
    return current;
  }
  for (Logged group : all.seen_items()) {
    // Logs count whole seconds: what stands in that of the start may be older than it.
    group.seen = group.seen.since(*started + 1);
    if (group.seen.count > 0) current.add(std::move(group));
  }
  return current;
}

Fact<std::optional<LoggedLine>> provoked_line(const Deployment& host, const Route& route) {
  if (route.instance == nullptr) return std::optional<LoggedLine>();
  const auto all = read_error_logs(host, *route.instance);
  const auto now = clock_of(host.state().host);
  if (!now.seen()) return now.unseen();
  const auto addresses = host.addresses();
  if (!addresses.seen()) return addresses.unseen();
  const std::string path = route.request.path.substr(0, route.request.path.find('?'));
  for (auto line = all.lines.rbegin(); line != all.lines.rend(); ++line) {
    const bool ours = line->path == path && line->method == route.request.method &&
                      is_own(line->client, *addresses) && line->time >= now->now - kOwnWindow_s;
    if (ours) return std::optional<LoggedLine>(*line);
  }
  if (!all.missing.empty()) return all.missing.front();
  return std::optional<LoggedLine>();
}

AccessLogs access_logs(const Deployment& host, const nginx::Instance& instance) {
  Host& machine = host.state().host;
  AccessLogs logs;
  if (instance.config == nullptr) return logs;
  const auto from = window_of(host);
  const auto addresses = host.addresses();
  if (!from.seen()) logs.missing.push_back(from.unseen());
  if (!addresses.seen()) logs.missing.push_back(addresses.unseen());
  if (!from.seen() || !addresses.seen()) return logs;
  auto files = log::access_log_files(*instance.config, instance.config->prefix);
  logs.missing = std::move(files.missing);
  for (const auto& file : files.files) read_access_log(machine, file, *from, *addresses, logs);
  return logs;
}

Fact<long long> workers_started(const Deployment& host, const nginx::Instance& instance) {
  long long oldest = 0;
  for (const int pid : instance.workers) {
    const Process* process = process_of(host, pid);
    if (process != nullptr && process->started > 0 && (oldest == 0 || process->started < oldest))
      oldest = process->started;
  }
  if (oldest != 0) return oldest;
  return Unseen{Unseen::Why::undecidable, "since when nginx's workers run", {}};
}

Fact<long long> app_started(const Deployment& host, const Route& route) {
  long long newest = 0;
  for (const auto& endpoint : route.endpoints) {
    const auto app = host.app_behind(endpoint);
    if (!app.seen()) return app.unseen();
    const Process* process = *app == nullptr ? nullptr : process_of(host, (*app)->pid);
    if (process != nullptr) newest = std::max(newest, process->started);
  }
  if (newest != 0) return newest;
  return Unseen{
      Unseen::Why::undecidable, "since when the application behind " + route.name + " runs", {}};
}

Fact<std::vector<std::string>> journal_between(const Deployment& host, const std::string& unit,
                                               long long from, long long to) {
  const auto whole = host.journal(unit);
  if (!whole.seen()) return whole.unseen();
  const auto result = decoded<CommandResult>(host.state().host.ask(ask::run(journal_command(unit))),
                                             "the journal of " + unit, decode_command);
  if (!result.seen()) return result.unseen();
  std::vector<std::string> lines;
  for (const auto& line : parse_journal(result->out)) {
    if (line.time >= static_cast<double>(from) && line.time < static_cast<double>(to + 1))
      lines.push_back(line.text);
  }
  return lines;
}

std::uint32_t Place::block() const {
  return location != nullptr ? location->directive : server->directive;
}

std::string Place::node() const {
  return location != nullptr ? "location:" + server->label() + " " + location->pattern
                             : "server:" + server->label();
}

std::optional<Place> place_of(const nginx::Instance& instance, const std::string& name,
                              const std::string& path) {
  for (const auto& server : instance.site->servers) {
    if (!answers_to(server, name)) continue;
    Place place{&instance, &server, nullptr};
    const bool simple = !name.empty() && name.find_first_of("*~$_ ") == std::string::npos;
    for (const auto& listen : server.listens) {
      if (!listen.path.empty() || !path.starts_with("/")) continue;
      const auto chosen = nginx::choose(*instance.config, *instance.site, listen.address,
                                        listen.port, simple ? name : "", path);
      if (!chosen || chosen->server != &server) continue;
      place.location = chosen->location;
      break;
    }
    return place;
  }
  return std::nullopt;
}

}  // namespace hopcheck
