// Certificates: what lies in nginx's files, and what a client is really shown.
#pragma once

#include <string>
#include <vector>

#include "hopcheck/deployment.h"

namespace hopcheck {

/// An X.509 certificate, as far as it decides whether a client takes it.
struct Certificate {
  std::string subject{};             ///< "CN=shop.example.com"
  std::string issuer{};              ///< likewise
  std::string serial{};              ///< hexadecimal
  std::vector<std::string> names{};  ///< host names and addresses that it is for
  long long from{0};                 ///< valid from, seconds since 1970
  long long until{0};                ///< valid until
  std::string key{};                 ///< hash of its public key
  bool authority{false};             ///< may sign others
  bool self_signed{false};
  bool public_issuer{false};  ///< names a place to fetch its issuer's certificate from

  /// It is for this host name or address; "*.x" stands for one label.
  bool covers(const std::string& name) const;
};

/// One ssl_certificate line in force in a server block, and the key beside it.
struct CertificateFiles {
  Evidence line{};
  Evidence key_line{};
  std::string file{};      ///< absolute; "" where only the running nginx knows
  std::string key_file{};  ///< likewise
};
/// Those that a server block offers; empty where it has none.
std::vector<CertificateFiles> certificate_files(const nginx::Instance& instance,
                                                const nginx::ServerBlock& server);

/// The certificates in a file, in its order, none where it holds none. Unseen with not_installed:
/// the file is not there.
Fact<std::vector<Certificate>> certificates_in(const Deployment& host, const std::string& file);
/// The hash of the public key that belongs to a private key in a file; "" where it holds none that
/// can be read without a passphrase.
Fact<std::string> key_in(const Deployment& host, const std::string& file);
/// What a client that asks for the route's Host by TLS is shown; the leaf first.
Fact<std::vector<Certificate>> shown_certificates(const Deployment& host, const Route& route);

/// The command that makes a certificate for these names into the file of `files`, signed by its own
/// key: the one that is there, else a new one. Throws NotSeen where that cannot be told.
std::string self_signing_command(const Deployment& host, const CertificateFiles& files,
                                 const std::vector<std::string>& names);

/// Seconds since 1970, now.
Fact<long long> seconds_now(const Deployment& host);
/// "2026-11-21"
std::string date_text(long long seconds);

}  // namespace hopcheck
