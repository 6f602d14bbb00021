// Limits of nginx's workers that were reached.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/edits.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

constexpr std::uint64_t kFewest = 2;
constexpr const char* kFiles = "65536";

/// All lines of one meaning, whatever path they speak of.
std::optional<Logged> all_of(const std::vector<Logged>& logged, const std::string& what) {
  std::optional<Logged> all;
  for (const Logged& group : logged) {
    if (group.what != what) continue;
    if (!all) {
      all = group;
      continue;
    }
    if (group.seen.last >= all->seen.last) all->sample = group.sample;
    all->seen.count += group.seen.count;
    all->seen.at_least = all->seen.at_least || group.seen.at_least;
    all->seen.first = std::min(all->seen.first, group.seen.first);
    all->seen.last = std::max(all->seen.last, group.seen.last);
  }
  if (all && all->seen.count < kFewest) all.reset();
  return all;
}

std::optional<nginx::Directive> main_directive(const nginx::Config& config, std::string_view name) {
  for (const auto& top : config.top()) {
    if (top.name() == name) return top;
  }
  return std::nullopt;
}

/// "worker_connections 768", without the semicolon.
std::string words_of(const nginx::Directive& directive) {
  return fmt::format("{} {}", directive.name(), directive.arg(0));
}

Finding begun(const nginx::Instance& instance, const Logged& logged, const char* code) {
  Finding finding;
  finding.code = code;
  finding.when = When::under_load;
  finding.about = {"nginx:" + instance.conf_path};
  finding.evidence = {logged.evidence()};
  return finding;
}

void add_fix(const nginx::Instance& instance, const std::string& summary, std::vector<Edit> edits,
             Finding& finding) {
  if (edits.empty()) return;
  Fix fix;
  fix.summary = summary;
  fix.edits = std::move(edits);
  fix.commands = {instance.load_command()};
  fix.interrupts = Interrupts::reload;
  finding.fixes = {std::move(fix)};
}

void judge_connections(const Deployment& host, const nginx::Instance& instance,
                       const Logged& logged, Outcome& out) {
  const auto set = connections_line(*instance.config);
  Finding finding = begun(instance, logged, "nginx.worker-connections-exhausted");
  finding.title =
      fmt::format("a worker of nginx had all its connections in use ({}) {}",
                  set ? words_of(*set) : "worker_connections 512 by default", logged.seen.text());
  finding.detail = "A request that is passed on takes two: the client's and the application's.";
  if (set) finding.evidence.push_back(set->evidence());
  add_fix(instance, "let each worker have more connections", more_connections(host, instance),
          finding);
  out.report(std::move(finding));
}

void judge_files(const Deployment& host, const nginx::Instance& instance, const Logged& logged,
                 Outcome& out) {
  const auto set = main_directive(*instance.config, "worker_rlimit_nofile");
  Finding finding = begun(instance, logged, "nginx.fd-limit");
  finding.title = fmt::format("a worker of nginx had as many files open as it may{} {}",
                              set ? " (" + words_of(*set) + ")" : "", logged.seen.text());
  if (set) finding.evidence.push_back(set->evidence());
  add_fix(instance, fmt::format("let each worker have {} files open", kFiles),
          set_main_directive(host, instance, "worker_rlimit_nofile", kFiles), finding);
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_limits) {
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  if (host.nginx()->empty()) return out.not_applicable("there is no nginx");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running) return;
    const auto logged = current_errors(host, instance);
    out.none(logged);
    if (const auto full = all_of(logged.seen_items(), "connections-exhausted"))
      judge_connections(host, instance, *full, out);
    if (const auto full = all_of(logged.seen_items(), "too-many-files"))
      judge_files(host, instance, *full, out);
  });
}
