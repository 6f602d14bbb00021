// What a person can do with a report that found nothing, or not all.
#include "diagnosis/next.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "diagnosis/pages.h"
#include "hopcheck/cloud.h"
#include "hopcheck/logs.h"

namespace hopcheck {
namespace {

/// What each load balancer is asked for its own view with.
struct View {
  std::string_view profile;
  const char* command;
};
constexpr std::array<View, 7> kViews{
    {{"aws-alb", "aws elbv2 describe-target-health --target-group-arn ARN"},
     {"aws-nlb", "aws elbv2 describe-target-health --target-group-arn ARN"},
     {"aws-clb", "aws elb describe-instance-health --load-balancer-name NAME"},
     {"gcp", "gcloud compute backend-services get-health NAME --global"},
     {"azure", "az network application-gateway show-backend-health -g GROUP -n NAME"},
     {"kubernetes", "kubectl describe pod POD"},
     {"digitalocean", "doctl compute load-balancer get ID"}}};

void add_root(Report& report) {
  const bool root_helps = std::any_of(report.unseen.begin(), report.unseen.end(),
                                      [](const ReportedUnseen& u) { return u.needs == "root"; });
  if (root_helps)
    report.next.push_back({"what does root see that this user does not?", "sudo hopcheck"});
}

/// Where some setting is unknown, the log's own words; what they settled stands in the settings.
void add_observed(const Deployment& host, Report& report) {
  const LbSettings& lb = host.targets().front().lb;
  const bool unknown = lb.profile.from <= From::observation || lb.path.from <= From::observation;
  if (!unknown || host.files_only() || !host.nginx().seen()) return;
  for (const auto& instance : *host.nginx()) {
    if (instance.master == 0) continue;
    for (const Prober& prober : access_logs(host, instance).seen.probers) {
      constexpr std::size_t kMost = 4;
      if (!prober.ours && report.observed.size() < kMost) report.observed.push_back(prober.text());
    }
  }
}

const CheckPage* page_of(const std::string& id) {
  for (const auto& page : all_pages()) {
    if (page.id == id) return &page;
  }
  return nullptr;
}

/// The load balancer's side in words, the rest by number: -v names them.
void add_ruled_out(Report& report) {
  std::size_t others = 0;
  for (const auto& check : report.checks) {
    const CheckPage* page = check.status == "pass" ? page_of(check.id) : nullptr;
    if (page == nullptr) continue;
    const std::string& hop = page->codes.front().hop;
    if (hop == "lb" || hop == "firewall") {
      report.ruled_out.push_back(page->title);
    } else {
      ++others;
    }
  }
  if (others > 0) report.ruled_out.push_back(fmt::format("{} checks of what lies behind", others));
}

std::string view_of(const std::string& profile) {
  const auto view = std::find_if(kViews.begin(), kViews.end(),
                                 [&](const View& one) { return one.profile == profile; });
  return view == kViews.end() ? "" : view->command;
}

std::string capture(const LbSettings& lb) {
  std::string from;
  for (const auto& source : lb.sources.value) {
    const bool whole = source.ends_with("/0");
    if (!lb.sources.assumed() && !whole)
      from += (from.empty() ? "" : " or ") + ("src net " + source);
  }
  const std::string filter = fmt::format("tcp dst port {}", lb.port.value);
  return fmt::format("tcpdump -ni any -c 20 '{}{}'", filter,
                     from.empty() ? "" : " and (" + from + ")");
}

/// Where a time-out has no cause on this host, one may lie before it.
void add_cloud(const Deployment& host, Report& report) {
  const bool unexplained =
      std::any_of(report.diagnosis.begin(), report.diagnosis.end(),
                  [](const ReportedFinding& f) { return f.finding.code == "lb.probe-timeout"; });
  if (!unexplained || cloud_exported(host)) return;
  const std::string profile = host.targets().front().lb.profile.value;
  std::string command;
  if (profile.rfind("aws-", 0) == 0) {
    command = "aws ec2 describe-security-groups --group-ids GROUPS | hopcheck --cloud -";
  } else if (profile == "gcp") {
    command = "gcloud compute firewall-rules list --format=json | hopcheck --cloud -";
  }
  if (!command.empty())
    report.next.push_back({"does the cloud's firewall let the load balancer in?", command});
}

/// Nothing here explains what the load balancer says: the fault is before this host, or in what it
/// was taken to ask for.
void add_lb_questions(const Deployment& host, Report& report) {
  const LbSettings& lb = host.targets().front().lb;
  const std::string view = view_of(lb.profile.value);
  if (!view.empty()) report.next.push_back({"what does the load balancer itself see?", view});
  if (lb.profile.assumed() || lb.path.assumed()) {
    report.next.push_back({"what does it ask for, and does that get the same answer?",
                           "hopcheck --lb-profile PROFILE --lb-port PORT --lb-path PATH"});
  }
  report.next.push_back({"do its requests reach this host at all?", capture(lb)});
}

}  // namespace

void add_next(const Deployment& host, Report& report) {
  add_root(report);
  add_observed(host, report);
  add_cloud(host, report);
  const bool in_order =
      report.verdict == "healthy" && !report.chain.empty() && report.chain.front().status == "pass";
  if (!in_order) return;
  add_ruled_out(report);
  add_lb_questions(host, report);
}

}  // namespace hopcheck
