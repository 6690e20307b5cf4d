// Presets: signals under a name. The catalogue knows which metrics a framework exports, in which
// unit and under which names in which release, and what target is a good first one; the CRD field
// `signals[].preset`, its checks, `poolscaler print presets` and the reference page come from it.
#pragma once

#include <array>
#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::api {

/// One metric of a preset. Both ends of a rename are asked for; see MetricSelector::other_names.
struct PresetMetric {
  std::string_view names{};  // "new_name|old_name"; empty: no metric
  Aggregation aggregation = Aggregation::Sum;
  RangeFunction range_function = RangeFunction::None;  // over the parameter windowSeconds
};

/// A parameter of a preset that becomes an equality matcher.
struct PresetLabel {
  std::string_view parameter{};  // "model"; empty: none
  std::string_view label{};      // "model_name"
  bool required = false;
};

/// What the signal means for a workload model: work that waits, work that waits or runs, how busy
/// the replicas are, or nothing of these.
enum class PresetLoad { Queue, Inflight, Busy, Other };

/// Who exports the series.
enum class PresetOrigin {
  Replicas,  // the replicas themselves: no series while there are none
  Devices,   // an exporter beside them, labelled with their pods: no series either
  Shared,    // a component that is there without them: can wake a target from zero
};

struct Preset {
  std::string_view name;
  std::string_view framework;
  std::string_view versions;
  std::string_view reads;  // what the number is
  std::array<PresetMetric, 3> terms;
  std::array<PresetMetric, 2> divisor{};
  double scale = 1;
  std::string_view unit;            // of the reading
  std::string_view exported_in{};   // unit of the metric, where it differs
  PresetOrigin origin;
  std::array<PresetLabel, 3> labels{};
  /// Series must also be matched by this; with an empty value, they must not have the label.
  std::optional<std::pair<std::string_view, std::string_view>> only{};
  bool takes_metric = false;  // the parameter metric is the name of the metric
  int window_seconds = 0;     // default of the parameter windowSeconds; 0: has none
  TargetType target_type = TargetType::PerReplica;
  std::string_view target;
  std::string_view activation = "0";
  int max_age_seconds = 120;
  double reading_max = 0;  // the reading never exceeds it; 0: unbounded
  PresetLoad load;
  std::string_view caveat;

  /// The pods of the target alone are read, unless the parameter `pods` says otherwise.
  [[nodiscard]] bool of_pods() const { return origin != PresetOrigin::Shared; }
};

/// All of them, in the order in which people are shown them.
[[nodiscard]] std::span<const Preset* const> presets();
[[nodiscard]] const Preset* find_preset(std::string_view name);
[[nodiscard]] std::string_view name_of(PresetLoad load);

/// The signal's query by the values of a checked `preset` object. REQUIRES: preset_errors() finds
/// nothing.
[[nodiscard]] SignalInput preset_query(const Preset& preset, const nlohmann::json& values,
                                       const TargetRef& target);

/// For people, after "no series", where it cannot come of itself; empty otherwise.
[[nodiscard]] std::string_view remark_on_absence(std::string_view preset);

/// `poolscaler print presets`: a few lines each. presets_page() is docs/reference/presets.md.
[[nodiscard]] std::string presets_text();
[[nodiscard]] std::string presets_page();
[[nodiscard]] nlohmann::json presets_json();

}  // namespace poolscaler::api
