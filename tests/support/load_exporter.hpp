// LoadExporter: a /metrics page whose gauges a test sets, for Prometheus to scrape; it can also
// fail.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "support/sockets.hpp"

namespace poolscaler::rig {

class LoadExporter {
 public:
  LoadExporter();
  [[nodiscard]] std::uint16_t port() const { return listener_.port(); }
  /// set("queue_depth", R"(namespace="shop",queue="llm")", 12)
  void set(const std::string& metric, const std::string& labels, double value);
  /// A value as it appears in the text format: "NaN", "+Inf".
  void set_text(const std::string& metric, const std::string& labels, const std::string& value);
  void remove(const std::string& metric, const std::string& labels);
  void clear();
  /// Answers this status instead of the page; 200 for the page again.
  void answer(int status);

 private:
  void serve(Stream& stream);

  std::mutex mutex_;
  std::map<std::string, std::map<std::string, std::string>> gauges_;
  int status_ = 200;
  Listener listener_;  // last: its threads use the members above
};

}  // namespace poolscaler::rig
