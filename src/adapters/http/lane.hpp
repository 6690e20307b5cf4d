// A lane is one client of the library with at most one exchange on it, and so at most one pooled
// connection: the only way to know which socket an exchange uses, and to forbid the library to send
// a request a second time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "exchange.hpp"
#include "origin.hpp"
#include "poolscaler/ports/http_transport.hpp"
#include "resolver.hpp"
#include "tls.hpp"

namespace poolscaler::adapters {

struct LaneOptions {
  Origin origin;
  Address address;
  std::string server_name;  // of the certificate
  bool insecure = false;
  std::shared_ptr<const TlsMaterial> tls{};  // null for http
};

/// Not thread-safe; one thread uses it at a time.
class Lane {
 public:
  explicit Lane(const LaneOptions& options);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// Runs `exchange` to its end. When it returns an error the lane must not be used again.
  [[nodiscard]] Result<HttpResponse> run(const HttpRequest& request,
                                         const std::shared_ptr<Exchange>& exchange,
                                         std::stop_token stop);
  /// May carry another request: nothing is under way, and the connection is open and silent.
  [[nodiscard]] bool is_fit() const;
  [[nodiscard]] std::chrono::steady_clock::time_point born() const { return born_; }

 private:
  struct Inside;
  std::shared_ptr<Inside> inside_;
  SocketGuard guard_;
  bool fit_ = true;
  std::chrono::steady_clock::time_point born_{std::chrono::steady_clock::now()};
};

/// Sets the size of the library's thread pool, before its first use.
void start_library_threads();

}  // namespace poolscaler::adapters
