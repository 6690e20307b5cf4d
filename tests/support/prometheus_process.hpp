// The real Prometheus (Debian package) as a process; what it holds is the business of those who
// derive from it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/remote_write.hpp"
#include "support/sockets.hpp"

namespace poolscaler::rig {

class PrometheusProcess {
 public:
  /// Why it cannot run here; empty when it can.
  static std::string why_unavailable();
  [[nodiscard]] Endpoint endpoint() const { return {.port = port_}; }
  [[nodiscard]] std::string url() const;
  /// Starts the process and returns at once.
  void launch();
  /// Throws when it does not become ready.
  void wait_until_ready() const;
  void start();
  void stop() { process_.reset(); }

 protected:
  /// With more arguments for its command line. Does not start it.
  explicit PrometheusProcess(std::vector<std::string> arguments = {});
  void configure(const std::string& yaml) const;
  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }
  [[nodiscard]] const TempDir& folder() const { return folder_; }

 private:
  TempDir folder_;
  std::uint16_t port_;
  std::vector<std::string> arguments_;
  std::unique_ptr<Process> process_;
};

/// Scrapes nothing: it is written to.
class WrittenPrometheus : public PrometheusProcess {
 public:
  /// Starts and waits until it is ready.
  WrittenPrometheus();
  /// Throws when they are not taken.
  void write(const std::vector<WrittenSeries>& series) const;
};

}  // namespace poolscaler::rig
