// What -v adds to the text report: settings, checks, requests, and where the time went.
#include <algorithm>

#include <fmt/format.h>

#include "report/text_writer.h"

namespace hopcheck {
namespace {

constexpr std::size_t kMostTimings = 15;

void write_settings(TextWriter& out, const Report& report) {
  if (report.lb.empty()) return;
  const std::string file = report.config_file.empty() ? "none" : report.config_file;
  out.paragraph("Configuration file: ", out.clean(file), "  ");
  out.line("Load balancer:");
  for (const auto& setting : report.lb) {
    std::string text = setting.text.empty() ? "none" : setting.text;
    text += fmt::format("  ({}{}{})", from_name(setting.from), setting.source.empty() ? "" : ": ",
                        setting.source);
    out.paragraph("  " + padded(out.clean(setting.name), 21), out.clean(text),
                  std::string(23, ' '));
  }
  out.line();
}

void write_routes(TextWriter& out, const Report& report) {
  if (report.routes.empty()) return;
  out.line("Routes:");
  for (const auto& route : report.routes) {
    const std::string target =
        route.target.empty() || route.target == "default" ? "" : " of " + route.target;
    out.paragraph("  " + padded(out.clean(route.verdict), 10), out.clean(route.name + target),
                  std::string(12, ' '));
  }
  out.line();
}

void write_checks(TextWriter& out, const Report& report) {
  out.line("Checks:");
  for (const auto& check : report.checks) {
    const std::string word = status_word(check.status);
    const std::string head =
        fmt::format("  {}{}", out.coloured(word), std::string(6 - word.size(), ' '));
    std::string text =
        padded(out.clean(check.id), 32) + "  " + fmt::format("{:>8}", time_text(check.duration_ms));
    out.paragraph(head, text, "        ");
    if (!check.reason.empty()) out.paragraph("        ", out.clean(check.reason), "        ");
  }
  out.line();
}

void write_requests(TextWriter& out, const Report& report) {
  out.line(fmt::format("{} sent{}", counted(report.requests.size(), "request"),
                       report.requests.empty() ? "" : ":"));
  for (const auto& request : report.requests) {
    const std::string answer = request.status == 0 ? "no status" : std::to_string(request.status);
    out.paragraph("  ",
                  out.clean(fmt::format("{} {} as {}: {} in {}", request.method, request.url,
                                        request.sent_as, answer, time_text(request.time_ms))),
                  "    ");
  }
  out.line();
}

/// How long at least one question was open: the sum of the times without their overlaps.
double covered_ms(std::vector<Report::Timing> timings) {
  std::sort(timings.begin(), timings.end(),
            [](const auto& a, const auto& b) { return a.start_ms < b.start_ms; });
  double covered = 0, end = 0;
  for (const auto& timing : timings) {
    const double begin = std::max(end, timing.start_ms);
    end = std::max(end, timing.start_ms + timing.ms);
    covered += std::max(0.0, end - begin);
  }
  return covered;
}

void write_timings(TextWriter& out, const Report& report) {
  if (report.timings.empty()) return;
  auto timings = report.timings;
  std::stable_sort(timings.begin(), timings.end(),
                   [](const auto& a, const auto& b) { return a.ms > b.ms; });
  double sum = 0;
  for (const auto& timing : timings) sum += timing.ms;
  const double covered = covered_ms(timings);
  out.line("Where the time went, longest first:");
  const std::size_t shown = std::min(timings.size(), kMostTimings);
  for (std::size_t i = 0; i < shown; ++i) {
    out.paragraph(fmt::format("  {:>8}  ", time_text(timings[i].ms)), out.clean(timings[i].what),
                  std::string(14, ' '));
  }
  if (shown < timings.size())
    out.line(fmt::format("            and {} more", timings.size() - shown));
  out.paragraph("  ",
                fmt::format("{} took {} together, {} of it at the same time as others; the run {}",
                            counted(timings.size(), "question"), time_text(sum),
                            time_text(sum - covered), time_text(report.duration_ms)),
                "  ");
  out.line();
}

}  // namespace

void write_details(TextWriter& out, const Report& report) {
  write_settings(out, report);
  write_routes(out, report);
  write_checks(out, report);
  write_requests(out, report);
  write_timings(out, report);
}

}  // namespace hopcheck
