// What an https transport trusts and who it says it is, loaded once and applied to each connection.
#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <vector>

#include "poolscaler/adapters/http/transport.hpp"
#include "poolscaler/base/result.hpp"

namespace poolscaler::adapters {

/// Immutable once loaded; shared by connections.
class TlsMaterial {
 public:
  /// Reads the files of `options`. `server_name` is what the certificate must be for. Errors:
  /// InvalidInput, naming the file or field, never its contents.
  [[nodiscard]] static Result<std::shared_ptr<const TlsMaterial>> load(
      const TransportOptions& options, std::string server_name);

  /// Throws std::runtime_error when OpenSSL refuses.
  void apply(SSL_CTX* context) const;

 private:
  template <auto Free>
  struct Freer {
    template <class T>
    void operator()(T* value) const {
      Free(value);
    }
  };
  using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
  using Store = std::shared_ptr<X509_STORE>;
  using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

  [[nodiscard]] static Result<std::vector<Certificate>> certificates(const std::string& pem,
                                                                     const std::string& where);
  /// The authorities of the system, as they are in its bundle now.
  [[nodiscard]] static Store system_trust();
  [[nodiscard]] Result<void> load_trust(const TransportOptions& options);
  [[nodiscard]] Result<void> load_identity(const TransportOptions& options);

  std::string server_name_;
  bool insecure_ = false;
  Store trust_;
  bool trusts_the_system_ = false;
  std::vector<Certificate> identity_;  // the leaf, then its chain; empty: none
  Key key_;
};

/// Changes when one of the files of `options` was replaced or rewritten, or the system's bundle
/// where that is what is trusted.
[[nodiscard]] std::string fingerprint(const TransportOptions& options);

}  // namespace poolscaler::adapters
