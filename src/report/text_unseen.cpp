// What the text report says of its own limits: what was not seen, and what was assumed.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "report/text_writer.h"

namespace hopcheck {
namespace {

constexpr std::array<std::string_view, 6> kHops = {"lb",     "firewall", "nginx",
                                                   "socket", "app",      "host"};
constexpr std::size_t kMostUnseen = 12;  // -v shows all

struct Flag {
  std::string_view setting;
  std::string_view flag;
  bool http;  // says nothing of a TCP probe
};
constexpr std::array<Flag, 6> kFlags = {{{"profile", "--lb-profile", false},
                                         {"port", "--lb-port", false},
                                         {"path", "--lb-path", true},
                                         {"host", "--lb-host", true},
                                         {"codes", "--lb-codes", true},
                                         {"timeout", "--lb-timeout", false}}};

std::string why_words(const std::string& why) {
  if (why == "denied") return "permission denied";
  std::string words = why;
  std::replace(words.begin(), words.end(), '_', ' ');
  std::replace(words.begin(), words.end(), '-', ' ');
  return words;
}

std::size_t rank(const ReportedUnseen& unseen) {
  const std::string hop = unseen.hops.empty() ? "" : unseen.hops.front();
  return static_cast<std::size_t>(std::find(kHops.begin(), kHops.end(), hop) - kHops.begin());
}

void write_group(TextWriter& out, const std::string& title,
                 std::vector<const ReportedUnseen*> group, bool with_reason) {
  if (group.empty()) return;
  std::stable_sort(group.begin(), group.end(),
                   [](const auto* a, const auto* b) { return rank(*a) < rank(*b); });
  const std::size_t shown = out.verbose() ? group.size() : std::min(group.size(), kMostUnseen);
  out.line(title);
  for (std::size_t i = 0; i < shown; ++i) {
    const ReportedUnseen& unseen = *group[i];
    const std::string hop = unseen.hops.empty() ? "host" : unseen.hops.front();
    const std::string reason = with_reason ? fmt::format(" ({})", why_words(unseen.why)) : "";
    out.paragraph("  " + padded(out.clean(hop), 10), out.clean(unseen.what + reason),
                  std::string(12, ' '));
  }
  if (shown < group.size())
    out.line(fmt::format("  and {} more: -v shows them", group.size() - shown));
  out.line();
}

std::string setting_text(const Report& report, std::string_view name) {
  for (const auto& setting : report.lb) {
    if (setting.name == name) return setting.text;
  }
  return {};
}

}  // namespace

void write_unseen(TextWriter& out, const Report& report) {
  std::vector<const ReportedUnseen*> root, other;
  for (const auto& unseen : report.unseen) {
    const bool root_helps = unseen.needs == "root" && !report.host.privileged;
    (root_helps ? root : other).push_back(&unseen);
  }
  const std::string without_root = report.scope == "bundle"
                                       ? "Not seen; captured as root, the bundle would hold:"
                                       : "Not seen without root; sudo hopcheck would add:";
  write_group(out, without_root, std::move(root), false);
  write_group(out, "Not seen:", std::move(other), true);
}

void write_observed(TextWriter& out, const Report& report) {
  if (report.observed.empty()) return;
  out.line("Seen of the load balancer in the access log:");
  for (const auto& line : report.observed) out.paragraph("  ", out.clean(line), "    ");
  out.line();
}

void write_ruled_out(TextWriter& out, const Report& report) {
  if (report.ruled_out.empty()) return;
  std::string text;
  for (const auto& title : report.ruled_out) text += (text.empty() ? "" : "; ") + title;
  out.paragraph("In order here: ", out.clean(text), "  ");
  out.line();
}

void write_assumed(TextWriter& out, const Report& report) {
  if (report.chain.empty()) return;
  const bool tcp = setting_text(report, "protocol") == "tcp";
  std::string text;
  for (const auto& [name, flag, http] : kFlags) {
    if (tcp && http) continue;
    for (const auto& setting : report.lb) {
      if (setting.name != name || setting.from != From::default_) continue;
      const std::string label = name == "host" ? "Host" : std::string(name);
      text += fmt::format("{}{} {} ({})", text.empty() ? "" : ", ", label, out.clean(setting.text),
                          flag);
    }
  }
  if (text.empty()) return;
  out.paragraph("Assumed: ", text, "  ");
  out.line();
}

}  // namespace hopcheck
