#include "support/prometheus_server.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "poolscaler/base/text.hpp"
#include "support/raw_http.hpp"

namespace poolscaler::rig {

std::string PrometheusServer::why_unavailable() {
  if (find_program("prometheus").empty()) return "no prometheus on the PATH (Debian: prometheus)";
  return {};
}

PrometheusServer::PrometheusServer(std::uint16_t exporter_port) : port_(free_port()) {
  const std::string own = std::to_string(port_);
  folder_.write("prometheus.yml",
                "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
                "scrape_configs:\n"
                "- job_name: load\n"
                "  static_configs: [{targets: ['127.0.0.1:" +
                    std::to_string(exporter_port) +
                    "']}]\n"
                "- job_name: self\n"
                "  static_configs: [{targets: ['127.0.0.1:" +
                    own + "']}]\n");
  start();
}

std::string PrometheusServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void PrometheusServer::start() {
  process_ = std::make_unique<Process>(Command{
      .argv = {"prometheus", "--config.file=" + (folder_.path() / "prometheus.yml").string(),
               "--storage.tsdb.path=" + (folder_.path() / "data").string(),
               "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=warn"},
      .output = folder_.path() / "prometheus.log"});
  if (!eventually(Ms{30'000},
                  [&] { return exchange(endpoint(), {.target = "/-/ready"}).status == 200; }))
    throw std::runtime_error("prometheus does not become ready:\n" +
                             read_file(folder_.path() / "prometheus.log"));
}

void PrometheusServer::stop() { process_.reset(); }

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
