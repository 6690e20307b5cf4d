// PrometheusServer: the real Prometheus (Debian package), scraping a LoadExporter every second.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "support/load_exporter.hpp"
#include "support/process.hpp"
#include "support/sockets.hpp"

namespace poolscaler::rig {

class PrometheusServer {
 public:
  /// Why it cannot run here; empty when it can.
  static std::string why_unavailable();
  /// Starts and waits until it is ready. Throws when it does not become so.
  explicit PrometheusServer(std::uint16_t exporter_port);
  [[nodiscard]] Endpoint endpoint() const { return {.port = port_}; }
  [[nodiscard]] std::string url() const;
  /// The single value of an instant query; nullopt for any other answer.
  [[nodiscard]] std::optional<double> value(const std::string& promql) const;
  /// Waits until the query has this value.
  [[nodiscard]] bool shows(const std::string& promql, double wanted, Ms limit = Ms{10'000}) const;
  void stop();
  void start();

 private:
  TempDir folder_;
  std::uint16_t port_;
  std::unique_ptr<Process> process_;
};

}  // namespace poolscaler::rig
