// What nginx's configuration names, so that it can start, is there and fits.
#include <set>

#include <fmt/format.h>

#include "hopcheck/accounts.h"
#include "hopcheck/check.h"
#include "hopcheck/cite.h"
#include "hopcheck/lines.h"
#include "hopcheck/nginx_refusal.h"
#include "hopcheck/static_files.h"
#include "hopcheck/tls.h"

using namespace hopcheck;

namespace {

constexpr std::size_t kMostFiles = 30;

/// "/etc/x.key" of `SSL_CTX_use_PrivateKey("/etc/x.key") failed`; "" where the message is another.
std::string quoted_after(const std::string& message, const std::string& words) {
  const auto at = message.find(words + "\"");
  if (at == std::string::npos) return {};
  const auto begin = at + words.size() + 1;
  return message.substr(begin, message.find('"', begin) - begin);
}

std::string folder_of(const std::string& file) {
  return file.substr(0, file.rfind('/'));
}

/// The server block that uses a file for its certificate or key, and its lines for both.
struct Used {
  const nginx::ServerBlock* server{nullptr};
  CertificateFiles files{};
};
std::optional<Used> user_of(const nginx::Instance& instance, const std::string& file) {
  if (!instance.site.seen()) return std::nullopt;
  for (const auto& server : instance.site->servers) {
    for (auto& files : certificate_files(instance, server)) {
      if (files.file == file || files.key_file == file) return Used{&server, std::move(files)};
    }
  }
  return std::nullopt;
}

/// Files that lie beside the certificate and beside its key, other than these.
std::vector<std::string> beside(const Deployment& host, const CertificateFiles& files) {
  std::vector<std::string> found;
  for (const std::string& folder :
       std::set<std::string>{folder_of(files.file), folder_of(files.key_file)}) {
    const auto entries = folder_entries(host, folder);
    if (!entries.seen()) continue;
    for (const FolderEntry& entry : *entries) {
      const std::string path = folder + "/" + entry.name;
      if (!entry.directory && path != files.file && path != files.key_file &&
          found.size() < kMostFiles)
        found.push_back(path);
    }
  }
  return found;
}

std::optional<Fix> use_instead(const Deployment& host, const Evidence& line,
                               const std::string& from, const std::string& to,
                               const std::string& what) {
  const auto edit = replaced_in_line(host, line, from, to);
  if (!edit) return std::nullopt;
  Fix fix;
  fix.summary = fmt::format("use {}, which is {}", to, what);
  fix.edits = {*edit};
  return fix;
}

/// The other half of the pair lies beside: the key of the certificate, else a certificate of the
/// key that is for the block's name.
std::optional<Fix> matching(const Deployment& host, const Used& used) {
  const CertificateFiles& files = used.files;
  const auto held = certificates_in(host, files.file);
  const std::string wanted = held.seen() && !held->empty() ? held->front().key : "";
  const auto others = beside(host, files);
  for (const std::string& other : others) {
    const auto key = wanted.empty() ? Fact<std::string>(std::string()) : key_in(host, other);
    if (key.seen() && !key->empty() && *key == wanted)
      return use_instead(host, files.key_line, files.key_file, other,
                         "the key of that certificate");
  }
  const auto key = key_in(host, files.key_file);
  const auto names = names_for_certificate(*used.server);
  if (!key.seen() || key->empty() || names.empty()) return std::nullopt;
  for (const std::string& other : others) {
    const auto one = certificates_in(host, other);
    if (one.seen() && !one->empty() && one->front().key == *key && one->front().covers(names[0]))
      return use_instead(host, files.line, files.file, other, "that key's certificate");
  }
  return std::nullopt;
}

Fix repaired(const Deployment& host, const nginx::Instance& instance, const Used& used,
             bool running) {
  const auto names = names_for_certificate(*used.server);
  auto fix = matching(host, used);
  if (!fix && !names.empty()) fix = kept_by_certbot(host, used.files, names.front());
  const auto held = certificates_in(host, used.files.file);
  const auto key = key_in(host, used.files.key_file);
  if (!fix && held.seen() && held->empty() && key.seen() && !key->empty() && !names.empty()) {
    fix = Fix{};
    fix->summary = fmt::format(
        "start with a certificate made here (browsers warn of it; a load balancer mostly does not "
        "look), and put the one that was issued for {} to {} when it is found",
        names.front(), used.files.file);
    fix->commands = {self_signing_command(host, used.files, names)};
  }
  if (!fix) {
    Fix words;
    words.summary = fmt::format(
        "put the certificate and the key that were issued together to {} and {}, or have new ones "
        "issued; then {}",
        used.files.file, used.files.key_file, instance.load_command());
    return words;
  }
  fix->commands.push_back(instance.load_command());
  fix->interrupts = running ? Interrupts::reload : Interrupts::nothing;
  return *fix;
}

Finding begun(const nginx::Instance& instance, const std::string& message, bool running) {
  Finding finding;
  finding.when = running ? When::on_reload : When::now;
  finding.about = {"nginx:" + instance.conf_path};
  finding.evidence = {{EvidenceKind::command, instance.command("-t"), 0, message, false}};
  if (running) {
    finding.detail =
        "The running workers serve what they were started with; the next restart or boot leaves "
        "nginx down.";
  }
  return finding;
}

/// A certificate and a key that are there, and of no use together or alone.
void judge_certificate(const Deployment& host, const nginx::Instance& instance,
                       const std::string& message, bool running, Outcome& out) {
  const std::string apart = quoted_after(message, "SSL_CTX_use_PrivateKey(");
  const std::string key = quoted_after(message, "cannot load certificate key ");
  const std::string held = quoted_after(message, "cannot load certificate ");
  const std::string file = !apart.empty() ? apart : !key.empty() ? key : held;
  // A file that is not there is told of where the configuration is refused.
  if (file.empty() || message.find("No such file or directory") != std::string::npos) return;
  const auto used = user_of(instance, file);
  if (!used) return;
  Finding finding = begun(instance, message, running);
  finding.code = "nginx.certificate-unusable";
  const bool denied = message.find("Permission denied") != std::string::npos;
  if (!apart.empty()) {
    finding.title =
        fmt::format("nginx refuses the key {}: it does not belong to the certificate {}", file,
                    used->files.file);
  } else {
    finding.title = fmt::format("nginx refuses {}: {}", file,
                                denied         ? "the user that starts it may not read it"
                                : !key.empty() ? "it holds no private key that can be read"
                                               : "it holds no certificate that can be read");
  }
  finding.evidence.push_back(used->files.line);
  finding.evidence.push_back(used->files.key_line);
  if (denied) {
    Fix fix;
    fix.summary = fmt::format("let the user that starts nginx read {}, or start it as root", file);
    finding.fixes = {std::move(fix)};
  } else {
    finding.fixes = {repaired(host, instance, *used, running)};
  }
  out.report(std::move(finding));
}

/// The first of the names by which systems call the workers' user that this host has.
std::string usual_user(const Deployment& host) {
  for (const char* name : {"www-data", "nginx", "http", "nobody"}) {
    const auto there = has_user(host, name);
    if (there.seen() && *there) return name;
  }
  return {};
}

/// The workers are to run as a user that is not there.
void judge_user(const Deployment& host, const nginx::Instance& instance, const std::string& message,
                bool running, Outcome& out) {
  const std::string user = quoted_after(message, "getpwnam(");
  if (user.empty()) return;
  Finding finding = begun(instance, message, running);
  finding.code = "nginx.user-missing";
  finding.title = fmt::format("nginx is to run its workers as {}, and there is no such user", user);
  Fix fix;
  fix.summary = "name a user that is there";
  for (const auto& top : instance.config->top()) {
    if (top.name() != "user") continue;
    const Evidence line = top.evidence();
    finding.evidence.push_back(line);
    const std::string usual = usual_user(host);
    const auto edit = usual.empty()
                          ? std::nullopt
                          : replaced_in_line(host, line, line.text, "user " + usual + ";");
    if (!edit) continue;
    fix.summary = fmt::format("run them as {}, which is there", usual);
    fix.edits = {*edit};
    fix.commands = {instance.load_command()};
    fix.interrupts = running ? Interrupts::reload : Interrupts::nothing;
  }
  finding.fixes = {std::move(fix)};
  out.report(std::move(finding));
}

}  // namespace

HOPCHECK_CHECK(nginx_needed) {
  if (host.nginx()->empty()) return out.not_applicable("nginx is not installed here");
  if (host.files_only()) return out.not_applicable("nginx is not asked about files of an image");
  out.each(*host.nginx(), [&](const nginx::Instance& instance) {
    const Fact<std::string> message = host.nginx_test(instance);
    if (message->empty() || instance.config == nullptr) return;
    // What it names may stand in what could not be read.
    for (const Unseen& missing : instance.site->missing) out.not_seen(missing);
    const bool running = *instance.running;
    judge_certificate(host, instance, *message, running, out);
    judge_user(host, instance, *message, running, out);
  });
}
