// nginx's workers have connections left.
#include <charconv>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/edits.h"
#include "hopcheck/limits.h"

using namespace hopcheck;

namespace {

constexpr long kByDefault = 512;

/// The number in a worker_connections line.
long number_of(const nginx::Directive& line) {
  long number = 0;
  const std::string_view text = line.arg(0);
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

void judge(const Deployment& host, const nginx::Instance& instance, Outcome& out) {
  const auto line = connections_line(*instance.config);
  const long most = line ? number_of(*line) : kByDefault;
  int fullest = 0;
  long used = 0;
  for (const int pid : instance.workers) {
    const auto open = open_sockets(host, pid);
    // Worker processes come and go.
    if (const long* count = out.see(open); count != nullptr && *count > used) {
      fullest = pid;
      used = *count;
    }
  }
  if (most <= 0 || used * 10 < most * 8) return;
  Finding finding;
  finding.code = "nginx.worker-connections-scarce";
  finding.when = When::under_load;
  finding.title = fmt::format("a worker of nginx (pid {}) uses {} of its {} connections now",
                              fullest, used, most);
  finding.detail = "A request that is passed on takes two: the client's and the application's.";
  finding.about = {"nginx:" + instance.conf_path};
  finding.evidence = {{EvidenceKind::kernel, fmt::format("/proc/{}/fd", fullest), 0,
                       fmt::format("{} sockets", used), false}};
  finding.evidence.push_back(line ? line->evidence()
                                  : Evidence{EvidenceKind::default_, "nginx's default", 0,
                                             "worker_connections 512", false});
  Fix fix;
  fix.summary = "let each worker have more connections";
  fix.edits = more_connections(host, instance);
  if (fix.edits.empty()) {
    fix.summary = "find out who holds them: ss -tnp, one line a connection";
  } else {
    fix.commands = {instance.load_command()};
    fix.interrupts = Interrupts::reload;
  }
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_connections) {
  if (host.files_only()) return out.not_applicable("sockets are open on a live host only");
  if (host.nginx()->empty()) return out.not_applicable("there is no nginx");
  std::size_t running = 0;
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    if (!*instance.running || instance.workers.empty() || instance.config == nullptr) return;
    ++running;
    judge(host, instance, out);
  });
  if (running == 0 && out.unseen().empty()) out.not_applicable("no worker of nginx runs");
}
