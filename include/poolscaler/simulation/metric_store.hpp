// MetricStore: series with samples, answered over the Prometheus HTTP API - and no second PromQL.
// Exactly the expressions that the query planner renders are understood; anything else is refused
// with 400 bad_data and a sentence that says what is understood. Values follow Prometheus' rules:
// an instant selector looks back five minutes, rate and increase extrapolate to the window.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "poolscaler/base/clock.hpp"
#include "poolscaler/ports/http_server.hpp"

namespace poolscaler::simulation {

/// Labels with "__name__" among them.
using SeriesLabels = std::map<std::string, std::string>;

/// Thread-safe.
class MetricStore {
 public:
  static constexpr std::size_t series_max = 10'000;
  static constexpr std::size_t samples_max = 2'000;  // per series; the oldest go first

  explicit MetricStore(const Clock& clock);
  MetricStore(const MetricStore&) = delete;
  MetricStore& operator=(const MetricStore&) = delete;
  ~MetricStore();

  /// Adds a sample; one that is not newer than the last replaces it. Beyond series_max: ignored.
  void put(const SeriesLabels& labels, Instant at, double value);
  /// The series vanishes at once, as if marked stale.
  void drop(const SeriesLabels& labels);
  /// The next `times` queries get this HTTP status (503 and so on) instead of an answer.
  void fail_next(int times, int status);

  [[nodiscard]] ServerResponse handle(const ServerRequest& request);
  /// handle() as a handler; the store must outlive it.
  [[nodiscard]] HttpHandler handler();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace poolscaler::simulation
