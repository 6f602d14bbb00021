// Who asks for the site by TLS is shown a certificate that it takes.
#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/tls.h"

using namespace hopcheck;

namespace {

constexpr long long kDay = 86400;

/// The certificate of a route: what is shown, and the file that it should come from.
struct Subject {
  const Route* route{nullptr};
  std::vector<Certificate> shown{};
  bool live{false};  ///< seen in a handshake, not read from the file
  CertificateFiles files{};
  std::vector<Certificate> on_disk{};  ///< empty: not seen
  long long now{0};

  const Certificate& leaf() const { return shown.front(); }
  bool expired() const { return leaf().until < now; }
  /// The file holds another certificate than the one that is shown.
  bool renewed() const {
    return live && !on_disk.empty() && on_disk.front().serial != leaf().serial &&
           on_disk.front().until > leaf().until && on_disk.front().from <= now;
  }
};

/// Whether users' own TLS ends at nginx. A proxy in front that speaks HTTP takes it off and mostly
/// takes any certificate from nginx; one that passes TCP on does not look into it.
bool users_see_it(const Route& route) {
  if (route.kind != Route::Kind::site || route.request.scheme != "https" ||
      route.instance == nullptr || route.server == nullptr)
    return false;
  const LbSettings& lb = route.target->lb;
  const std::string& profile = lb.profile.value;
  if (lb.profile.assumed()) return lb.proxies.assumed() || lb.proxies.value == 0;
  if (lb.proxies.value > 0) return false;
  return !lb.proxies.assumed() || profile == "aws-nlb" || profile == "azure";
}

/// Nothing was said of what stands in front.
bool is_guess(const LbSettings& lb) {
  return lb.profile.assumed() && lb.proxies.assumed();
}

Evidence cite_shown(const Subject& subject) {
  const Certificate& leaf = subject.leaf();
  std::string names;
  for (const std::string& name : leaf.names) {
    if (names.size() < 80) names += (names.empty() ? "" : ", ") + name;
  }
  const std::string text = fmt::format("for {}; {} until {}; issued by {}", names,
                                       date_text(leaf.from), date_text(leaf.until), leaf.issuer);
  if (!subject.live) return {EvidenceKind::file, subject.files.file, 0, text, false};
  return {EvidenceKind::probe,
          fmt::format("TLS handshake with {} for {}",
                      address_text(subject.route->request.address, subject.route->request.port),
                      subject.route->request.host),
          0, text, false};
}

Finding start(const Subject& subject, const std::string& code, const std::string& title) {
  Finding finding;
  finding.code = code;
  finding.title = title;
  finding.confidence = subject.live ? Confidence::certain : Confidence::likely;
  if (is_guess(subject.route->target->lb)) finding.confidence = Confidence::possible;
  finding.about = {subject.route->node(), "server:" + subject.route->server->label()};
  finding.evidence = {cite_shown(subject)};
  if (!subject.files.line.source.empty()) finding.evidence.push_back(subject.files.line);
  return finding;
}

/// "shop.example.com" of "/etc/letsencrypt/live/shop.example.com/fullchain.pem", else "".
std::string certbot_name(const std::string& file) {
  constexpr std::string_view kLive = "/etc/letsencrypt/live/";
  if (!file.starts_with(kLive)) return {};
  return file.substr(kLive.size(), file.find('/', kLive.size()) - kLive.size());
}

Fix renew(const Subject& subject) {
  Fix fix;
  const std::string load = subject.route->instance->load_command();
  const std::string name = certbot_name(subject.files.file);
  fix.summary = name.empty()
                    ? fmt::format("put a new certificate for {} into {}, then load it",
                                  subject.route->request.host,
                                  subject.files.file.empty() ? "its file" : subject.files.file)
                    : "renew it, then load it";
  if (!name.empty()) fix.commands = {"certbot renew --cert-name " + shell_quote(name), load};
  fix.interrupts = Interrupts::reload;
  return fix;
}

Fix reload(const Subject& subject) {
  Fix fix;
  fix.summary = fmt::format("let nginx load {}", subject.files.file);
  fix.commands = {subject.route->instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

/// A certificate that another block of this nginx uses, is valid and covers the name.
std::optional<CertificateFiles> better(const Deployment& host, const Subject& subject) {
  for (const auto& server : subject.route->instance->site->servers) {
    for (const auto& files : certificate_files(*subject.route->instance, server)) {
      if (files.file.empty() || files.file == subject.files.file) continue;
      const auto held = certificates_in(host, files.file);
      if (!held.seen() || held->empty()) continue;
      const Certificate& leaf = held->front();
      if (leaf.covers(subject.route->request.host) && leaf.from <= subject.now &&
          leaf.until > subject.now)
        return files;
    }
  }
  return std::nullopt;
}

/// Lets the block use the files of another line.
std::optional<Fix> use(const Deployment& host, const Subject& subject,
                       const CertificateFiles& files) {
  Fix fix;
  const auto line =
      replaced_in_line(host, subject.files.line, subject.files.line.text, files.line.text);
  const auto key = replaced_in_line(host, subject.files.key_line, subject.files.key_line.text,
                                    files.key_line.text);
  if (!line || !key) return std::nullopt;
  fix.summary = fmt::format("use {}, which is for that name", files.file);
  fix.edits = {*line, *key};
  fix.commands = {subject.route->instance->load_command()};
  fix.interrupts = Interrupts::reload;
  return fix;
}

/// The files of another block, where they suit.
void add_replacement(const Deployment& host, const Subject& subject, Finding& finding) {
  if (subject.files.line.source.empty()) return;
  const auto other = better(host, subject);
  auto fix = other ? use(host, subject, *other) : std::nullopt;
  if (fix) finding.fixes.push_back(std::move(*fix));
}

/// A certificate that names what the present one does not.
Fix issue(const Deployment& host, const Subject& subject) {
  Fix fix;
  const Certificate& leaf = subject.leaf();
  const std::string& name = subject.route->request.host;
  if (leaf.self_signed && !leaf.covers(name) && !subject.files.key_file.empty()) {
    fix.summary = fmt::format("make it anew, for {} as well: it is signed by its own key", name);
    auto names = leaf.names;
    names.insert(names.begin(), name);
    const std::string file = shell_quote(subject.files.file);
    fix.summary += "; browsers warn of it as before";
    fix.commands = {"cp -p " + file + " " + shell_quote(subject.files.file + ".before"),
                    self_signing_command(host, subject.files, names),
                    subject.route->instance->load_command()};
    fix.interrupts = Interrupts::reload;
    return fix;
  }
  fix.summary =
      fmt::format("get a certificate that names {}{}, then load it", subject.route->request.host,
                  subject.files.file.empty() ? "" : " for " + subject.files.file);
  return fix;
}

void judge_dates(const Deployment& host, const Subject& subject, Outcome& out) {
  const Certificate& leaf = subject.leaf();
  const std::string& name = subject.route->request.host;
  if (subject.expired()) {
    const long long days = (subject.now - leaf.until) / kDay;
    Finding finding = start(subject, "nginx.certificate-expired",
                            fmt::format("the certificate for {} expired on {}, {} day{} ago", name,
                                        date_text(leaf.until), days, days == 1 ? "" : "s"));
    add_replacement(host, subject, finding);
    finding.fixes.push_back(renew(subject));
    return out.report(std::move(finding));
  }
  if (leaf.from > subject.now) {
    Finding finding =
        start(subject, "nginx.certificate-not-yet-valid",
              fmt::format("the certificate for {} is valid from {} only; this host's clock says {}",
                          name, date_text(leaf.from), date_text(subject.now)));
    finding.fixes.push_back(renew(subject));
    finding.detail = "Where the date of this host is wrong, set its clock instead.";
    return out.report(std::move(finding));
  }
  // What renews itself does so with a third of its time left, and well before the last week.
  const long long left = leaf.until - subject.now;
  if (left > 7 * kDay || left > (leaf.until - leaf.from) / 10 || subject.renewed()) return;
  Finding finding =
      start(subject, "nginx.certificate-expires-soon",
            fmt::format("the certificate for {} expires on {}, in {} day{}", name,
                        date_text(leaf.until), left / kDay, left / kDay == 1 ? "" : "s"));
  finding.when = When::on_date;
  finding.fixes.push_back(renew(subject));
  out.report(std::move(finding));
}

void judge_reload(const Subject& subject, Outcome& out) {
  if (!subject.renewed()) return;
  const Certificate& leaf = subject.leaf();
  // Reloading can wait while the one that is shown has weeks to go.
  if (leaf.until - subject.now > 14 * kDay) return;
  Finding finding =
      start(subject, "nginx.certificate-not-reloaded",
            fmt::format("nginx still shows the certificate that {} on {}; {} holds one until {}",
                        subject.expired() ? "expired" : "expires", date_text(leaf.until),
                        subject.files.file, date_text(subject.on_disk.front().until)));
  finding.when = subject.expired() ? When::now : When::on_date;
  finding.evidence.push_back({EvidenceKind::file, subject.files.file, 0,
                              fmt::format("{} until {}", date_text(subject.on_disk.front().from),
                                          date_text(subject.on_disk.front().until)),
                              false});
  finding.fixes = {reload(subject)};
  out.report(std::move(finding));
}

/// Whether it is for the site's name.
bool judge_name(const Deployment& host, const Subject& subject, Outcome& out) {
  const std::string& name = subject.route->request.host;
  if (subject.leaf().names.empty() || subject.leaf().covers(name)) return true;
  Finding finding =
      start(subject, "nginx.certificate-wrong-name",
            fmt::format("{} shows a certificate for {}, not for {}",
                        address_text(subject.route->request.address, subject.route->request.port),
                        subject.leaf().names.front(), name));
  add_replacement(host, subject, finding);
  // Where one for that name lies here, none has to be got.
  if (finding.fixes.empty()) finding.fixes.push_back(issue(host, subject));
  out.report(std::move(finding));
  return false;
}

/// A file beside the one in use that begins with the same certificate and goes on.
std::string whole_chain(const Deployment& host, const Subject& subject) {
  const std::string folder = subject.files.file.substr(0, subject.files.file.rfind('/') + 1);
  for (const char* name : {"fullchain.pem", "fullchain.cer", "bundle.crt", "chained.crt"}) {
    if (folder.empty() || folder + name == subject.files.file) continue;
    const auto held = certificates_in(host, folder + name);
    if (held.seen() && held->size() > 1 && held->front().serial == subject.leaf().serial)
      return folder + name;
  }
  return {};
}

void judge_issuer(const Deployment& host, const Subject& subject, Outcome& out) {
  const Certificate& leaf = subject.leaf();
  const std::string& name = subject.route->request.host;
  if (leaf.self_signed) {
    Finding finding =
        start(subject, "nginx.certificate-self-signed",
              fmt::format("the certificate for {} is signed by itself: browsers refuse it", name));
    finding.fixes.push_back(issue(host, subject));
    return out.report(std::move(finding));
  }
  if (subject.shown.size() > 1) return;
  const std::string whole = whole_chain(host, subject);
  // A company's own authority may sign without an intermediate; its clients know it.
  if (whole.empty() && !leaf.public_issuer) return;
  Finding finding =
      start(subject, "nginx.certificate-chain-incomplete",
            fmt::format("nginx shows the certificate for {} without that of its issuer", name));
  Fix fix;
  fix.summary = "serve the certificate with its chain";
  const auto edit = whole.empty()
                        ? std::nullopt
                        : replaced_in_line(host, subject.files.line, subject.files.file, whole);
  if (edit) {
    fix.edits = {*edit};
    fix.commands = {subject.route->instance->load_command()};
    fix.interrupts = Interrupts::reload;
  } else {
    fix.summary =
        fmt::format("append the issuer's certificate ({}) to {}", leaf.issuer, subject.files.file);
  }
  if (!whole.empty())
    finding.evidence.push_back(
        {EvidenceKind::file, whole, 0, "the same certificate, and its issuer's", false});
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

/// The line of the block whose file the certificate that is shown comes from, as far as known.
void add_files(const Deployment& host, Subject& subject, Outcome& out) {
  const auto all = certificate_files(*subject.route->instance, *subject.route->server);
  for (const auto& files : all) {
    if (files.file.empty()) continue;
    const auto held = certificates_in(host, files.file);
    const auto* certificates = out.see(held);
    if (certificates == nullptr || certificates->empty()) continue;
    // Of two kinds of keys the client chose one.
    const bool same_key_kind = all.size() == 1;
    const bool is_it = subject.live && certificates->front().serial == subject.leaf().serial;
    if (!is_it && !same_key_kind) continue;
    subject.files = files;
    subject.on_disk = *certificates;
    if (is_it) return;
  }
}

}  // namespace

HOPCHECK_CHECK(nginx_certificate) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  if (out.none(host.requested())) return out.not_applicable("there is nothing to request");
  std::vector<const Route*> routes;
  for (const Route* route : host.requested().seen_items()) {
    if (users_see_it(*route)) routes.push_back(route);
  }
  if (routes.empty())
    return out.not_applicable("users' TLS does not end here, or no site's https URL is known");
  out.each(routes, [&](const Route* route) {
    Subject subject;
    subject.route = route;
    subject.now = *seconds_now(host);
    const auto shown = shown_certificates(host, *route);
    subject.live = !host.files_only();
    if (subject.live) subject.shown = *shown;
    add_files(host, subject, out);
    if (!subject.live) subject.shown = subject.on_disk;
    if (subject.shown.empty()) return;
    judge_reload(subject, out);
    judge_dates(host, subject, out);
    // Who signed a certificate for somebody else is of no interest.
    if (judge_name(host, subject, out)) judge_issuer(host, subject, out);
  });
}
