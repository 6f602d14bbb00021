// nginx's configuration on disk loads.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/nginx_live.h"
#include "hopcheck/nginx_refusal.h"
#include "hopcheck/server_blocks.h"

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

/// A request that fails now and would not by what the files say; nothing where there is none.
std::optional<NotLoaded> failing(const Deployment& host, const nginx::Instance& instance) {
  const auto signs = not_loaded(host, instance);
  if (!signs.seen()) return std::nullopt;
  for (const NotLoaded& sign : *signs) {
    if (sign.fails) return sign;
  }
  return std::nullopt;
}

/// The line as it stands in the file, where that can be read.
std::string text_at(const Deployment& host, const nginx::Problem& problem) {
  const auto line = line_of(host, problem.file, problem.line);
  const auto begin = line.seen() ? line->find_first_not_of(" \t") : std::string::npos;
  return begin == std::string::npos ? problem.message : line->substr(begin);
}

/// The link by which nginx comes to a file that is not there; null: it is not so.
const PathStep* dangling(const Walk& walk) {
  if (walk.steps.empty() || walk.last().type != PathStep::Type::absent) return nullptr;
  const auto link = std::find_if(walk.steps.begin(), walk.steps.end(), [&](const PathStep& step) {
    return step.type == PathStep::Type::link && step.path == walk.path;
  });
  return link == walk.steps.end() ? nullptr : &*link;
}

/// "open() "/etc/nginx/sites-enabled/shop" failed (2: …": the path.
std::string not_opened(const std::string& message) {
  static const std::string kOpen = "open() \"";
  const auto open = message.find(kOpen);
  const auto end = message.find("\" failed (2:", open);
  if (open == std::string::npos || end == std::string::npos) return {};
  return message.substr(open + kOpen.size(), end - open - kOpen.size());
}

/// A file with the site's block that the link was meant for, else none.
std::string meant_file(const Deployment& host, const nginx::Instance& instance) {
  const auto unused = unused_site(host, instance, site_name(host.targets().front()));
  return unused.seen() && *unused ? (*unused)->file : "";
}

/// What to do about a line that nginx refuses, before it is loaded.
Fix mend(const Deployment& host, const nginx::Instance& instance, const nginx::Problem& problem) {
  if (auto fix = mended(host, instance, problem)) return *fix;
  Fix fix;
  fix.summary = problem.file.empty() ? "correct what nginx names, then load it"
                                     : fmt::format("correct line {} of {}, then load it",
                                                   problem.line, problem.file);
  return fix;
}

/// An include that matches a link which leads nowhere; else what the line itself needs.
Fix explain_link(const Deployment& host, const nginx::Instance& instance,
                 const nginx::Problem& problem, Finding& finding) {
  const std::string path = not_opened(problem.message);
  if (path.empty()) return mend(host, instance, problem);
  const auto walk = host.walk(path);
  const PathStep* link = walk.seen() ? dangling(*walk) : nullptr;
  if (link == nullptr) return mend(host, instance, problem);
  finding.title = fmt::format("nginx refuses {}:{}: the link {} leads to {}, which is not there",
                              problem.file, problem.line, path, walk->last().path);
  finding.evidence.push_back(cite(*link));
  finding.evidence.push_back(cite(walk->last()));
  Fix fix;
  const std::string file = meant_file(host, instance);
  fix.summary = file.empty() ? "remove the link" : "let the link lead to the site's file";
  fix.commands = {file.empty() ? "rm " + shell_quote(path)
                               : "ln -sfn " + shell_quote(file) + " " + shell_quote(path)};
  return fix;
}

/// nginx names a certificate's file and not the line that names it.
std::optional<Evidence> line_of_certificate(const nginx::Instance& instance,
                                            const std::string& message) {
  if (instance.config == nullptr || message.find("cannot load certificate") == std::string::npos)
    return std::nullopt;
  const auto& nodes = instance.config->nodes;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) {
    if (!instance.config->name(nodes[i]).starts_with("ssl_certificate")) continue;
    const auto line = instance.config->at(i);
    if (message.find(fmt::format("\"{}\"", line.arg(0))) != std::string::npos)
      return line.evidence();
  }
  return std::nullopt;
}

/// Without OpenSSL's own words where they say no more than that the file is not there.
std::string in_short(const std::string& message) {
  const auto noise = message.find(": BIO_new_file() failed (SSL:");
  const bool absent = message.find("No such file or directory") != std::string::npos;
  return noise == std::string::npos || !absent ? message
                                               : message.substr(0, noise) + ": no such file";
}

void report(const Deployment& host, const nginx::Instance& instance, const nginx::Problem& problem,
            Confidence confidence, bool running, const std::string& verdict, Outcome& out) {
  Finding finding;
  finding.code = "nginx.config-broken";
  finding.confidence = confidence;
  // Workers that run keep the configuration that they were started with.
  const auto fails = running ? failing(host, instance) : std::nullopt;
  finding.when = running && !fails ? When::on_reload : When::now;
  const auto certificate = line_of_certificate(instance, problem.message);
  if (!problem.file.empty()) {
    finding.title =
        fmt::format("nginx refuses {}:{}: {}", problem.file, problem.line, problem.message);
  } else {
    const std::string place = certificate
                                  ? fmt::format("{}:{}", certificate->source, certificate->line)
                                  : instance.conf_path;
    finding.title = fmt::format("nginx refuses {}: {}", place, in_short(problem.message));
  }
  if (running) {
    finding.detail =
        "The running workers still serve the configuration that they were started with; the next "
        "reload does nothing, the next restart or boot leaves nginx down.";
  }
  if (fails) {
    finding.detail +=
        fmt::format(" {} {} gets {}; on disk stands: {}", fails->route->request.method,
                    fails->route->request.path, fails->live, fails->written);
  }
  finding.about = {"nginx:" + instance.conf_path};
  if (!problem.file.empty()) {
    finding.evidence.push_back(
        {EvidenceKind::file, problem.file, problem.line, text_at(host, problem), false});
  }
  if (certificate) finding.evidence.push_back(*certificate);
  if (!verdict.empty()) {
    finding.evidence.push_back({EvidenceKind::command, instance.command("-t"), 0, verdict, false});
  }
  finding.fixes = {explain_link(host, instance, problem, finding)};
  Fix& fix = finding.fixes.front();
  if (fix.edits.empty() && fix.commands.empty()) {
    // Commands that fail until somebody has thought are none to paste.
    fix.summary += ": " + instance.load_command();
  } else {
    fix.commands.push_back(instance.load_command());
    fix.interrupts = running ? Interrupts::reload : Interrupts::nothing;
  }
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
      return report(host, instance, from_nginx(*test), Confidence::certain, runs, *test, out);
    }
    // nginx itself is the judge wherever it could be asked.
    if (test.seen()) return;
    if (instance.config != nullptr && !instance.config->problems.empty()) {
      if (!instance.running.seen() && !host.files_only()) throw NotSeen(instance.running.unseen());
      return report(host, instance, instance.config->problems.front(), Confidence::likely, runs, {},
                    out);
    }
    if (instance.config != nullptr) {
      for (const Unseen& missing : instance.config->missing) out.not_seen(missing);
    }
    // Our own reading finds what cannot be parsed; only nginx knows all it refuses.
    if (!host.files_only()) out.not_seen(test.unseen());
  });
}
