// The directories in which nginx keeps what does not fit into memory.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

/// "/var/lib/nginx/body" of `open() "/var/lib/nginx/body/0000000012" failed`; "" for other files.
std::string temp_folder(const std::string& message) {
  const auto begin = message.find('"');
  const auto end = begin == std::string::npos ? begin : message.find('"', begin + 1);
  if (end == std::string::npos) return {};
  const std::string path = message.substr(begin + 1, end - begin - 1);
  const auto slash = path.rfind('/');
  if (slash == std::string::npos || slash == 0) return {};
  const std::string name = path.substr(slash + 1);
  const bool numbered = name.size() == 10 && name.find_first_not_of("0123456789") == name.npos;
  return numbered ? path.substr(0, slash) : "";
}

/// The step that stops the worker from making a file in the walk's last directory.
const PathStep* denied(const Credentials& who, const Walk& walk) {
  if (const PathStep* step = denied_at(who, walk, Access::write)) return step;
  return may(who, walk.last(), Access::search) ? nullptr : &walk.last();
}

void judge(const Deployment& host, const nginx::Instance& instance, const Logged& group,
           const std::string& folder, Outcome& out) {
  const Credentials& worker = *instance.worker;
  const Walk walk = *host.walk(folder);
  if (!walk.exists()) return;
  const PathStep* step = denied(worker, walk);
  if (step == nullptr) return;  // mended since
  const bool itself = step == &walk.last();
  Finding finding;
  finding.code = "nginx.temp-dir-not-writable";
  finding.title = fmt::format("nginx ({}) cannot keep uploads in {}: {} is {}", worker.user, folder,
                              step->path, describe(*step));
  finding.detail =
      fmt::format("Requests with bodies over some 16 KB end in 500, {}.", group.seen.text());
  finding.about = {"nginx:" + instance.conf_path};
  finding.evidence = {group.evidence(), cite(*step)};
  Fix fix;
  fix.summary = itself ? fmt::format("give the directory to {}", worker.user)
                       : "let others pass " + step->path;
  fix.commands = {itself ? fmt::format("chown {} {} && chmod u+rwx {}", shell_quote(worker.user),
                                       shell_quote(step->path), shell_quote(step->path))
                         : "chmod o+x " + shell_quote(step->path)};
  if (!itself) fix.widens = "every user of this host";
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_temp_dir) {
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  if (host.nginx()->empty()) return out.not_applicable("there is no nginx");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running) return;
    const auto logged = error_log(host, instance);
    out.none(logged);
    std::set<std::string> told;
    out.each(logged.seen_items(), [&](const Logged& group) {
      const std::string folder = group.what == "file-denied" ? temp_folder(group.message()) : "";
      if (!folder.empty() && told.insert(folder).second) judge(host, instance, group, folder, out);
    });
  });
}
