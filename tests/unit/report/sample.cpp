// Reports to render in tests.
#include "sample.h"

namespace hopcheck::sample {
namespace {

const std::string kSocket = "/run/shop/gunicorn.sock";

void add_host(Report& report) {
  report.version = "0.1.0";
  report.host.name = "web1";
  report.host.os = "Debian GNU/Linux 12 (bookworm)";
  report.host.kernel = "6.1.0-30-amd64";
  report.host.user = "root";
  report.host.privileged = true;
  report.started_at = "2026-11-21T09:30:00Z";
  report.config_file = "/etc/hopcheck.toml";
  report.lb = {{"profile", "\"aws-alb\"", "aws-alb", From::config, "/etc/hopcheck.toml:2"},
               {"protocol", "\"http\"", "http", From::default_, "profile aws-alb"},
               {"port", "80", "80", From::default_, "profile aws-alb"},
               {"path", "\"/health\"", "/health", From::flag, "--lb-path"},
               {"host", "null", "its own address", From::default_, "profile aws-alb"},
               {"codes", "\"200\"", "200", From::config, "/etc/hopcheck.toml:12"},
               {"timeout", "\"5s\"", "5s", From::config, "/etc/hopcheck.toml:13"}};
  report.requests = {{"GET", "http://10.0.1.5:80/health", "aws-alb", 200, 3.96}};
}

ReportedFinding socket_closed() {
  ReportedFinding reported;
  Finding& finding = reported.finding;
  finding.code = "socket.directory-not-traversable";
  finding.title = "nginx (www-data) cannot reach " + kSocket + ": /run/shop is 0700 shop:shop";
  finding.about = {"socket:" + kSocket};
  finding.evidence = {
      {EvidenceKind::file, "/etc/nginx/sites-enabled/shop", 12,
       "proxy_pass http://unix:" + kSocket + ";", false},
      {EvidenceKind::kernel, "stat /run/shop", 0, "directory 0700 shop:shop", false},
      {EvidenceKind::log, "/var/log/nginx/error.log", 8841,
       "connect() to unix:" + kSocket +
           " failed (13: Permission denied) while connecting to upstream",
       true}};
  Fix permanent;
  permanent.summary = "keep it open after a restart";
  permanent.edits = {{"/etc/systemd/system/shop.service", 9, "RuntimeDirectoryMode=0700",
                      "RuntimeDirectoryMode=0755"}};
  permanent.commands = {"systemctl daemon-reload && systemctl restart shop.service"};
  permanent.interrupts = Interrupts::restart;
  permanent.widens = "every local user";
  Fix now;
  now.summary = "open it now";
  now.commands = {"chmod 0755 /run/shop"};
  now.lasts = Lasts::until_reboot;
  finding.fixes = {permanent, now};
  reported.fix_notes = {{{{8, "RuntimeDirectory=shop"}}, {}, "cause 1 changes that line, too"}, {}};
  reported.fingerprint = "5f0c3a2b1d4e6f70";
  reported.hop = "socket";
  reported.severity = Severity::error;
  reported.why =
      "Connecting to a Unix socket needs search permission on every directory\nof its path; `0755` "
      "gives nginx "
      "that, e.g. here, and nothing more. A second sentence. A third one.\n\nA second paragraph.";
  reported.explains = {"lb.probe-bad-status", "nginx.upstream-error-logged"};
  return reported;
}

ReportedFinding effect() {
  ReportedFinding reported;
  reported.finding.code = "lb.probe-bad-status";
  reported.finding.title = "aws-alb gets 502 for GET /health, wants 200";
  reported.finding.about = {"route:lb GET /health"};
  reported.fingerprint = "0011223344556677";
  reported.hop = "lb";
  return reported;
}

}  // namespace

Report healthy() {
  Report report;
  add_host(report);
  report.duration_ms = 84.4;
  report.verdict = "healthy";
  report.chain = {{"lb", "aws-alb GET /health on port 80: 200 in 4 ms, wants 200", "pass"},
                  {"nginx", "shop.example.com (/etc/nginx/sites-enabled/shop:3)", "pass"},
                  {"socket", kSocket, "pass"},
                  {"app", "gunicorn shop:app, 4 gthread workers (shop.service, pid 812)", "pass"}};
  report.summary = report.chain.front().label;
  report.routes = {{"lb GET /health", "default", "healthy", report.chain, {}}};
  report.checks = {{"lb.port", "pass", "", 0.31},
                   {"socket.access", "pass", "", 12.6},
                   {"app.flask", "skip", "no Flask development server runs here", 0.04}};
  report.timings = {{"listeners", 0, 10},
                    {"read /etc/nginx/nginx.conf", 2, 4},
                    {"request GET http://10.0.1.5:80/health", 12, 40}};
  return report;
}

Report broken() {
  Report report = healthy();
  report.verdict = "broken";
  report.exit_code = 1;
  report.chain[0] = {"lb", "aws-alb GET /health on port 80: 502 in 1 ms, wants 200", "fail"};
  report.chain[2] = {"socket", kSocket + ": www-data may not reach it", "fail"};
  report.diagnosis = {socket_closed()};
  report.findings = {socket_closed(), effect()};
  report.summary = report.diagnosis.front().finding.title;
  report.routes = {{"lb GET /health", "default", "broken", report.chain, {"5f0c3a2b1d4e6f70"}}};
  report.checks[0].status = "fail";
  report.checks[1].status = "fail";
  report.requests[0].status = 502;
  report.next = {{"what does the load balancer itself see?",
                  "aws elbv2 describe-target-health --target-group-arn ARN > h.json"}};
  return report;
}

Report degraded() {
  Report report = healthy();
  report.host.user = "ana";
  report.host.privileged = false;
  report.verdict = "degraded";
  report.complete = false;
  report.chain[1].status = "warn";
  report.chain[3] = {"app", "not seen", "unknown"};
  ReportedFinding warning;
  warning.finding.code = "nginx.keepalive-below-lb-idle";
  warning.finding.confidence = Confidence::likely;
  warning.finding.when = When::under_load;
  warning.finding.title = "nginx closes idle connections after 15 s; aws-alb reuses them for 60 s";
  warning.finding.about = {"server:shop.example.com"};
  warning.fingerprint = "8899aabbccddeeff";
  warning.hop = "nginx";
  warning.severity = Severity::warning;
  report.diagnosis = {warning};
  report.findings = {warning};
  report.unseen = {{"which process holds port 80", "denied", "root", {"socket", "app"}},
                   {"/var/log/nginx/error.log (0640 www-data:adm)", "denied", "root", {"nginx"}},
                   {"what /etc/nginx/lua.conf decides at run time", "undecidable", "", {"nginx"}}};
  report.checks[0].status = "warn";
  report.checks[1] = {"socket.access", "skip", "which process holds port 80", 0.2};
  report.next = {{"what does root see that this user does not?", "sudo hopcheck"}};
  return report;
}

Report hostile(const std::string& text) {
  Report report = broken();
  report.host.name = report.host.os = report.config_file = text;
  for (auto& hop : report.chain) hop.label = text;
  for (auto* findings : {&report.diagnosis, &report.findings}) {
    Finding& finding = findings->front().finding;
    finding.title = finding.detail = text;
    finding.about = {text};
    for (auto& evidence : finding.evidence) evidence.source = evidence.text = text;
    for (auto& fix : finding.fixes) {
      fix.summary = fix.widens = text;
      fix.commands = {text};
      fix.edits = {{text, 3, text, text}};
    }
    findings->front().why = text;
  }
  report.lb[2].text = report.lb[2].source = text;
  report.checks[0].reason = text;
  report.unseen = {{text, "denied", "root", {"nginx"}}, {text, "failed", "", {}}};
  report.requests[0].url = text;
  report.next[0] = {text, text};
  report.observed = report.ruled_out = {text};
  report.timings[0].what = text;
  return report;
}

}  // namespace hopcheck::sample
