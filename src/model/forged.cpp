// Requests with forged headers, and what their answers show. The live host sends them only when it
// is told to.
#include "hopcheck/cite.h"
#include "hopcheck/forwarded.h"
#include "model/state.h"

namespace hopcheck {
namespace {

using Found = std::optional<std::vector<Evidence>>;

constexpr const char* kName = "forged.invalid";
// An address of the documentation's, as a load balancer would write it behind what its client sent.
constexpr const char* kStranger = "198.51.100.7";
constexpr const char* kClaimed = "127.0.0.1, 198.51.100.7";

Fact<Exchange> crafted(const Deployment& host, const Route& route, const std::string& name,
                       const std::string& value, std::vector<Evidence>& evidence) {
  Request request = route.request;
  request.sent_as = kCrafted;
  request.headers.emplace_back(name, value);
  const auto exchange = decoded<Exchange>(host.state().host.ask(ask::request(request)),
                                          request.url(), decode_exchange);
  if (!exchange.seen()) return exchange;
  evidence.push_back(cite(request, *exchange));
  evidence.back().source += " with " + name + ": " + value;
  return exchange;
}

}  // namespace

Fact<Found> forged_host(const Deployment& host, const Route& route) {
  std::vector<Evidence> evidence;
  const auto exchange = crafted(host, route, "X-Forwarded-Host", kName, evidence);
  if (!exchange.seen()) return exchange.unseen();
  const std::string location = exchange->header("Location");
  const bool in_page = exchange->body.find(std::string("://") + kName) != std::string::npos;
  if (!exchange->answered() || (location.find(kName) == std::string::npos && !in_page))
    return Found{};
  evidence.push_back({EvidenceKind::probe, evidence.front().source, 0,
                      in_page ? std::string("the page links to ") + kName : "Location: " + location,
                      true});
  return Found{std::move(evidence)};
}

Fact<Found> forged_address(const Deployment& host, const Route& route) {
  std::vector<Evidence> evidence;
  const auto turned_away = crafted(host, route, "X-Forwarded-For", kStranger, evidence);
  if (!turned_away.seen()) return turned_away.unseen();
  if (turned_away->status != 403 && turned_away->status != 401) return Found{};
  const auto let_in = crafted(host, route, "X-Forwarded-For", kClaimed, evidence);
  if (!let_in.seen()) return let_in.unseen();
  if (!let_in->answered() || let_in->status >= 400) return Found{};
  return Found{std::move(evidence)};
}

}  // namespace hopcheck
