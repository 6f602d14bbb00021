// The nginx that runs has the configuration that is on disk.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/nginx_live.h"

using namespace hopcheck;

namespace {

std::string when_changed(const NotLoaded& sign) {
  if (sign.changed <= sign.loaded || sign.loaded == 0) return {};
  return fmt::format("{} was changed at {} UTC, the oldest worker was started at {} UTC. ",
                     sign.file, clock_text(sign.changed), clock_text(sign.loaded));
}

std::string title(const NotLoaded& sign) {
  switch (sign.sign) {
    case NotLoaded::Sign::nobody_listens:
      return fmt::format("nginx runs without {} of {}:{}: {}", sign.written,
                         sign.evidence.front().source, sign.evidence.front().line, sign.live);
    case NotLoaded::Sign::still_listens:
      return fmt::format("{}, which its files do not name any more: the next reload closes it",
                         sign.live);
    case NotLoaded::Sign::other_answer:
      break;
  }
  return fmt::format("nginx runs an older configuration: {} {} gets {}, {}:{} says {}",
                     sign.route->request.method, sign.route->request.path, sign.live,
                     sign.evidence.back().source, sign.evidence.back().line, sign.written);
}

Finding older(const nginx::Instance& instance, const NotLoaded& sign) {
  Finding finding;
  finding.code = sign.fails ? "nginx.config-not-loaded" : "nginx.config-newer-than-workers";
  finding.confidence = Confidence::likely;
  finding.title = title(sign);
  finding.detail = when_changed(sign) +
                   "Workers keep the configuration with which they were started, until a reload "
                   "that succeeds.";
  if (!sign.fails && sign.sign != NotLoaded::Sign::nobody_listens) finding.when = When::on_reload;
  finding.about = {sign.node.empty() || sign.fails ? "nginx:" + instance.conf_path : sign.node};
  finding.evidence = sign.evidence;
  Fix fix;
  fix.summary = "load what is on disk";
  fix.commands = {instance.load_command()};
  fix.interrupts = Interrupts::reload;
  finding.fixes = {std::move(fix)};
  return finding;
}

}  // namespace

HOPCHECK_CHECK(nginx_loaded) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  if (host.files_only()) return out.not_applicable("processes exist on a live host only");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    auto signs = *not_loaded(host, instance);
    // One that makes requests fail says it all.
    std::stable_sort(signs.begin(), signs.end(),
                     [](const NotLoaded& a, const NotLoaded& b) { return a.fails > b.fails; });
    for (const NotLoaded& sign : signs) {
      out.report(older(instance, sign));
      if (sign.fails) return;
    }
  });
}
