// nginx may read the files that it serves.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/permit.h"
#include "hopcheck/static_files.h"

using namespace hopcheck;

namespace {

constexpr std::size_t kSamples = 5;

/// All commands that let the worker through, with who else gains by them.
Fix let_through(const Credentials& worker, const Walk& walk) {
  Fix fix;
  fix.summary = fmt::format("let {} pass every folder on the way", worker.user);
  for (const PathStep& step : walk.steps) {
    if (step.type != PathStep::Type::directory || may(worker, step, Access::search)) continue;
    const Permit way = permit(worker, step, 1U);
    fix.commands.push_back(way.command);
    if (fix.widens.empty()) fix.widens = way.widens;
  }
  return fix;
}

void add_page(const Deployment& host, const StaticPlace& place, Finding& finding) {
  const Route* page = nullptr;
  const std::string url = asked_for(host, place, &page);
  if (url.empty()) return;
  finding.evidence.push_back(
      {EvidenceKind::probe, "GET " + page->request.url(), 0, "the page asks for " + url, true});
}

Finding stopped(const Deployment& host, const StaticPlace& place, const Credentials& worker,
                const Walk& walk, const PathStep& step) {
  Finding finding;
  finding.code = "nginx.static-not-traversable";
  finding.title = fmt::format("nginx ({}) cannot serve {} from {}: {} is {}", worker.user,
                              place.location->pattern, walk.path, step.path, describe(step));
  finding.about = {place.node(), "nginx:" + place.instance->conf_path};
  finding.evidence = {place.location->from};
  if (place.own) finding.evidence.push_back(place.from);
  finding.evidence.push_back(cite(step));
  add_page(host, place, finding);
  finding.fixes = {let_through(worker, walk)};
  return finding;
}

/// Some files of the folder, and the one that a page asks for.
std::vector<std::string> samples(const Deployment& host, const StaticPlace& place,
                                 const std::string& folder) {
  const std::string url = asked_for(host, place, nullptr);
  if (!url.empty()) {
    const std::string rest = url.substr(place.location->pattern.size());
    return {folder + (rest.starts_with('/') ? "" : "/") + rest};
  }
  std::vector<std::string> files;
  const auto entries = folder_entries(host, folder);
  for (const FolderEntry& entry : *entries) {
    if (!entry.directory && entry.name[0] != '.' && files.size() < kSamples)
      files.push_back(folder + "/" + entry.name);
  }
  return files;
}

void judge_files(const Deployment& host, const StaticPlace& place, const Credentials& worker,
                 const std::string& folder, Outcome& out) {
  std::vector<PathStep> closed;
  std::vector<Walk> walks;
  for (const std::string& file : samples(host, place, folder)) {
    const auto walk = host.walk(file);
    if (!walk->exists() || walk->last().type != PathStep::Type::file) continue;
    // One file that nginx may read shows that the others are closed on purpose.
    const PathStep* step = denied_at(worker, *walk, Access::read);
    if (step == nullptr) return;
    closed.push_back(*step);
  }
  if (closed.empty()) return;
  Finding finding;
  finding.code = "nginx.static-file-unreadable";
  const PathStep& first = closed.front();
  finding.title =
      fmt::format("nginx ({}) may not read {}: it is {}", worker.user, first.path, describe(first));
  finding.about = {place.node(), "nginx:" + place.instance->conf_path};
  finding.evidence = {place.location->from};
  for (const PathStep& step : closed) finding.evidence.push_back(cite(step));
  add_page(host, place, finding);
  Fix fix;
  fix.summary = fmt::format("let others read what {} serves to everybody", place.location->pattern);
  fix.commands = {"chmod -R o+rX " + shell_quote(folder)};
  fix.widens = "every user of this host";
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

void judge(const Deployment& host, const StaticPlace& place, Outcome& out) {
  std::string folder = place.folder;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  const auto walk = host.walk(folder);
  const Credentials& worker = *place.instance->worker;
  // What is not there is another check's fault; what is asked for elsewhere is no fault at all.
  if (place.falls_back || walk->steps.back().type == PathStep::Type::absent) return;
  if (const PathStep* step = denied_at(worker, *walk, Access::search))
    return out.report(stopped(host, place, worker, *walk, *step));
  if (walk->last().type == PathStep::Type::directory) judge_files(host, place, worker, folder, out);
}

}  // namespace

HOPCHECK_CHECK(nginx_static_access) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  std::size_t places = 0;
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    for (const Unseen& unseen : instance.site->missing) out.not_seen(unseen);
    const auto all = static_places(instance);
    places += all.size();
    out.each(all, [&](const StaticPlace& place) { judge(host, place, out); });
  });
  if (places == 0) return out.not_applicable("nginx serves no folder of files");
}
