// Certificates: nginx's files, and what a handshake shows.
#include "hopcheck/tls.h"

#include <algorithm>

#include <fmt/format.h>

#include "hopcheck/finding.h"
#include "host/certificate_text.h"
#include "model/state.h"

namespace hopcheck {
namespace {

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char one, char other) { return lowered(one) == lowered(other); });
}

/// nginx takes relative paths from its configuration's folder; "" for what is no file known now.
std::string path_of(const nginx::Instance& instance, std::string_view written) {
  if (written.empty() || written.find('$') != std::string_view::npos ||
      written.starts_with("data:") || written.starts_with("engine:") ||
      written.starts_with("store:"))
    return {};
  if (written.front() == '/') return std::string(written);
  return instance.conf_path.substr(0, instance.conf_path.rfind('/') + 1) + std::string(written);
}

/// The directives of that name in force in a block, in order: all of the nearest block with any.
std::vector<nginx::Directive> all_in_force(const nginx::Config& config, std::uint32_t block,
                                           std::string_view name) {
  auto own = config.at(block).children(name);
  if (!own.empty()) return own;
  if (const auto one = nginx::in_force(config, block, name)) {
    for (std::uint32_t i = block; i-- > 0;) {
      if (config.nodes[i].end <= block) continue;
      auto outer = config.at(i).children(name);
      if (!outer.empty()) return outer;
    }
    return {*one};
  }
  return {};
}

}  // namespace

bool Certificate::covers(const std::string& name) const {
  return std::any_of(names.begin(), names.end(), [&](const std::string& one) {
    if (same(one, name)) return true;
    const auto dot = name.find('.');
    return one.starts_with("*.") && dot != std::string::npos &&
           same(std::string_view(one).substr(1), std::string_view(name).substr(dot));
  });
}

std::vector<CertificateFiles> certificate_files(const nginx::Instance& instance,
                                                const nginx::ServerBlock& server) {
  const auto lines = all_in_force(*instance.config, server.directive, "ssl_certificate");
  const auto keys = all_in_force(*instance.config, server.directive, "ssl_certificate_key");
  std::vector<CertificateFiles> files;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CertificateFiles one;
    one.line = lines[i].evidence();
    one.file = path_of(instance, lines[i].arg(0));
    if (i < keys.size()) {
      one.key_line = keys[i].evidence();
      one.key_file = path_of(instance, keys[i].arg(0));
    }
    files.push_back(std::move(one));
  }
  return files;
}

Fact<std::vector<Certificate>> certificates_in(const Deployment& host, const std::string& file) {
  return decoded<std::vector<Certificate>>(
      host.state().host.ask(ask::reduce(file, "certificates-1")), file, decode_certificates);
}

Fact<std::string> key_in(const Deployment& host, const std::string& file) {
  const auto text =
      text_of(host.state().host.ask(ask::reduce(file, "public-key-1")), file + ": not there");
  if (!text.seen()) return text.unseen();
  return text->substr(0, text->find('\n'));
}

Fact<std::vector<Certificate>> shown_certificates(const Deployment& host, const Route& route) {
  const Request& request = route.request;
  if (!route.requested() || request.scheme != "https")
    return Unseen{Unseen::Why::out_of_scope, route.name + " is not asked for by TLS", {}};
  return decoded<std::vector<Certificate>>(
      host.state().host.ask(ask::handshake(request.address, request.port, request.host)),
      "the certificate shown for " + request.host, decode_certificates);
}

std::string self_signing_command(const Deployment& host, const CertificateFiles& files,
                                 const std::vector<std::string>& names) {
  const bool key_there = host.walk(files.key_file)->last().type == PathStep::Type::file;
  std::string alternatives;
  for (const auto& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  return fmt::format("openssl req -x509 -days 90 {} {} -subj {} -addext {} -out {}",
                     key_there ? "-key" : "-newkey rsa:2048 -nodes -keyout",
                     shell_quote(files.key_file), shell_quote("/CN=" + names.front()),
                     shell_quote("subjectAltName=" + alternatives), shell_quote(files.file));
}

Fact<long long> seconds_now(const Deployment& host) {
  const auto clock =
      decoded<Clock>(host.state().host.ask(ask::now()), "what time it is", decode_clock);
  if (!clock.seen()) return clock.unseen();
  return clock->now;
}

std::string date_text(long long seconds) {
  return utc_text(seconds).substr(0, 10);
}

}  // namespace hopcheck
