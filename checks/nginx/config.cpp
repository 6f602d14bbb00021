// nginx's configuration on disk loads.
#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"

using namespace hopcheck;

namespace {

/// "unexpected end of file … in /etc/nginx/x.conf:12": the place at the end of nginx's message.
nginx::Problem from_nginx(const std::string& message) {
  nginx::Problem problem;
  problem.message = message;
  const auto in = message.rfind(" in /");
  if (in == std::string::npos) return problem;
  const auto colon = message.rfind(':');
  if (colon == std::string::npos || colon < in) return problem;
  const std::string digits = message.substr(colon + 1);
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos ||
      digits.size() > 9)
    return problem;
  problem.file = message.substr(in + 4, colon - in - 4);
  problem.line = std::stoi(digits);
  problem.message = message.substr(0, in);
  return problem;
}

void report(const nginx::Instance& instance, const nginx::Problem& problem, Confidence confidence,
            bool running, const std::string& verdict, Outcome& out) {
  Finding finding;
  finding.code = "nginx.config-broken";
  finding.confidence = confidence;
  // Workers that run keep the configuration that they were started with.
  finding.when = running ? When::on_reload : When::now;
  finding.title =
      problem.file.empty()
          ? fmt::format("nginx refuses {}: {}", instance.conf_path, problem.message)
          : fmt::format("nginx refuses {}:{}: {}", problem.file, problem.line, problem.message);
  if (running) {
    finding.detail =
        "The running workers still serve the configuration that they were started with; the next "
        "reload does nothing, the next restart or boot leaves nginx down.";
  }
  finding.about = {"nginx:" + instance.conf_path};
  if (!problem.file.empty()) {
    finding.evidence.push_back(
        {EvidenceKind::file, problem.file, problem.line, problem.message, false});
  }
  if (!verdict.empty()) {
    finding.evidence.push_back({EvidenceKind::command, instance.command("-t"), 0, verdict, false});
  }
  Fix fix;
  fix.summary = problem.file.empty() ? "correct what nginx names, then load it"
                                     : fmt::format("correct line {} of {}, then load it",
                                                   problem.line, problem.file);
  fix.commands = {instance.load_command()};
  fix.interrupts = running ? Interrupts::reload : Interrupts::nothing;
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_config) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    const bool* running = instance.running.if_seen();
    const bool runs = running != nullptr && *running;
    const Fact<std::string> test = host.nginx_test(instance);
    if (test.seen() && !test->empty()) {
      return report(instance, from_nginx(*test), Confidence::certain, runs, *test, out);
    }
    // nginx itself is the judge wherever it could be asked.
    if (test.seen()) return;
    if (instance.config != nullptr && !instance.config->problems.empty()) {
      if (!instance.running.seen() && !host.files_only()) throw NotSeen(instance.running.unseen());
      return report(instance, instance.config->problems.front(), Confidence::likely, runs, {}, out);
    }
    if (instance.config != nullptr) {
      for (const Unseen& missing : instance.config->missing) out.not_seen(missing);
    }
    // Our own reading finds what cannot be parsed; only nginx knows all it refuses.
    if (!host.files_only()) out.not_seen(test.unseen());
  });
}
