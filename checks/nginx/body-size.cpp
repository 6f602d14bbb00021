// Uploads that nginx turns away.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/edits.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

constexpr std::uint64_t kFewest = 3;         // a scanner tries a path once or twice
constexpr std::uint64_t kFewestOverSet = 5;  // a limit that somebody chose is mostly meant
constexpr long long kDefaultLimit = 1 << 20;
constexpr long long kMostMeant = 2LL << 30;
constexpr long long kFarOver = 10;

/// The next round size with some room.
std::string room_for(long long bytes) {
  constexpr std::array<long long, 9> sizes{2, 5, 10, 20, 50, 100, 200, 500, 1000};
  for (const long long size : sizes) {
    if (bytes + bytes / 4 <= size << 20) return fmt::format("{}m", size);
  }
  return "3g";
}

std::string megabytes(long long bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / (1 << 20));
}

bool is_meant(const Logged& group, bool set, long long limit) {
  if (group.most == 0 || group.most > kMostMeant || group.path == "*") return false;
  if (!set) return group.seen.count >= kFewest;
  return group.seen.count >= kFewestOverSet && group.most <= kFarOver * limit;
}

void judge(const Deployment& host, const nginx::Instance& instance, const Logged& group,
           Outcome& out) {
  const auto place = place_of(instance, group.server, group.path);
  if (!place) return;
  const auto set = nginx::in_force(*instance.config, place->block(), "client_max_body_size");
  const long long limit = set ? size_bytes(std::string(set->arg(0))) : kDefaultLimit;
  // A limit that has been raised since lets such requests pass.
  if (!is_meant(group, set.has_value(), limit) || limit == 0 || limit >= group.most) return;
  Finding finding;
  finding.code = "nginx.body-too-large";
  finding.title = fmt::format("nginx turns away {} {} of up to {} with 413 ({}), {}", group.method,
                              group.path, megabytes(group.most),
                              set ? fmt::format("client_max_body_size {}", set->arg(0))
                                  : "client_max_body_size 1m by default",
                              group.seen.text());
  finding.about = {place->node()};
  finding.evidence = {group.evidence()};
  finding.evidence.push_back(set ? set->evidence()
                                 : instance.config->at(place->block()).evidence());
  const std::string size = room_for(group.most);
  auto edits = set_directive(host, instance, place->block(), "client_max_body_size", size);
  Fix fix;
  fix.summary = fmt::format("let uploads of {} in", size);
  fix.edits = std::move(edits);
  fix.commands = {instance.load_command()};
  fix.interrupts = Interrupts::reload;
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_body_size) {
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  if (host.nginx()->empty()) return out.not_applicable("there is no nginx");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running) return;
    const auto logged = current_errors(host, instance);
    out.none(logged);
    out.each(logged.seen_items(), [&](const Logged& group) {
      if (group.what == "body-too-large") judge(host, instance, group, out);
    });
  });
}
