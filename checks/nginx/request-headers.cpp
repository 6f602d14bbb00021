// What browsers send fits into nginx's buffers.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/edits.h"
#include "hopcheck/logs.h"

using namespace hopcheck;

namespace {

constexpr std::uint64_t kFewest = 3;
constexpr std::size_t kFewestPaths = 2;  // one path alone may be anybody's attempt
const char* const kBuffers = "large_client_header_buffers";

/// Lines that tell of a header, a cookie mostly; long URLs are what scanners send.
bool is_header(const Logged& logged) {
  return logged.what == "request-line-too-long" &&
         logged.sample.find("client sent too long header line") != std::string::npos;
}

std::optional<nginx::Directive> http_of(const nginx::Config& config) {
  for (const auto& top : config.top()) {
    if (top.name() == "http") return top;
  }
  return std::nullopt;
}

void judge(const Deployment& host, const nginx::Instance& instance,
           const std::vector<Logged>& logged, Outcome& out) {
  const auto http = http_of(*instance.config);
  std::vector<const Logged*> refused;
  std::set<std::string> paths;
  std::uint64_t count = 0;
  for (const Logged& group : logged) {
    if (!is_header(group)) continue;
    refused.push_back(&group);
    paths.insert(group.path);
    count += group.seen.count;
  }
  if (!http || count < kFewest || paths.size() < kFewestPaths) return;
  const auto newest = *std::max_element(
      refused.begin(), refused.end(),
      [](const Logged* a, const Logged* b) { return a->seen.last < b->seen.last; });
  const auto set = nginx::in_force(*instance.config, http->index(), kBuffers);
  Finding finding;
  finding.code = "nginx.request-header-too-large";
  finding.when = When::under_load;
  finding.title = fmt::format(
      "nginx refused {} requests on {} paths with 400: a header was longer than its buffers ({})",
      count, paths.size(), set ? set->text() : std::string(kBuffers) + " 4 8k by default");
  finding.about = {"nginx:" + instance.conf_path};
  finding.evidence = {newest->evidence()};
  if (set) finding.evidence.push_back(set->evidence());
  Fix fix;
  fix.summary = "let a header be up to 32 KiB long, and look for what makes the cookies grow";
  fix.edits = set_directive(host, instance, http->index(), kBuffers, "4 32k");
  if (!fix.edits.empty()) {
    fix.commands = {instance.load_command()};
    fix.interrupts = Interrupts::reload;
  }
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_request_headers) {
  if (host.files_only()) return out.not_applicable("logs tell of a live host only");
  if (host.nginx()->empty()) return out.not_applicable("there is no nginx");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running) return;
    const auto logged = current_errors(host, instance);
    out.none(logged);
    judge(host, instance, logged.seen_items(), out);
  });
}
