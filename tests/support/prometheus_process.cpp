#include "support/prometheus_process.hpp"

#include <stdexcept>
#include <utility>

#include "support/raw_http.hpp"

namespace poolscaler::rig {

std::string PrometheusProcess::why_unavailable() {
  if (find_program("prometheus").empty()) return "no prometheus on the PATH (Debian: prometheus)";
  return {};
}

PrometheusProcess::PrometheusProcess(std::vector<std::string> arguments)
    : port_(free_port()), arguments_(std::move(arguments)) {}

void PrometheusProcess::configure(const std::string& yaml) const {
  folder_.write("prometheus.yml", yaml);
}

std::string PrometheusProcess::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

void PrometheusProcess::launch() {
  Command command{
      .argv = {"prometheus", "--config.file=" + (folder_.path() / "prometheus.yml").string(),
               "--storage.tsdb.path=" + data().string(),
               "--web.listen-address=127.0.0.1:" + std::to_string(port_), "--log.level=warn"},
      .output = folder_.path() / "prometheus.log"};
  command.argv.insert(command.argv.end(), arguments_.begin(), arguments_.end());
  process_ = std::make_unique<Process>(command);
}

void PrometheusProcess::wait_until_ready() const {
  const auto ready = [&] { return exchange(endpoint(), {.target = "/-/ready"}).status == 200; };
  if (!eventually(Ms{30'000}, ready))
    throw std::runtime_error("prometheus does not become ready:\n" +
                             read_file(folder_.path() / "prometheus.log"));
}

void PrometheusProcess::start() {
  launch();
  wait_until_ready();
}

WrittenPrometheus::WrittenPrometheus() : PrometheusProcess({"--web.enable-remote-write-receiver"}) {
  configure("global: {scrape_interval: 1m}\n");
  start();
}

void WrittenPrometheus::write(const std::vector<WrittenSeries>& series) const {
  const auto answer = exchange(endpoint(), {.method = "POST",
                                            .target = "/api/v1/write",
                                            .headers = {{"Content-Type", "application/x-protobuf"},
                                                        {"Content-Encoding", "snappy"}},
                                            .body = remote_write_body(series)});
  if (answer.status != 204)
    throw std::runtime_error("prometheus does not take the samples: " + answer.body);
}

}  // namespace poolscaler::rig
