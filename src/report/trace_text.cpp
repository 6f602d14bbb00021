// The trace as text: a numbered path, read from top to bottom, then where it ends and what to do.
#include <algorithm>

#include <fmt/format.h>

#include "report/text_writer.h"
#include "report/trace.h"

namespace hopcheck {
namespace {

constexpr std::size_t kIndent = 20;

const char* word_of(HopStatus status) {
  switch (status) {
    case HopStatus::pass:
      return "ok";
    case HopStatus::fail:
      return "FAIL";
    case HopStatus::skip:
      return "skip";
    case HopStatus::unknown:
      break;
  }
  return "?";
}

const char* meaning_of(HopStatus status) {
  return status == HopStatus::unknown ? "unknown" : word_of(status);
}

void write_request(TextWriter& out, const Trace& trace) {
  const auto& request = trace.request;
  out.paragraph("", out.clean(request.method + " " + request.url), "  ");
  if (request.address.empty()) return out.line();
  const std::string where = address_text(request.address, request.port);
  out.paragraph("",
                out.clean(fmt::format(
                    "from {} to {}, {}", request.source.empty() ? "outside" : request.source, where,
                    request.host.empty() ? "without a Host" : "Host " + request.host)),
                "  ");
  out.line();
}

void write_hop(TextWriter& out, std::size_t number, const TraceHop& hop) {
  const std::string word = word_of(hop.status);
  const std::string indent(kIndent, ' ');
  const std::string head =
      fmt::format("{:>2}  {}{}{}", number, out.coloured(word, meaning_of(hop.status)),
                  std::string(6 - word.size(), ' '), padded(out.clean(hop.hop), 10));
  const bool skipped = hop.status == HopStatus::skip;
  const std::string first = hop.text.empty() ? hop.reason
                            : skipped        ? hop.text + ": " + hop.reason
                                             : hop.text;
  out.paragraph(head, out.clean(first), indent + "  ");
  if (!hop.text.empty() && !hop.reason.empty() && !skipped)
    out.paragraph(indent, out.clean(hop.reason), indent + "  ");
  if (out.quiet()) return;
  for (const auto& note : hop.notes) out.paragraph(indent, out.clean(note), indent + "  ");
}

void write_disagreement(TextWriter& out, const Disagreement& found) {
  out.line(fmt::format("The files and the answer disagree, most likely at {}:", found.hop));
  out.paragraph("   predicted  ", out.clean(found.predicted), std::string(14, ' '));
  out.paragraph("   came       ", out.clean(found.observed), std::string(14, ' '));
  out.paragraph("   usually    ", out.clean(found.means), std::string(14, ' '));
  if (!found.explain.empty()) out.line("   More: hopcheck explain " + out.clean(found.explain));
  out.line();
}

/// The first hop that fails, or is open: what to do about it.
void write_way_out(TextWriter& out, const TraceHop& hop) {
  const bool any = hop.fix || !hop.explain.empty();
  if (hop.fix) write_fix(out, *hop.fix, true);
  if (!hop.explain.empty()) out.line("   More: hopcheck explain " + out.clean(hop.explain));
  if (any) out.line();
}

std::string coloured_outcome(const TextWriter& out, const Trace& trace) {
  const std::string meaning = trace.outcome == "stopped"    ? "FAIL"
                              : trace.outcome == "answered" ? "ok"
                                                            : "unknown";
  return out.coloured(trace.outcome, meaning);
}

}  // namespace

std::string to_text(const Trace& trace, const TextOptions& options) {
  TextWriter out(options);
  if (!out.quiet()) {
    write_head(out, "hopcheck " + trace.version + " trace", trace.scope, trace.host);
    write_request(out, trace);
  }
  std::size_t number = 0;
  for (const auto& hop : trace.hops) write_hop(out, ++number, hop);
  out.line();
  const auto stop = std::find_if(trace.hops.begin(), trace.hops.end(),
                                 [&](const TraceHop& hop) { return hop.hop == trace.stopped_at; });
  if (trace.disagreement && !out.quiet()) {
    write_disagreement(out, *trace.disagreement);
  } else if (stop != trace.hops.end() && !out.quiet()) {
    write_way_out(out, *stop);
  }
  const std::string rest =
      trace.summary.substr(std::min(trace.outcome.size(), trace.summary.size()));
  out.paragraph(coloured_outcome(out, trace) + " ", out.clean(rest), "  ");
  return out.take();
}

}  // namespace hopcheck
