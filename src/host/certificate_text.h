// X.509 as OpenSSL reads it, and the text that leaves: what is public of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hopcheck/tls.h"

namespace hopcheck {

// A certificate a line: "subject=CN=web1 issuer=CN=web1 serial=3F from=2026-11-21T09:30:00Z
// until=… key=HASH name=web1 name=www authority self-signed public-issuer" (one line).
std::string encode_certificates(const std::vector<Certificate>& certificates);
/// Throws std::invalid_argument.
std::vector<Certificate> decode_certificates(const std::string& text);

/// The certificates of a PEM text in its order; what is none is passed over.
std::vector<Certificate> certificates_of(std::string_view pem);
/// The hash of the public key that belongs to the first private key of a PEM text; "" where there
/// is none that needs no passphrase.
std::string public_key_of(std::string_view pem);

}  // namespace hopcheck
