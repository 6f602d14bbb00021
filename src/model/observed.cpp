// What nobody told us of the load balancer, completed by its own requests in the access log.
#include <algorithm>
#include <array>
#include <set>

#include "facts/log/log_files.h"
#include "facts/log/records.h"
#include "facts/socket/ip.h"
#include "hopcheck/logs.h"
#include "model/state.h"

namespace hopcheck {
namespace {

constexpr std::uint64_t kFewest = 3;

/// The profile whose probes call themselves so.
struct Known {
  std::string_view agent;
  const char* profile;
};
constexpr std::array<Known, 7> kKnown{{{"ELB-HealthChecker/1", "aws-clb"},
                                       {"ELB-HealthChecker/", "aws-alb"},
                                       {"GoogleHC/", "gcp"},
                                       {"kube-probe/", "kubernetes"},
                                       {"Load Balancer Agent", "azure"},
                                       {"HAProxy", "haproxy"},
                                       {"Mozilla/5.0 (compatible; Cloudflare", "cloudflare"}}};

std::string profile_of(const std::string& agent) {
  const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                  [&](const Known& one) { return agent.rfind(one.agent, 0) == 0; });
  return known == kKnown.end() ? "" : known->profile;
}

/// Anybody may call himself a health checker. Only what comes from inside, or from where the
/// makers say that their probes come from, tells us what to ask this host for.
bool may_be_lb(const std::string& source, const LbSettings& lb) {
  std::vector<std::string> networks{"10.0.0.0/8",      "172.16.0.0/12",  "192.168.0.0/16",
                                    "100.64.0.0/10",   "169.254.0.0/16", "fc00::/7",
                                    "35.191.0.0/16",   "130.211.0.0/22", "168.63.129.16/32",
                                    "209.85.152.0/22", "209.85.204.0/22"};
  if (!lb.sources.value.empty()) networks = lb.sources.value;
  const auto address = parse_network(source);
  if (!address) return false;
  return std::any_of(networks.begin(), networks.end(), [&](const std::string& text) {
    const auto network = parse_network(text);
    return network && overlap(*address, *network) == Overlap::whole;
  });
}

std::vector<Prober> early_probers(const Deployment& deployment) {
  std::vector<Prober> probers;
  Host& host = deployment.state().host;
  const Answer clock = host.ask(ask::now());
  const auto addresses = deployment.addresses();
  if (!deployment.nginx().seen() || !addresses.seen() || clock.status != Answer::Status::present)
    return probers;
  const long long from = decode_clock(clock.text).now - deployment.state().since_ms / 1000;
  for (const auto& instance : *deployment.nginx()) {
    if (instance.config == nullptr || instance.master == 0) continue;
    for (const auto& file :
         log::access_log_files(*instance.config, instance.config->prefix).files) {
      const auto one = decoded<log::OneAccessLog>(
          host.ask(ask::reduce(file.path, "probers-1", file.format)), file.path,
          [&](const std::string& text) { return log::parse_access_log(file.path, text); });
      if (!one.seen()) continue;
      for (const Prober& prober : one->log.probers) {
        const auto& own = *addresses;
        if (std::find(own.begin(), own.end(), prober.source) == own.end())
          log::add_prober(prober, from, probers);
      }
    }
  }
  std::erase_if(probers, [](const Prober& prober) { return prober.seen.count < kFewest; });
  return probers;
}

/// The one thing that all probers agree in; null where they differ or there are none.
const Prober* agreed(const std::vector<const Prober*>& probers) {
  const Prober* newest = nullptr;
  for (const Prober* prober : probers) {
    if (newest == nullptr || prober->seen.last > newest->seen.last) newest = prober;
  }
  const bool same = std::all_of(probers.begin(), probers.end(), [&](const Prober* prober) {
    return prober->path == newest->path && profile_of(prober->agent) == profile_of(newest->agent);
  });
  return same ? newest : nullptr;
}

template <class T, class Value>
void observe(Setting<T>& setting, Value value, const std::string& source) {
  if (setting.from == From::default_) setting = {T(std::move(value)), From::observation, source};
}

}  // namespace

void observe_probes(const Deployment& deployment, LbSettings& lb) {
  if (lb.path.from != From::default_ || lb.protocol.value == "tcp") return;
  const bool any_profile = lb.profile.from == From::default_;
  const auto all = early_probers(deployment);
  std::vector<const Prober*> ours;
  for (const Prober& prober : all) {
    const std::string profile = profile_of(prober.agent);
    const bool fits = any_profile ? !profile.empty() : profile == profile_of(lb.user_agent);
    if (fits && !profile.empty() && prober.path.rfind('/', 0) == 0 && may_be_lb(prober.source, lb))
      ours.push_back(&prober);
  }
  const Prober* prober = agreed(ours);
  if (prober == nullptr) return;
  const std::string source = prober->file + ": " + prober->agent + " from " + prober->source;
  observe(lb.profile, profile_of(prober->agent), source);
  // Its agent names the maker, not which of its products: what was not seen stays a guess.
  if (any_profile && lb.codes.from == From::default_) lb.codes.source = "assumed";
  observe(lb.path, prober->path, source);
  if (!prober->host.empty() && prober->host != "-")
    observe(lb.host, std::optional<std::string>(prober->host), source);
  const long long interval = prober->interval_s();
  if (interval > 0 && interval <= 3600)
    observe(lb.interval_ms, static_cast<int>(interval * 1000), source);
  if (any_profile) {
    lb.user_agent = prober->agent;
    lb.method = prober->method == "HEAD" ? "HEAD" : "GET";
  }
}

}  // namespace hopcheck
