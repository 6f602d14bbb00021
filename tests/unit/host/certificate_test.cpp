// Certificates and keys made here, read as files are.
#include <memory>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "host/certificate_text.h"
#include "host/reducers.h"
#include "test.h"

using namespace hopcheck;

namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

Key new_key() {
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nullptr);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_keygen(context, &key);
  EVP_PKEY_CTX_free(context);
  return {key, EVP_PKEY_free};
}

std::string written(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return text;
}

std::string key_text(EVP_PKEY* key, const char* passphrase = nullptr) {
  BIO* memory = BIO_new(BIO_s_mem());
  const auto* words = reinterpret_cast<const unsigned char*>(passphrase);
  PEM_write_bio_PrivateKey(memory, key, passphrase == nullptr ? nullptr : EVP_aes_128_cbc(),
                           const_cast<unsigned char*>(words), passphrase == nullptr ? 0 : 4,
                           nullptr, nullptr);
  return written(memory);
}

/// A certificate for `names` ("DNS:a,IP:10.0.0.1"), of `subject`, signed by `signer` as `issuer`.
std::string certificate_text(EVP_PKEY* key, const char* subject, EVP_PKEY* signer,
                             const char* issuer, const char* names) {
  X509* one = X509_new();
  X509_set_version(one, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(one), 0x1234);
  ASN1_TIME_set(X509_getm_notBefore(one), 1'700'000'000);
  ASN1_TIME_set(X509_getm_notAfter(one), 1'800'000'000);
  X509_set_pubkey(one, key);
  const auto set = [](X509_NAME* name, const char* text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text), -1, -1, 0);
  };
  set(X509_get_subject_name(one), subject);
  set(X509_get_issuer_name(one), issuer);
  if (names != nullptr) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(one, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(one, signer, nullptr);
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, one);
  X509_free(one);
  return written(memory);
}

std::string reduced(const std::string& reducer, const std::string& bytes) {
  ByteSource source;
  source.size = bytes.size();
  source.read = [&](std::uint64_t offset, char* buffer, std::size_t n) {
    return bytes.copy(buffer, n, offset);
  };
  return find_reducer(reducer)(source, "");
}

}  // namespace

TEST_CASE("a chain is read in its order, and survives its text form") {
  const Key key = new_key();
  const Key signer = new_key();
  const std::string text =
      "some words before\n" +
      certificate_text(key.get(), "shop.example.com", signer.get(), "Test Issuer",
                       "DNS:shop.example.com,DNS:*.shop.example.com,IP:10.0.0.5") +
      certificate_text(signer.get(), "Test Issuer", signer.get(), "Test Issuer", nullptr);
  const auto chain = certificates_of(text);
  REQUIRE(chain.size() == 2);
  CHECK(chain[0].subject == "CN=shop.example.com");
  CHECK(chain[0].issuer == "CN=Test Issuer");
  CHECK(chain[0].serial == "1234");
  CHECK(chain[0].names ==
        std::vector<std::string>{"shop.example.com", "*.shop.example.com", "10.0.0.5"});
  CHECK(chain[0].from == 1'700'000'000);
  CHECK(chain[0].until == 1'800'000'000);
  CHECK_FALSE(chain[0].self_signed);
  CHECK(chain[1].self_signed);
  CHECK(chain[1].names == std::vector<std::string>{"Test Issuer"});
  const auto again = decode_certificates(encode_certificates(chain));
  REQUIRE(again.size() == 2);
  CHECK(encode_certificates(again) == encode_certificates(chain));
}

TEST_CASE("the same issuer's name under another key is no signature of its own") {
  const Key key = new_key();
  const Key other = new_key();
  const auto chain =
      certificates_of(certificate_text(key.get(), "web1", other.get(), "web1", nullptr));
  REQUIRE(chain.size() == 1);
  CHECK_FALSE(chain[0].self_signed);
}

TEST_CASE("of a private key only the hash of its public part leaves") {
  const Key key = new_key();
  const std::string text = key_text(key.get());
  const std::string certificate = certificate_text(key.get(), "web1", key.get(), "web1", nullptr);
  const std::string hash = reduced("public-key-1", text);
  CHECK(hash.size() == 65);
  CHECK(hash == certificates_of(certificate)[0].key + "\n");
  CHECK(reduced("public-key-1", text + certificate) == hash);
  CHECK(reduced("certificates-1", text + certificate).find("PRIVATE") == std::string::npos);
  CHECK(reduced("public-key-1", key_text(key.get(), "word")).empty());
  CHECK(reduced("public-key-1", "").empty());
  CHECK(reduced("public-key-1", certificate).empty());
}

TEST_CASE("what is no certificate holds none") {
  CHECK(certificates_of("").empty());
  CHECK(certificates_of("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").empty());
  CHECK_THROWS_AS(decode_certificates("subject=CN=x from=yesterday"), std::invalid_argument);
}
