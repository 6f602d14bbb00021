// X.509 as OpenSSL reads it, and the text that leaves: what is public of it.
#include "host/certificate_text.h"

#include <array>
#include <climits>
#include <memory>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "host/fields.h"
#include "host/tables.h"

namespace hopcheck {
namespace {

using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;
using X509Pointer = std::unique_ptr<X509, void (*)(X509*)>;
using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Names = std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)>;

// More than any chain has; a file may be an attacker's.
constexpr std::size_t most_certificates = 32;
constexpr std::size_t most_names = 200;

Bio reader(std::string_view text) {
  const auto size = static_cast<int>(std::min<std::size_t>(text.size(), INT_MAX));
  return {BIO_new_mem_buf(text.data(), size), BIO_free};
}

std::string content(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

std::string name_text(const X509_NAME* name) {
  const Bio memory(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  std::string text = content(memory.get());
  // "CN = web1" of one release is "CN=web1" of the next.
  for (auto at = text.find(" = "); at != std::string::npos; at = text.find(" = ", at))
    text.replace(at, 3, "=");
  return text;
}

long long seconds_of(const ASN1_TIME* time) {
  struct tm parts {};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

std::string hex(const unsigned char* bytes, std::size_t count) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string hash_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = key == nullptr ? 0 : i2d_PUBKEY(key, &der);
  if (size <= 0) return {};
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(der, static_cast<std::size_t>(size), digest.data(), &length, EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return hex(digest.data(), length);
}

std::string string_of(const ASN1_STRING* string) {
  const auto* data = ASN1_STRING_get0_data(string);
  return {data, data + ASN1_STRING_length(string)};
}

std::string address_of(const ASN1_OCTET_STRING* bytes) {
  const int size = ASN1_STRING_length(bytes);
  if (size != 4 && size != 16) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text.data(), text.size());
  return text.data();
}

std::vector<std::string> alternative_names(X509* certificate) {
  const Names all(static_cast<GENERAL_NAMES*>(
                      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
                  GENERAL_NAMES_free);
  std::vector<std::string> names;
  const int count = all ? sk_GENERAL_NAME_num(all.get()) : 0;
  for (int i = 0; i < count && names.size() < most_names; ++i) {
    const GENERAL_NAME* one = sk_GENERAL_NAME_value(all.get(), i);
    std::string name;
    if (one->type == GEN_DNS) name = string_of(one->d.dNSName);
    if (one->type == GEN_IPADD) name = address_of(one->d.iPAddress);
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

/// The common name, which clients of old looked at where there is no list of names.
std::string common_name(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return string_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

bool names_a_place_of_its_issuer(X509* certificate) {
  auto* all = static_cast<AUTHORITY_INFO_ACCESS*>(
      X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr));
  bool found = false;
  for (int i = 0; all != nullptr && i < sk_ACCESS_DESCRIPTION_num(all); ++i) {
    const ACCESS_DESCRIPTION* one = sk_ACCESS_DESCRIPTION_value(all, i);
    found = found || OBJ_obj2nid(one->method) == NID_ad_ca_issuers;
  }
  AUTHORITY_INFO_ACCESS_free(all);
  return found;
}

Certificate read(X509* certificate) {
  Certificate out;
  out.subject = name_text(X509_get_subject_name(certificate));
  out.issuer = name_text(X509_get_issuer_name(certificate));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate);
  out.serial =
      hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)));
  out.names = alternative_names(certificate);
  if (out.names.empty()) {
    if (std::string name = common_name(certificate); !name.empty()) out.names = {std::move(name)};
  }
  out.from = seconds_of(X509_get0_notBefore(certificate));
  out.until = seconds_of(X509_get0_notAfter(certificate));
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  out.key = hash_of(key);
  out.authority = X509_check_ca(certificate) == 1;
  out.self_signed =
      X509_name_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0 &&
      key != nullptr && X509_verify(certificate, key) == 1;
  out.public_issuer = names_a_place_of_its_issuer(certificate);
  return out;
}

// Without it OpenSSL would ask at the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

}  // namespace

std::vector<Certificate> certificates_of(std::string_view pem) {
  const Bio in = reader(pem);
  std::vector<Certificate> found;
  while (found.size() < most_certificates) {
    const X509Pointer one(PEM_read_bio_X509_AUX(in.get(), nullptr, no_passphrase, nullptr),
                          X509_free);
    if (!one) break;
    found.push_back(read(one.get()));
  }
  ERR_clear_error();
  return found;
}

std::string public_key_of(std::string_view pem) {
  const Bio in = reader(pem);
  const Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  ERR_clear_error();
  return hash_of(key.get());
}

std::string encode_certificates(const std::vector<Certificate>& certificates) {
  std::string text;
  for (const Certificate& one : certificates) {
    std::vector<std::string> words{"subject=" + one.subject,       "issuer=" + one.issuer,
                                   "serial=" + one.serial,         "from=" + utc_text(one.from),
                                   "until=" + utc_text(one.until), "key=" + one.key};
    for (const std::string& name : one.names) words.push_back("name=" + name);
    if (one.authority) words.emplace_back("authority");
    if (one.self_signed) words.emplace_back("self-signed");
    if (one.public_issuer) words.emplace_back("public-issuer");
    text += join_words(words) + "\n";
  }
  return text;
}

std::vector<Certificate> decode_certificates(const std::string& text) {
  std::vector<Certificate> certificates;
  each_fields(text, [&](const Fields& fields) {
    Certificate one;
    one.subject = fields.value("subject");
    one.issuer = fields.value("issuer");
    one.serial = fields.value("serial");
    one.from = parse_utc(fields.value("from"));
    one.until = parse_utc(fields.value("until"));
    one.key = fields.value("key");
    for (const std::string& word : fields.words()) {
      if (starts_with(word, "name=")) one.names.push_back(word.substr(5));
    }
    one.authority = fields.flag("authority");
    one.self_signed = fields.flag("self-signed");
    one.public_issuer = fields.flag("public-issuer");
    certificates.push_back(std::move(one));
  });
  return certificates;
}

}  // namespace hopcheck
