// What a client that speaks TLS to this host is shown, and whether it takes it.
#include <fmt/format.h>

#include "hopcheck/tls.h"
#include "trace/trail.h"

namespace hopcheck {
namespace {

std::string names_text(const Certificate& leaf) {
  return leaf.names.empty() ? leaf.subject : fmt::format("{}", fmt::join(leaf.names, ", "));
}

void note_leaf(const Trail& trail, const std::string& file, const Certificate& leaf,
               TraceHop& hop) {
  const std::string& name = trail.question.url.host;
  const auto now = seconds_now(trail.host);
  hop.notes.push_back(fmt::format("certificate {}: for {}, until {}", file, names_text(leaf),
                                  date_text(leaf.until)));
  std::string refused;
  if (now.seen() && leaf.until < *now) {
    refused = "it has expired";
    hop.explain = "nginx.certificate-expired";
  } else if (now.seen() && leaf.from > *now) {
    refused = "it is not valid before " + date_text(leaf.from);
    hop.explain = "nginx.certificate-not-yet-valid";
  } else if (!leaf.covers(name)) {
    refused = "it is not for " + name;
    hop.explain = "nginx.certificate-wrong-name";
  }
  // A load balancer takes any; people do not.
  if (!refused.empty()) hop.notes.push_back("browsers refuse it: " + refused);
}

}  // namespace

void note_certificates(const Trail& trail, TraceHop& hop) {
  if (trail.request.scheme != "https" || !trail.chosen) return;
  for (const auto& pair : certificate_files(*trail.instance, *trail.chosen->server)) {
    if (pair.file.empty()) continue;
    const auto shown = certificates_in(trail.host, pair.file);
    if (!shown.seen()) {
      hop.notes.push_back(fmt::format("certificate {}: {}", pair.file, shown.unseen().what));
    } else if (!shown->empty()) {
      note_leaf(trail, pair.file, shown->front(), hop);
    }
  }
}

}  // namespace hopcheck
