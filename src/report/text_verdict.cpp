// Counts and the verdict: the last lines of the text report.
#include <algorithm>

#include <fmt/format.h>

#include "report/text_writer.h"

namespace hopcheck {
namespace {

struct Counts {
  std::size_t ok{0}, failed{0}, warned{0}, broke{0}, not_seen{0}, left_out{0}, not_in_use{0};
};

Counts count(const Report& report) {
  Counts counts;
  for (const auto& check : report.checks) {
    const bool unseen =
        std::any_of(report.unseen.begin(), report.unseen.end(),
                    [&](const ReportedUnseen& u) { return u.what == check.reason; });
    if (check.status == "pass")
      ++counts.ok;
    else if (check.status == "fail")
      ++counts.failed;
    else if (check.status == "warn")
      ++counts.warned;
    else if (check.status == "error")
      ++counts.broke;
    else if (unseen)
      ++counts.not_seen;
    else if (check.reason.rfind("not run", 0) == 0)
      ++counts.left_out;
    else
      ++counts.not_in_use;
  }
  return counts;
}

std::string counts_text(const Report& report) {
  const Counts counts = count(report);
  std::string text = fmt::format("{} ok", counts.ok);
  if (counts.failed > 0) text += fmt::format(", {} failed", counts.failed);
  if (counts.warned > 0) text += ", " + counted(counts.warned, "warning");
  if (counts.broke > 0) text += fmt::format(", {} ended in an error", counts.broke);
  if (counts.not_seen > 0) text += fmt::format(", {} not seen", counts.not_seen);
  if (counts.not_in_use > 0) {
    text += fmt::format(", {} {}", counts.not_in_use,
                        report.scope == "files" ? "not for files alone" : "not in use here");
  }
  if (counts.left_out > 0) text += fmt::format(", {} not run", counts.left_out);
  return text + ", " + time_text(report.duration_ms);
}

struct Causes {
  std::size_t now{0}, errors{0}, warnings{0}, infos{0};
};

bool fails_now(const ReportedFinding& reported) {
  return reported.severity == Severity::error && reported.finding.when == When::now &&
         reported.finding.confidence != Confidence::possible;
}

/// A warning may be all that is wrong where requests fail: its effect is the error.
bool makes_fail(const Report& report, const ReportedFinding& cause) {
  return std::any_of(report.findings.begin(), report.findings.end(), [&](const auto& effect) {
    const auto& codes = cause.explains;
    return fails_now(effect) && !effect.ignored &&
           std::find(codes.begin(), codes.end(), effect.finding.code) != codes.end();
  });
}

}  // namespace

Severity shown_severity(const Report& report, const ReportedFinding& cause) {
  return makes_fail(report, cause) ? Severity::error : cause.severity;
}

namespace {

Causes causes_of(const Report& report) {
  Causes causes;
  for (const auto& reported : report.diagnosis) {
    if (reported.ignored) continue;
    if (fails_now(reported) || makes_fail(report, reported)) {
      ++causes.now;
      continue;
    }
    if (reported.severity == Severity::error) ++causes.errors;
    if (reported.severity == Severity::warning) ++causes.warnings;
    if (reported.severity == Severity::info) ++causes.infos;
  }
  return causes;
}

void add(std::string& text, std::size_t n, const std::string& noun) {
  if (n > 0) text += (text.empty() ? "" : ", ") + counted(n, noun);
}

std::string broken_text(const Report& report) {
  const Causes causes = causes_of(report);
  std::string text = counted(causes.now, "cause");
  const std::size_t effects =
      report.findings.size() - std::min(report.findings.size(), report.diagnosis.size());
  if (effects > 0) {
    text += fmt::format(", which {} the other {}", causes.now == 1 ? "explains" : "explain",
                        effects == 1 ? "finding" : "findings");
  }
  std::string besides;
  add(besides, causes.errors, "later error");
  add(besides, causes.warnings, "warning");
  return besides.empty() ? text : text + "; also " + besides;
}

std::string degraded_text(const Report& report) {
  const Causes causes = causes_of(report);
  std::string text;
  add(text, causes.now + causes.errors, "error");
  add(text, causes.warnings, "warning");
  return text;
}

std::string unknown_text(const Report& report) {
  const std::string& reason = report.verdict_reason;
  if (reason == "nothing-here") return "no nginx and no application server was found here";
  if (reason == "timed-out") return "time ran out before the probe's route was judged";
  if (reason == "check-failed") return "a check on the probe's route failed by its own fault";
  if (reason == "not-permitted") return "what the probe meets could not be seen";
  return reason;
}

std::string verdict_details(const Report& report) {
  if (report.verdict == "broken") return broken_text(report);
  if (report.verdict == "degraded") return degraded_text(report);
  return report.verdict == "unknown" ? unknown_text(report) : "";
}

std::string verdict_head(const Report& report) {
  const bool partly = !report.complete && report.verdict != "unknown";
  return report.verdict + (partly ? ", as far as seen" : "");
}

}  // namespace

std::string verdict_line(const Report& report) {
  const std::string details = verdict_details(report);
  return verdict_head(report) + (details.empty() ? "" : ": " + details);
}

void write_verdict(TextWriter& out, const Report& report) {
  const std::string counts =
      fmt::format("{}: ", counted(report.checks.size(), "check")) + counts_text(report);
  std::string line = verdict_line(report);
  if (report.verdict == "healthy") {
    const std::string all = fmt::format("{}: {}, {}", line, counted(report.checks.size(), "check"),
                                        counts_text(report));
    if (columns(all) <= out.width()) {
      line = all;
    } else {
      out.paragraph("", counts, "  ");
    }
  } else {
    out.paragraph("", counts, "  ");
  }
  // The word is coloured before the line is broken, and colour takes no columns.
  out.paragraph(out.coloured(report.verdict), out.clean(line.substr(report.verdict.size())), "  ");
}

}  // namespace hopcheck
