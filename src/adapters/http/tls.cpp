#include "tls.hpp"

#include <cstdlib>
#include <fstream>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <sys/stat.h>

#include <fmt/format.h>

#include "origin.hpp"

namespace poolscaler::adapters {
namespace {

constexpr std::size_t file_bytes_max = 1u << 20;

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

Bio bio_of(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::string> read_pem(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' is not a readable file", path));
  if (static_cast<std::size_t>(info.st_size) > file_bytes_max)
    return fail(ErrorKind::InvalidInput, fmt::format("'{}' is larger than 1 MiB", path));
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (text.empty()) return fail(ErrorKind::InvalidInput, fmt::format("'{}' is empty", path));
  return text;
}

struct Pem {
  std::string text;
  std::string where;  // for messages
};

Result<Pem> pem_of(const std::string& file, const std::string& text, const char* field) {
  if (file.empty()) return Pem{.text = text, .where = field};
  auto read = read_pem(file);
  if (!read) return fail(read.error().context(field));
  return Pem{.text = std::move(*read), .where = fmt::format("{} '{}'", field, file)};
}

/// Where the system's authorities are, as the environment said when this was first asked.
const std::string& system_bundle() {
  static const std::string path = [] {
    const char* said = std::getenv(X509_get_default_cert_file_env());
    return std::string(said != nullptr ? said : X509_get_default_cert_file());
  }();
  return path;
}

std::string system_folder() {
  const char* said = std::getenv(X509_get_default_cert_dir_env());
  return said != nullptr ? said : X509_get_default_cert_dir();
}

/// An empty passphrase, since a key that asks for one must fail and not wait at a terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

[[noreturn]] void refuse(const char* what) {
  ERR_clear_error();
  throw std::runtime_error(fmt::format("cannot set up TLS: {}", what));
}

}  // namespace

Result<std::vector<TlsMaterial::Certificate>> TlsMaterial::certificates(const std::string& pem,
                                                                        const std::string& where) {
  std::vector<Certificate> found;
  const auto bio = bio_of(pem);
  while (auto* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr))
    found.emplace_back(certificate);
  const auto last = ERR_peek_last_error();
  ERR_clear_error();
  // The end of the text is reported as an error, too; anything else is a torn or foreign file.
  if (found.empty() || ERR_GET_REASON(last) != PEM_R_NO_START_LINE)
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} must hold certificates in PEM form", where));
  return found;
}

TlsMaterial::Store TlsMaterial::system_trust() {
  const Store store(X509_STORE_new(), X509_STORE_free);
  // A system may have the one, the other or neither: then no certificate is trusted.
  X509_STORE_load_file(store.get(), system_bundle().c_str());
  X509_STORE_load_path(store.get(), system_folder().c_str());
  ERR_clear_error();
  return store;
}

Result<void> TlsMaterial::load_trust(const TransportOptions& options) {
  trusts_the_system_ = options.ca_file.empty() && options.ca_pem.empty();
  if (trusts_the_system_) {
    if (!options.insecure_skip_tls_verify) trust_ = system_trust();
    return {};
  }
  const auto pem = pem_of(options.ca_file, options.ca_pem, "certificate authority");
  if (!pem) return fail(pem.error());
  auto found = certificates(pem->text, pem->where);
  if (!found) return fail(found.error());
  trust_ = Store(X509_STORE_new(), X509_STORE_free);
  for (const auto& certificate : *found) X509_STORE_add_cert(trust_.get(), certificate.get());
  ERR_clear_error();
  return {};
}

Result<void> TlsMaterial::load_identity(const TransportOptions& options) {
  const bool has_certificate =
      !options.client_certificate_file.empty() || !options.client_certificate_pem.empty();
  const bool has_key = !options.client_key_file.empty() || !options.client_key_pem.empty();
  if (has_certificate != has_key)
    return fail(ErrorKind::InvalidInput,
                "a client certificate and its key must be given together");
  if (!has_certificate) return {};
  const auto certificate = pem_of(options.client_certificate_file, options.client_certificate_pem,
                                  "client certificate");
  if (!certificate) return fail(certificate.error());
  auto found = certificates(certificate->text, certificate->where);
  if (!found) return fail(found.error());
  identity_ = std::move(*found);
  const auto key = pem_of(options.client_key_file, options.client_key_pem, "client key");
  if (!key) return fail(key.error());
  key_.reset(PEM_read_bio_PrivateKey(bio_of(key->text).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key_)
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} must hold a private key in PEM form, without a passphrase",
                            key->where));
  if (X509_check_private_key(identity_.front().get(), key_.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::InvalidInput,
                fmt::format("{} does not belong to {}", key->where, certificate->where));
  }
  return {};
}

Result<std::shared_ptr<const TlsMaterial>> TlsMaterial::load(const TransportOptions& options,
                                                             std::string server_name) {
  auto material = std::make_shared<TlsMaterial>();
  material->server_name_ = std::move(server_name);
  material->insecure_ = options.insecure_skip_tls_verify;
  if (auto loaded = material->load_trust(options); !loaded) return fail(loaded.error());
  if (auto loaded = material->load_identity(options); !loaded) return fail(loaded.error());
  return std::shared_ptr<const TlsMaterial>(std::move(material));
}

void TlsMaterial::apply(SSL_CTX* context) const {
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) refuse("TLS 1.2");
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  auto* check = SSL_CTX_get0_param(context);
  if (trust_) {
    SSL_CTX_set1_cert_store(context, trust_.get());
    // An intermediate authority that was given may be the anchor, as kubectl allows it.
    if (!trusts_the_system_) X509_VERIFY_PARAM_set_flags(check, X509_V_FLAG_PARTIAL_CHAIN);
  }
  if (!insecure_) {
    // The library's own check would take the common name where no alternative name is given.
    X509_VERIFY_PARAM_set_hostflags(
        check, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    const int named = is_ipv4_literal(server_name_)
                          ? X509_VERIFY_PARAM_set1_ip_asc(check, server_name_.c_str())
                          : X509_VERIFY_PARAM_set1_host(check, server_name_.c_str(), 0);
    if (named != 1) refuse("the server's name");
  }
  if (identity_.empty()) return;
  if (SSL_CTX_use_certificate(context, identity_.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key_.get()) != 1)
    refuse("the client certificate");
  for (std::size_t i = 1; i < identity_.size(); ++i)
    SSL_CTX_add1_chain_cert(context, identity_[i].get());
}

std::string fingerprint(const TransportOptions& options) {
  std::string print;
  const bool given = !options.ca_file.empty() || !options.ca_pem.empty();
  for (const auto* path : {given ? &options.ca_file : &system_bundle(),
                           &options.client_certificate_file, &options.client_key_file}) {
    struct stat info {};
    if (path->empty() || stat(path->c_str(), &info) != 0) continue;
    print += fmt::format("{}:{}:{}:{}.{};", *path, info.st_ino, info.st_size, info.st_mtim.tv_sec,
                         info.st_mtim.tv_nsec);
  }
  return print;
}

void read_authorities_once() {
  (void)system_bundle();
  setenv(X509_get_default_cert_file_env(), "/dev/null", 1);
}

}  // namespace poolscaler::adapters
