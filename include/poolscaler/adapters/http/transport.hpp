// The HttpTransport of this program, on cpprestsdk: everything that this library does not promise
// by itself is kept here, and no type of it leaves this room.
//
// Invariant: an exchange ends by its deadline, holds a bounded amount of memory, is sent at most
// once (a pooled connection that turns out broken is not replayed for anything but GET), follows no
// redirect, and over https trusts only what was given (or the system's roots), TLS 1.2 or newer,
// for a certificate that carries the server's name or address among its subject alternative names.
// IPv6 literals in the origin are refused: the library cannot resolve them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "poolscaler/base/result.hpp"
#include "poolscaler/ports/http_transport.hpp"

namespace poolscaler::adapters {

/// Of a file and its PEM text at most one is given. Files are read again when they change, and the
/// connections are made anew then; a file that cannot be read or is empty leaves the old trust.
struct TransportOptions {
  std::string origin;  // "https://host:port" or "http://host:port", nothing behind it
  std::string ca_file{};
  std::string ca_pem{};
  std::string client_certificate_file{};
  std::string client_certificate_pem{};
  std::string client_key_file{};
  std::string client_key_pem{};
  std::string server_name{};             // to verify (and SNI), where not the host
  bool insecure_skip_tls_verify = false;  // development only; the user asked for it
};

/// Errors: InvalidInput (origin, certificates or key that cannot be used). Does not connect.
[[nodiscard]] Result<std::unique_ptr<HttpTransport>> make_transport(TransportOptions options);

/// Keeps the library from reading the system's bundle of authorities for each new connection, which
/// takes it some 25 ms of CPU; a transport reads it once for all its connections. To be called
/// before any thread starts, since it changes the environment (SSL_CERT_FILE, whose present value
/// stays the bundle's place). Nothing else depends on it.
void read_authorities_once();

}  // namespace poolscaler::adapters
