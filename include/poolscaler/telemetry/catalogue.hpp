// The one catalogue of our metrics: name, type, labels, stability, help and buckets of every series
// that /metrics can show. The registry is built from it, docs/reference/metrics.md is printed from
// it and a test compares both, so a metric that is not listed here cannot exist.
//
// Label values are enumerators, names of our own objects (which vanish with the object) or capped.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace poolscaler::telemetry {

enum class MetricType { Counter, Gauge, Histogram };
/// Stable: name and labels are kept for a year after a replacement. Alpha: may change any time.
enum class Stability { Stable, Alpha };

struct MetricInfo {
  std::string_view name;
  MetricType type;
  std::string_view labels;  // comma separated, in order; empty when there are none
  Stability stability;
  std::string_view help;
  std::span<const double> buckets{};  // histograms only
};

[[nodiscard]] std::span<const MetricInfo> metric_catalogue();
/// CHECKs that it exists.
[[nodiscard]] const MetricInfo& metric_info(std::string_view name);
[[nodiscard]] std::string_view name_of(MetricType type);

/// docs/reference/metrics.md
[[nodiscard]] std::string metrics_page();

}  // namespace poolscaler::telemetry
