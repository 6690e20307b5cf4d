// PrometheusServer: the real Prometheus (Debian package), scraping a LoadExporter every second.
#pragma once

#include <optional>
#include <string>

#include "support/load_exporter.hpp"
#include "support/prometheus_process.hpp"

namespace poolscaler::rig {

class PrometheusServer : public PrometheusProcess {
 public:
  /// Starts and waits until it is ready. Throws when it does not become so.
  explicit PrometheusServer(std::uint16_t exporter_port);
  /// The single value of an instant query; nullopt for any other answer.
  [[nodiscard]] std::optional<double> value(const std::string& promql) const;
  /// Waits until the query has this value.
  [[nodiscard]] bool shows(const std::string& promql, double wanted, Ms limit = Ms{10'000}) const;
};

}  // namespace poolscaler::rig
