// The report as text: the chain, the causes, what was not seen, the verdict.
#include <fmt/format.h>

#include "report/text_writer.h"

namespace hopcheck {
namespace {

std::string whose_eyes(const std::string& scope, const decltype(Report::host)& host) {
  if (scope == "files") return "files only";
  std::string user = host.privileged ? "root" : "user " + host.user;
  if (!host.privileged && host.user.empty()) user = "not root";
  return scope == "bundle" ? user + ", replayed" : user;
}

void write_chain(TextWriter& out, const std::vector<ChainHop>& chain) {
  for (const auto& hop : chain) {
    const std::string word = status_word(hop.status);
    const std::string head =
        fmt::format("  {}{}{}", out.coloured(word), std::string(6 - word.size(), ' '),
                    padded(out.clean(hop.hop), 10));
    out.paragraph(head, out.clean(hop.label), std::string(18, ' '));
  }
  if (!chain.empty()) out.line();
}

void write_ignored(TextWriter& out, const Report& report) {
  std::string codes;
  for (const auto& reported : report.diagnosis) {
    if (reported.ignored) codes += (codes.empty() ? "" : ", ") + out.clean(reported.finding.code);
  }
  if (codes.empty()) return;
  out.paragraph("Ignored, as was asked: ", codes, "  ");
  out.line();
}

void write_next(TextWriter& out, const Report& report) {
  bool any = false;
  for (const auto& step : report.next) {
    if (step.command == "sudo hopcheck") continue;  // stands above what root would add
    if (!any)
      out.line(report.ruled_out.empty() ? "To know more:"
                                        : "Should the load balancer still say unhealthy:");
    any = true;
    out.paragraph("  ", out.clean(step.question), "  ");
    for (const auto& part : wrap_command(out.clean(step.command), out.width() - 4))
      out.line("    " + part);
  }
  if (any) out.line();
}

std::string quiet_text(TextWriter& out, const Report& report) {
  for (const auto& reported : report.diagnosis) {
    if (reported.ignored) continue;
    const std::string severity = severity_name(reported.severity);
    out.paragraph(out.coloured(severity) + ": ", out.clean(reported.finding.title), "  ");
  }
  out.paragraph("", verdict_line(report), "  ");
  return out.take();
}

}  // namespace

void write_head(TextWriter& out, const std::string& program, const std::string& scope,
                const decltype(Report::host)& host) {
  std::string os = host.os;
  if (const auto codename = os.find(" ("); codename != std::string::npos) os.resize(codename);
  std::string text = program;
  if (!host.name.empty()) text += " on " + host.name;
  const std::string eyes = whose_eyes(scope, host);
  text += os.empty() ? fmt::format(" ({})", eyes) : fmt::format(" ({}, {})", os, eyes);
  out.paragraph("", out.clean(text), "  ");
  out.line();
}

std::string status_word(const std::string& status) {
  if (status == "pass") return "ok";
  if (status == "warn") return "warn";
  if (status == "fail") return "FAIL";
  if (status == "error") return "ERROR";
  return "skip";
}

std::string TextWriter::coloured(const std::string& word, const std::string& meaning) const {
  if (!options_.color) return word;
  const char* sequence = nullptr;
  if (meaning == "ok" || meaning == "healthy" || meaning == "+") sequence = "32";
  if (meaning == "warn" || meaning == "warning" || meaning == "degraded") sequence = "33";
  if (meaning == "FAIL" || meaning == "error" || meaning == "broken" || meaning == "ERROR")
    sequence = "1;31";
  if (meaning == "-") sequence = "31";
  if (meaning == "skip" || meaning == "unknown" || meaning == "info") sequence = "36";
  return sequence == nullptr ? word : fmt::format("\033[{}m{}\033[0m", sequence, word);
}

std::string to_text(const Report& report, const TextOptions& options) {
  TextWriter out(options);
  if (out.quiet()) return quiet_text(out, report);
  write_head(out, "hopcheck " + report.version, report.scope, report.host);
  write_chain(out, report.chain);
  std::size_t number = 0;
  for (const auto& reported : report.diagnosis) {
    if (!reported.ignored) write_cause(out, ++number, reported, shown_severity(report, reported));
  }
  write_ignored(out, report);
  write_unseen(out, report);
  write_observed(out, report);
  write_assumed(out, report);
  if (out.verbose()) write_details(out, report);
  write_ruled_out(out, report);
  write_next(out, report);
  write_verdict(out, report);
  return out.take();
}

}  // namespace hopcheck
