// The per-policy gauges, kept as compact rows and printed straight into the exposition. A family in
// the registry would hold a map of label strings per series: some 40 MB for 10,000 policies.
#pragma once

#include <map>
#include <string>

#include "poolscaler/telemetry/metrics.hpp"

namespace poolscaler::telemetry {

class PolicySeries {
 public:
  void set(const ObjectKey& policy, const PolicySample& sample) { rows_[policy] = sample; }
  void drop(const ObjectKey& policy) { rows_.erase(policy); }
  void clear() { rows_.clear(); }
  /// Appends every family that has at least one series.
  void print(std::string& out) const;

 private:
  std::map<ObjectKey, PolicySample> rows_;
};

/// "# HELP ..." and "# TYPE ..." of a family.
void print_head(std::string& out, std::string_view name);

/// As the text format wants it: backslash, double quote and line feed escaped.
[[nodiscard]] std::string label_escaped(std::string_view value);

}  // namespace poolscaler::telemetry
