// There is room where nginx and the application write.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/limits.h"

using namespace hopcheck;

namespace {

/// A folder that something writes to.
struct Place {
  std::string folder{};
  std::string use{};   ///< "nginx's logs"
  std::string node{};  ///< of the route graph: who writes there
  bool logs_only{false};
  Evidence from{};  ///< the line that names it; empty source: a custom of the program
};

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

void add(std::vector<Place>& places, Place place) {
  if (place.folder.empty() || place.folder[0] != '/' || place.folder.starts_with("/dev") ||
      place.folder.find('$') != std::string::npos)
    return;
  const bool known = std::any_of(places.begin(), places.end(), [&](const Place& other) {
    return other.folder == place.folder && other.node == place.node &&
           other.logs_only == place.logs_only;
  });
  if (!known) places.push_back(std::move(place));
}

void add_nginx(const nginx::Instance& instance, std::vector<Place>& places) {
  const std::string node = "nginx:" + instance.conf_path;
  for (std::uint32_t i = 0; i < instance.config->nodes.size(); ++i) {
    const auto directive = instance.config->at(i);
    const std::string_view name = directive.name();
    const std::string path(directive.arg(0));
    if (name == "error_log" || name == "access_log")
      add(places, {folder_of(path), "nginx's logs", node, true, directive.evidence()});
    if (name.ends_with("_temp_path") || name == "proxy_cache_path")
      add(places, {path, "nginx's temporary files", node, false, directive.evidence()});
  }
  // Where Debian's and nginx.org's packages put requests' and answers' bodies.
  for (const char* usual : {"/var/lib/nginx", "/var/cache/nginx"})
    add(places, {usual, "nginx's temporary files", node, false, {}});
}

void add_app(const AppServer& app, const std::string& node, std::vector<Place>& places) {
  const std::string who = std::string(kind_name(app.kind)) + "'s ";
  for (const auto* log : {&app.gunicorn.errorlog, &app.gunicorn.accesslog}) {
    if (log->seen() && (*log)->value.starts_with('/'))
      add(places, {folder_of((*log)->value), who + "logs", node, true, (*log)->from});
  }
  add(places, {"/tmp", who + "temporary files", node, false, {}});
  for (const Listener& listener : app.listeners) {
    if (listener.kind == Listener::Kind::unix_stream && listener.path.starts_with('/'))
      add(places, {folder_of(listener.path), who + "socket", node, false, {}});
  }
}

/// Where the application itself may keep its data: its working directory.
void add_folder(const Deployment& host, const AppServer& app, const std::string& node,
                std::vector<Place>& places) {
  if (!host.processes().seen()) return;
  for (const Process& process : host.processes()->seen_items()) {
    if (process.pid == app.pid && process.cwd.seen() && *process.cwd != "/")
      add(places, {*process.cwd, "the application's folder", node, false, {}});
  }
}

std::vector<Place> all_places(const Deployment& host, Outcome& out) {
  std::vector<Place> places;
  for (const nginx::Instance& instance : *host.nginx()) {
    out.see(instance.site);
    if (instance.config == nullptr) continue;
    for (const Unseen& missing : instance.config->missing) out.not_seen(missing);
    add_nginx(instance, places);
  }
  const auto* apps = out.see(host.app_servers());
  if (apps == nullptr) return places;
  for (const AppServer& app : *apps) {
    if (app.kind == AppServer::Kind::other) continue;
    std::string node = app.unit.empty() ? "" : "unit:" + app.unit;
    for (const Endpoint& endpoint : host.endpoints().seen_items()) {
      const auto behind = host.app_behind(endpoint);
      if (node.empty() && behind.seen() && *behind != nullptr && (*behind)->pid == app.pid)
        node = endpoint.node();
    }
    if (node.empty()) continue;
    add_app(app, node, places);
    add_folder(host, app, node, places);
  }
  return places;
}

/// A log's old part, which nobody writes to any more.
bool is_rotated(const std::string& path) {
  for (const char* ending : {".gz", ".xz", ".bz2", ".zst", ".old"}) {
    if (path.ends_with(ending)) return true;
  }
  const auto dot = path.rfind('.');
  return dot != std::string::npos && dot + 1 < path.size() &&
         path.find_first_not_of("0123456789-", dot + 1) == std::string::npos;
}

/// Takes the largest file away where it is a log.
Fix make_room(const std::vector<LargeFile>& files, const std::string& mount) {
  Fix fix;
  fix.summary = fmt::format("remove from {} what is not needed any more", mount);
  if (files.empty() || files.front().bytes == 0) return fix;
  const LargeFile& first = files.front();
  if (first.path.find("/journal/") != std::string::npos) {
    fix.summary = "let the journal keep its last 200 MB alone";
    fix.commands = {"journalctl --rotate --vacuum-size=200M"};
  } else if (first.path.find("log") != std::string::npos) {
    const bool old = is_rotated(first.path);
    fix.summary = fmt::format("{} {} ({}); copy it elsewhere first if its lines are needed",
                              old ? "remove the old log" : "empty the log", first.path,
                              size_text(first.bytes));
    fix.commands = {(old ? "rm " : "truncate -s 0 ") + shell_quote(first.path)};
  } else {
    fix.summary += fmt::format("; the largest is {} ({})", first.path, size_text(first.bytes));
  }
  return fix;
}

std::string room(const FileSystem& system) {
  return fmt::format("{}: {} of {} free, {} of {} inodes free", system.type, size_text(system.free),
                     size_text(system.size), system.inodes_free, system.inodes);
}

/// Whose node a finding is about: it must not depend on what was seen of the file systems.
std::string node_of(const Deployment& host, const std::vector<Place>& places) {
  if (!host.nginx()->empty()) return "nginx:" + host.nginx()->front().conf_path;
  return places.empty() ? "" : places.front().node;
}

/// One file system with all that write to it.
struct Used {
  FileSystem system{};
  std::vector<Place> places{};
  std::string node{};    ///< of the route graph: who needs it first
  bool all_known{true};  ///< no other place might lie on it

  bool logs_only() const {
    return std::all_of(places.begin(), places.end(),
                       [](const Place& place) { return place.logs_only; });
  }
};

Finding start(const Used& used, const std::string& code, const std::string& what) {
  // What is more than logs says more of what fails.
  Place first = used.places.front();
  for (const Place& place : used.places) {
    if (first.logs_only && !place.logs_only) first = place;
  }
  Finding finding;
  finding.code = code;
  finding.title = fmt::format("{} is {}: {}", used.system.mount, what, first.use);
  if (first.folder != used.system.mount) finding.title += " (" + first.folder + ")";
  finding.about = {used.node, "filesystem:" + used.system.mount};
  finding.evidence = {
      {EvidenceKind::kernel, "df " + used.system.mount, 0, room(used.system), false}};
  for (const Place& place : used.places) {
    if (!place.from.source.empty() && finding.evidence.size() < 4)
      finding.evidence.push_back(place.from);
  }
  return finding;
}

/// "tmpfs on /var/log/nginx type tmpfs (ro,relatime)", as mount(8) says it.
Evidence cite_mount(const FileSystem& system) {
  std::string text = fmt::format("{} on {} type {} ({})", system.device, system.mount, system.type,
                                 system.mounted_as);
  if (system.given_up()) text += ", its file system is " + system.file_system_as;
  return {EvidenceKind::kernel, "/proc/self/mountinfo", 0, text, false};
}

/// What undoes an error of the disk, where the kernel stopped writing because of one.
void mend_disk(const FileSystem& system, const std::string& start, Finding& finding) {
  const std::string mount = shell_quote(system.mount);
  const std::string device = shell_quote(system.device);
  finding.detail = fmt::format(
      "It is mounted for writing, but the kernel stopped writing to it after an error: dmesg names "
      "it. A disk that fails does so again; copy what is on it first.");
  Fix now;
  now.summary = fmt::format("where dmesg tells of no faulty disk, let {} be written again", mount);
  now.commands = {"mount -o remount,rw " + mount};
  now.lasts = Lasts::until_reboot;
  Fix checked;
  checked.interrupts = Interrupts::restart;
  if (system.mount == "/") {
    checked.summary = "to make it last, have the file system checked at the next boot";
    checked.commands = {"touch /forcefsck && systemctl reboot"};
  } else {
    checked.summary = "to make it last, check the file system while nothing uses it";
    checked.commands = {fmt::format("umount {} && fsck -f {} && mount {}", mount, device, mount)};
  }
  if (!start.empty()) now.commands.push_back(start);
  if (!start.empty() && system.mount != "/") checked.commands.push_back(start);
  finding.fixes = {std::move(now), std::move(checked)};
}

/// It is mounted so on purpose, or by a slip: the line that says so is what lasts.
void mend_mount(const Deployment& host, const FileSystem& system, const std::string& start,
                Finding& finding) {
  Fix fix;
  fix.summary = "mount it for writing again";
  fix.commands = {"mount -o remount,rw " + shell_quote(system.mount)};
  const auto line = mount_line(host, system.mount);
  const MountLine* found =
      line.seen() && line.if_seen()->has_value() ? &line.if_seen()->value() : nullptr;
  if (found != nullptr) finding.evidence.push_back(found->from);
  if (found != nullptr && found->read_only) {
    finding.detail =
        fmt::format("{}:{} mounts it read-only.", found->from.source, found->from.line);
    fix.summary += ", now and at every boot";
    fix.edits = {{found->from.source, found->from.line, found->from.text, found->writable}};
    fix.commands.insert(fix.commands.begin(), "systemctl daemon-reload");
  } else {
    fix.summary += found != nullptr
                       ? "; its line does not say ro, so that it lasts"
                       : fmt::format(
                             "; what mounts it so was not found: see findmnt {}, dmesg, and "
                             "/etc/fstab for what is to last",
                             shell_quote(system.mount));
    if (found == nullptr) fix.lasts = Lasts::until_reboot;
  }
  if (!start.empty()) fix.commands.push_back(start);
  finding.fixes = {std::move(fix)};
}

Finding read_only(const Deployment& host, const Used& used, const Place& log) {
  const FileSystem& system = used.system;
  Finding finding = start(used, "host.filesystem-read-only", "read-only");
  if (!system.mounted_as.empty())
    finding.evidence.insert(finding.evidence.begin(), cite_mount(system));
  std::string start_nginx;
  for (const nginx::Instance& instance : *host.nginx()) {
    if (log.node == "nginx:" + instance.conf_path && instance.master == 0)
      start_nginx = instance.load_command();
  }
  if (system.given_up())
    mend_disk(system, start_nginx, finding);
  else
    mend_mount(host, system, start_nginx, finding);
  return finding;
}

void judge(const Deployment& host, const Used& used, Outcome& out) {
  const FileSystem& system = used.system;
  if (system.full()) {
    // What else lies there decides what fails.
    if (used.logs_only() && !used.all_known) return;
    Finding finding = start(used, used.logs_only() ? "host.log-disk-full" : "host.disk-full",
                            "full for all but root");
    const auto files = largest_files(host, system.mount);
    std::vector<LargeFile> large;
    if (files.seen()) large = files->seen_items();
    for (const LargeFile& file : large) {
      if (finding.evidence.size() < 7 && file.bytes > system.size / 100)
        finding.evidence.push_back(
            {EvidenceKind::kernel, "stat " + file.path, 0, size_text(file.bytes), false});
    }
    finding.fixes = {make_room(large, system.mount)};
    return out.report(std::move(finding));
  }
  if (system.out_of_inodes()) {
    Finding finding = start(used, "host.inodes-full",
                            fmt::format("out of inodes with {} free", size_text(system.free)));
    Fix fix;
    fix.summary = fmt::format(
        "remove small files that are not needed; this names the folders that hold most of them: "
        "find {} -xdev -printf '%h\\n' | sort | uniq -c | sort -n | tail",
        system.mount);
    finding.fixes = {std::move(fix)};
    return out.report(std::move(finding));
  }
  if (!system.read_only) return;
  const auto log = std::find_if(used.places.begin(), used.places.end(), [](const Place& place) {
    return place.logs_only && !place.from.source.empty();
  });
  // A root that is never written to is a choice; a log that cannot be is none.
  if (log == used.places.end()) return;
  out.report(read_only(host, used, *log));
}

}  // namespace

HOPCHECK_CHECK(host_space) {
  if (host.files_only()) return out.not_applicable("room is left on a live host only");
  if (host.nothing_here()) return out.not_applicable("nothing here writes for a site");
  std::map<std::string, Used> systems;
  const auto places = all_places(host, out);
  bool all_known = host.app_servers().seen();
  for (const Place& place : places) {
    const auto system = file_system(host, place.folder);
    const bool absent = !system.seen() && system.unseen().why == Unseen::Why::not_installed;
    if (absent || out.see(system) == nullptr) {
      all_known = all_known && absent;
      continue;
    }
    Used& used = systems[system->mount];
    used.system = *system;
    used.places.push_back(place);
    used.node = node_of(host, places);
  }
  if (systems.empty()) return out.not_applicable("no folder is known that is written to");
  for (auto& [mount, used] : systems) {
    used.all_known = all_known;
    judge(host, used, out);
  }
}
