// ScalingPolicy: what an ML team declares for one workload, valid by construction.
//
// The api room builds it from a checked object; nobody checks again after that. Shapes, units and
// defaults are those of the CRD reference (docs/reference/scaling-policy.md); behaviour has the
// names and the meaning of HPA v2.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/amount.hpp"
#include "poolscaler/domain/forecast.hpp"
#include "poolscaler/domain/formula.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/domain/window.hpp"

namespace poolscaler {

enum class Mode { Automatic, Recommend, Paused };
enum class Combine { Max, Min, Formula };
/// Steps: the signal's `steps` say what is asked for. None: its value serves the formula alone.
enum class TargetType { PerReplica, Total, Utilization, Steps, None };
enum class OnMissing { Hold, Fallback, Zero };

enum class Aggregation { Sum, Avg, Max, Min };
/// None reads the instant value; the others take the range [window].
enum class RangeFunction { None, Rate, Increase, AvgOverTime, MaxOverTime, MinOverTime };
enum class MatchOperator { Equal, NotEqual, Regex, NotRegex };

struct Matcher {
  std::string label;
  MatchOperator op;
  std::string value;
  auto operator<=>(const Matcher&) const = default;
};

/// A structured query. The operator renders it and always adds the tenant's namespace.
struct MetricSelector {
  std::string metric;
  std::vector<Matcher> matchers{};
  Aggregation aggregation = Aggregation::Sum;
  RangeFunction range_function = RangeFunction::None;
  int window_seconds = 0;  // 0 exactly when range_function is None
  /// What other releases call the same metric. Of two series with the same labels the one under
  /// the earlier name counts, `metric` first, so that whoever exports both is not counted twice.
  std::vector<std::string> other_names{};
  auto operator<=>(const MetricSelector&) const = default;
};

/// PromQL as the team wrote it; only where the MetricSource allows it for the namespace.
struct RawQuery {
  std::string promql;
  auto operator<=>(const RawQuery&) const = default;
};

/// One number made of several metrics: scale * sum(terms) / sum(divisor). Over rates, 0 / 0 is the
/// zero of a workload that nobody asks anything of; over anything else it is no number.
struct DerivedQuery {
  std::vector<MetricSelector> terms;
  std::vector<MetricSelector> divisor{};  // empty: 1
  double scale = 1;
  auto operator<=>(const DerivedQuery&) const = default;
};

enum class Resource { Cpu, Memory };

/// What the target's own pods use, as metrics.k8s.io serves it: cpu in cores, memory in bytes.
struct PodResource {
  Resource resource;
  std::string container{};  // empty: all containers of each pod together
  auto operator<=>(const PodResource&) const = default;
};

/// What a signal reads.
using SignalInput = std::variant<MetricSelector, RawQuery, PodResource, DerivedQuery>;

/// What a step does: Replicas asks for just so many, Change for so many more or fewer than there
/// are, ChangePercent for so many percent of them more or fewer.
enum class StepKind { Replicas, Change, ChangePercent };

/// Holds for values strictly above `above`, as far as the next step.
struct ScalingStep {
  std::optional<double> above{};  // nothing: for the lowest values
  std::int32_t amount;
  bool operator==(const ScalingStep&) const = default;
};

/// Fractions of the target: 0.1 means within 10 %. Both ends inclusive.
struct Tolerance {
  double up = 0.1;
  double down = 0.1;
};

struct Signal {
  std::string name;    // unique within the policy
  std::string source;  // name of a MetricSource; empty for a PodResource
  SignalInput query;
  TargetType target_type;
  /// PerReplica: units per replica. Total: units at which the current size is right.
  /// Utilization: the ratio at which the current size is right (0.8 = 80 %). Always > 0 where the
  /// type has a target.
  double target;
  StepKind step_kind = StepKind::Replicas;
  std::vector<ScalingStep> steps{};  // of TargetType::Steps: ascending, never asking for less
  /// Active means strictly above this; also what wakes a target from zero.
  double activation_above = 0;
  std::optional<double> tolerance_up{};    // instead of behavior's
  std::optional<double> tolerance_down{};  // instead of behavior's
  int max_age_seconds = 120;
  OnMissing on_missing = OnMissing::Hold;
  std::string preset{};  // that the query comes from, or empty
};

enum class RatePolicyType { Pods, Percent };
enum class SelectPolicy { Max, Min, Disabled };

struct RatePolicy {
  RatePolicyType type;
  std::int32_t value;
  int period_seconds;
};

struct ScalingRules {
  int stabilization_window_seconds;
  std::vector<RatePolicy> policies;
  SelectPolicy select_policy = SelectPolicy::Max;
  double tolerance = 0.1;
};

/// The defaults are those of HPA v2 for each direction.
struct Behavior {
  ScalingRules scale_up{.stabilization_window_seconds = 0,
                        .policies = {{RatePolicyType::Pods, 4, 15},
                                     {RatePolicyType::Percent, 100, 15}}};
  ScalingRules scale_down{.stabilization_window_seconds = 300,
                          .policies = {{RatePolicyType::Percent, 100, 15}}};
};

enum class KeepAlive { Fixed, Learned };

struct ScaleToZero {
  int idle_after_seconds = 300;
  /// After creation of the policy or of its target, and after each wake, no zero for this long.
  int grace_seconds = 0;
  /// Learned: every replica has an idle time of its own, at least idle_after_seconds.
  KeepAlive keep_alive = KeepAlive::Fixed;
  /// What it is worth not to have to start a replica that is needed, in seconds of a replica.
  int replica_seconds_per_miss = 3000;
  /// The cold start to reckon with until enough of them were measured.
  std::optional<int> expected_cold_start_seconds{};
};

enum class FallbackBehavior { Static, AtLeast, AtMost };

struct Fallback {
  int after_seconds;
  std::int32_t replicas;
  FallbackBehavior behavior = FallbackBehavior::AtLeast;
};

struct Pause {
  bool scale_up = false;
  bool scale_down = false;
};

/// What Combine::Formula reckons with. Without a target the result is the number of replicas.
struct CombiningFormula {
  Formula formula;
  /// The signal that each operand of the formula speaks of.
  std::vector<std::size_t> signal_of_operand;
  TargetType target_type = TargetType::None;  // PerReplica, Total or None
  double target = 0;
};

enum class SpotUse { Never, Allowed, Preferred };

/// What the policy may cost, on its own; budgets come on top.
struct PolicyCost {
  std::optional<HourlyRate> max_hourly{};
  std::optional<Amount> max_daily{};        // of a day of UTC
  std::optional<Amount> max_monthly{};      // of a month of UTC
  std::optional<HourlyRate> max_added_hourly{};  // by one decision
  std::int32_t priority = 0;                // the higher is served first and shed last
  std::int32_t weight = 1;                  // of a fair share among equal priorities
  std::int32_t protected_replicas = 0;      // served before all others, cut by ScaleToZero alone
  SpotUse spot = SpotUse::Allowed;
};

struct ScalingPolicy {
  TargetRef target;
  int interval_seconds = 15;
  Mode mode = Mode::Automatic;
  Pause pause{};
  std::int32_t min_replicas = 1;  // 0 allows scale to zero
  std::int32_t max_replicas;
  std::vector<Signal> signals;  // may be empty where `schedule` is not
  Combine combine = Combine::Max;
  std::optional<CombiningFormula> formula{};  // exactly with Combine::Formula
  ScaleToZero scale_to_zero{};
  Behavior behavior{};
  std::optional<Fallback> fallback{};
  std::vector<Window> schedule{};
  ForecastMode forecast = ForecastMode::Off;
  std::string pool{};  // name of the AcceleratorPool that it draws on; empty: none
  /// Of one replica; nothing: what the pods of the target request.
  std::optional<std::int32_t> accelerators_per_replica{};
  PolicyCost cost{};

  [[nodiscard]] bool allows_zero() const { return min_replicas == 0; }
};

}  // namespace poolscaler
