// Weighs findings: which are causes, which are accepted, in which order they are told.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <tuple>

#include "diagnosis/verdict.h"
#include "fmt/format.h"

namespace hopcheck {
namespace {

bool accepts(const Ignore& ignore, const Finding& finding, const std::string& today) {
  if (!ignore.until.empty() && ignore.until < today) return false;
  if (ignore.code != finding.code) return false;
  return ignore.about.empty() ||
         std::find(finding.about.begin(), finding.about.end(), ignore.about) != finding.about.end();
}

/// Hops from the app outwards: the nearer one is the better answer to "why".
std::size_t nearness(const std::string& hop) {
  static constexpr std::array<const char*, 6> kOrder = {"host",  "app",      "socket",
                                                        "nginx", "firewall", "lb"};
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), hop) - kOrder.begin());
}

bool lies_on_probe(const Deployment& host, const Finding& finding) {
  if (finding.about.empty()) return false;
  const auto routes = host.routes_through(finding.about.front());
  return std::any_of(routes.begin(), routes.end(),
                     [](const Route* route) { return route->kind == Route::Kind::probe; });
}

bool explains_probe(const Judgement& judgement, std::size_t root) {
  const auto about_probe = [&](std::size_t i) {
    const auto& about = judgement.findings[i].about;
    return !about.empty() && about.front().rfind("route:lb ", 0) == 0;
  };
  const auto& effects = judgement.graph[root].explains;
  return about_probe(root) || std::any_of(effects.begin(), effects.end(), about_probe);
}

void sort_roots(const Deployment& host, Judgement& judgement) {
  const auto rank = [&](std::size_t i) {
    const Finding& finding = judgement.findings[i];
    const CodePage& page = *judgement.judged[i].page;
    return std::make_tuple(judgement.ignored[i], finding.when != When::now,
                           !explains_probe(judgement, i), !lies_on_probe(host, finding),
                           -static_cast<int>(page.severity), -static_cast<int>(finding.confidence),
                           -static_cast<long>(judgement.graph[i].explains.size()),
                           nearness(page.hop), finding.code, fingerprint(finding));
  };
  std::sort(judgement.roots.begin(), judgement.roots.end(),
            [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
}

/// In an order that does not depend on that of the checks.
std::vector<Finding> all_findings(const std::vector<CheckResult>& checks) {
  std::vector<Finding> findings;
  for (const auto& check : checks) {
    findings.insert(findings.end(), check.findings.begin(), check.findings.end());
  }
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::make_tuple(a.code, fingerprint(a)) < std::make_tuple(b.code, fingerprint(b));
  });
  return findings;
}

/// What log files say of the effect stands with its cause, where one reads on.
void add_logged(const Finding& effect, Finding& cause) {
  constexpr std::size_t kMost = 8;
  for (const auto& evidence : effect.evidence) {
    const auto& known = cause.evidence;
    const bool told = std::find(known.begin(), known.end(), evidence) != known.end();
    const bool a_file = evidence.kind == EvidenceKind::log && evidence.source.starts_with("/");
    if (a_file && !told && known.size() < kMost) cause.evidence.push_back(evidence);
  }
}

}  // namespace

std::string fingerprint(const Finding& finding) {
  std::uint64_t hash = 14695981039346656037U;  // FNV-1a
  const auto mix = [&](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
    hash = (hash ^ 0U) * 1099511628211U;  // so that "a","b" and "ab" differ
  };
  mix(finding.code);
  for (const auto& node : finding.about) mix(node);
  return fmt::format("{:016x}", hash);
}

Judgement judge(const Deployment& host, const std::vector<CheckResult>& checks,
                const RunOptions& options, const std::string& today) {
  Judgement judgement;
  judgement.findings = all_findings(checks);
  judgement.graph = connect(host, judgement.findings);
  const std::size_t count = judgement.findings.size();
  for (std::size_t i = 0; i < count; ++i) {
    const Finding& finding = judgement.findings[i];
    judgement.ignored.push_back(
        std::any_of(options.ignores.begin(), options.ignores.end(),
                    [&](const Ignore& ignore) { return accepts(ignore, finding, today); }));
    if (judgement.graph[i].explained_by.empty()) judgement.roots.push_back(i);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto& causes = judgement.graph[i].explained_by;
    const bool quiet =
        !causes.empty() && std::all_of(causes.begin(), causes.end(),
                                       [&](std::size_t c) { return judgement.ignored[c]; });
    judgement.judged.push_back({&judgement.findings[i], find_code(judgement.findings[i].code),
                                causes.empty(), !judgement.ignored[i] && !quiet});
  }
  sort_roots(host, judgement);
  return judgement;
}

ReportedFinding reported(const Judgement& judgement, std::size_t index) {
  const CodePage& page = *judgement.judged[index].page;
  ReportedFinding result;
  result.finding = judgement.findings[index];
  result.fingerprint = fingerprint(result.finding);
  result.hop = page.hop;
  result.severity = page.severity;
  result.why = page.why;
  result.ignored = judgement.ignored[index];
  std::set<std::string> codes;
  for (const std::size_t effect : judgement.graph[index].explains) {
    codes.insert(judgement.findings[effect].code);
    add_logged(judgement.findings[effect], result.finding);
  }
  result.explains.assign(codes.begin(), codes.end());
  return result;
}

}  // namespace hopcheck
