#include "support/prometheus_server.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "support/raw_http.hpp"

namespace poolscaler::rig {

PrometheusServer::PrometheusServer(std::uint16_t exporter_port) {
  const auto target = [](std::uint16_t port) {
    return "  static_configs: [{targets: ['127.0.0.1:" + std::to_string(port) + "']}]\n";
  };
  configure("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n" +
            ("- job_name: load\n" + target(exporter_port)) +
            ("- job_name: self\n" + target(endpoint().port)));
  start();
}

std::optional<double> PrometheusServer::value(const std::string& promql) const {
  const auto answer =
      exchange(endpoint(), {.target = "/api/v1/query?query=" + percent_encoded(promql)});
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (answer.status != 200 || json.is_discarded()) return std::nullopt;
  const auto& result = json["data"]["result"];
  if (result.size() != 1) return std::nullopt;
  return std::stod(result[0]["value"][1].get<std::string>());
}

bool PrometheusServer::shows(const std::string& promql, double wanted, Ms limit) const {
  return eventually(limit, [&] {
    const auto seen = value(promql);
    return seen && (std::abs(*seen - wanted) < 1e-9 || (std::isnan(*seen) && std::isnan(wanted)));
  });
}

}  // namespace poolscaler::rig
