// Operator: the composition root. It names every collaborator, in the order in which they are made,
// and owns the order in which they end: decisions first, then events, then the lease, then watches.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "options.hpp"
#include "poolscaler/base/clock.hpp"
#include "poolscaler/kube/credentials.hpp"
#include "poolscaler/telemetry/log.hpp"

namespace poolscaler::app {

struct LeaseChoice {
  std::string ns;
  std::string name;
  std::string identity;
};

struct OperatorOptions {
  kube::ClusterAccess access;
  std::optional<LeaseChoice> lease{};  // none: this is the only operator
  std::string identity = "poolscaler";
  std::vector<std::string> watch_namespaces{};
  std::string credentials_dir = "/etc/poolscaler";
  ListenAddress listen;
};

enum class OperatorEnd {
  Stopped,    // as asked
  LeaseLost,  // another operator takes over; this process should end
};

class Operator {
 public:
  /// Opens the listener and starts the watches; nothing is written yet. Errors: InvalidInput
  /// (credentials), Unavailable (the port is taken). `log` and `clock` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Operator>> start(OperatorOptions options,
                                                               telemetry::Log& log,
                                                               const Clock& clock);
  Operator(const Operator&) = delete;
  Operator& operator=(const Operator&) = delete;
  ~Operator();

  /// Waits for the lease, decides until `stop` or until the lease is lost, then ends cleanly.
  [[nodiscard]] OperatorEnd run(const std::stop_token& stop);

  /// Of the listener.
  [[nodiscard]] std::uint16_t port() const;

 private:
  struct Parts;
  explicit Operator(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace poolscaler::app
