// What would make nginx take a line that it refuses.
#pragma once

#include <optional>

#include "hopcheck/deployment.h"
#include "hopcheck/finding.h"
#include "hopcheck/tls.h"

namespace hopcheck {

/// Mends the mistakes that people make often: a directive with a letter wrong, a missing semicolon,
/// two servers both default, a certificate's file that is not there. `refused`: nginx's message,
/// with its place. The commands do not load what was mended. Nothing where it is not clear what was
/// meant.
std::optional<Fix> mended(const Deployment& host, const nginx::Instance& instance,
                          const nginx::Problem& refused);

/// The certificate that certbot keeps for `name`, if it is there, in place of the files of a block.
std::optional<Fix> kept_by_certbot(const Deployment& host, const CertificateFiles& files,
                                   const std::string& name);

/// Host names of a block that a certificate can be made for.
std::vector<std::string> names_for_certificate(const nginx::ServerBlock& server);

}  // namespace hopcheck
