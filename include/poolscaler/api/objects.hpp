// The wire format of our custom resources: the only parser and the only printer of them.
//
// One field table per kind (src/api/*_fields.cpp) is the catalogue: parser, CRD schema with bounds
// and CEL messages, and reference page come from it. Objects are checked here again although the
// API server has checked them: it may hold older objects, and bounds between fields.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/api/ledger_status.hpp"
#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/domain/cost_budget.hpp"
#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/metric_source.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::api {

inline constexpr std::string_view group = "poolscaler.dev";
inline constexpr std::string_view version = "v1alpha1";
inline constexpr std::string_view api_version = "poolscaler.dev/v1alpha1";

/// What is wrong with one field. text(): "spec.maxReplicas is 0, must be at least 1: <remedy>".
struct FieldError {
  std::string path;
  std::string value;    // as sent, capped and escaped; empty when the field is missing
  std::string problem;  // "must be at least 1", "is required"
  std::string remedy{};
  [[nodiscard]] std::string text() const;
};

template <class T>
using Checked = tl::expected<T, std::vector<FieldError>>;

inline constexpr std::size_t field_errors_max = 20;

/// The API server drops unknown fields, so objects of its own are read with Tolerate; a file is
/// read with Report, which finds misspelled fields.
enum class UnknownFields { Tolerate, Report };

/// Reads .spec of an object (metadata is not looked at), with the defaults of the schema for what
/// is missing. Never throws, whatever the JSON. All errors are collected, at most field_errors_max.
[[nodiscard]] Checked<ScalingPolicy> read_scaling_policy(
    const nlohmann::json& object, UnknownFields unknown = UnknownFields::Tolerate);
/// Reads .spec and .metadata.name.
[[nodiscard]] Checked<MetricSource> read_metric_source(
    const nlohmann::json& object, UnknownFields unknown = UnknownFields::Tolerate);
/// Reads .spec and .metadata.name.
[[nodiscard]] Checked<AcceleratorPool> read_accelerator_pool(
    const nlohmann::json& object, UnknownFields unknown = UnknownFields::Tolerate);
/// Reads .spec and .metadata.name.
[[nodiscard]] Checked<CostBudget> read_cost_budget(
    const nlohmann::json& object, UnknownFields unknown = UnknownFields::Tolerate);
/// All the errors in one line, for a condition: the first few, then "and N more".
[[nodiscard]] std::string summary(const std::vector<FieldError>& errors);

enum class ConditionStatus { True, False, Unknown };
struct Condition {
  std::string type;  // "Ready"
  ConditionStatus status;
  Reason reason;
  std::string message;
  std::int64_t observed_generation;
  Instant last_transition;
  bool operator==(const Condition&) const = default;
};

struct SignalStatus {
  std::string name;
  SignalState state;
  double value = 0;
  double target = 0;  // 0: it has none, but steps or a formula that reads it
  std::optional<double> age_seconds{};
  std::int32_t replicas = 0;  // what it asks for, where usable
  std::string detail{};
};

struct LastScale {
  Instant time;
  std::optional<std::int32_t> from;  // nothing when a crash left nobody who knows
  std::int32_t to;
  Reason reason;
};

/// What a schedule will do next.
struct ScheduleChangeStatus {
  Instant time;
  std::string window;
  std::string_view event;  // "PreWarm", "Start" or "End"
  std::string effect{};    // "floor 5"
};

/// What was measured of how long replicas take to become ready.
struct ColdStartStatus {
  std::int64_t p50_seconds;
  std::int64_t p90_seconds;
  std::int64_t samples;
};

/// What the past of one signal taught, and what it says.
struct SignalForecastStatus {
  std::string name;
  Reason reason;  // whether it speaks, or why not
  std::optional<BackTest> test{};
  std::optional<double> value{};  // the highest within the horizon, where it speaks
  std::int32_t replicas = 0;      // what that asks for
  std::string detail{};           // why it does not speak
};

/// In modes Shadow and On.
struct ForecastStatus {
  ForecastHorizon horizon{};
  std::optional<std::int32_t> replicas{};  // what is asked for; nothing while no signal speaks
  std::vector<SignalForecastStatus> signals{};
};

/// What the accelerators of a policy cost.
struct PolicyCostStatus {
  std::optional<HourlyRate> hourly{};          // of its replicas; nothing: a price is unknown
  std::optional<HourlyRate> hourly_desired{};  // of those that are wanted
  std::optional<LedgerStatus> ledger{};        // where the policy has a maxDaily or maxMonthly
  bool operator==(const PolicyCostStatus&) const = default;
};

/// The pool that a policy draws on.
struct PolicyAcceleratorStatus {
  std::string pool;
  std::int32_t per_replica = 0;
  bool operator==(const PolicyAcceleratorStatus&) const = default;
};

/// status of a ScalingPolicy. It can be recomputed from spec, world and memory, but for the parts
/// that carry the memory over a restart (lastScale, the digests and what was learned).
struct PolicyStatus {
  std::int64_t observed_generation = 0;
  std::string target_text{};  // "Deployment/web", for the column
  std::string target_uid{};
  std::string selector{};
  std::string signal_text{};  // "queue 48 of 10", for the wide column
  std::int32_t current_replicas = 0;
  std::int32_t ready_replicas = 0;
  std::int32_t desired_replicas = 0;
  std::int32_t recommended_replicas = 0;
  std::vector<SignalStatus> signals{};
  /// Ready, MetricsHealthy, Active, Limited, FallbackActive, Paused, Conflict.
  std::vector<Condition> conditions{};
  std::optional<Instant> decision_time{};
  std::optional<Reason> decision_reason{};
  std::string decision_message{};
  std::vector<Step> decision_steps{};
  std::optional<LastScale> last_scale{};
  std::vector<std::string> open_windows{};
  std::optional<ScheduleChangeStatus> next_schedule_change{};
  std::optional<ForecastStatus> forecast{};
  std::optional<PolicyAcceleratorStatus> accelerators{};
  /// Replicas that it may have at most now, of a policy that draws on a pool; nothing: not known.
  std::optional<std::int32_t> effective_max{};
  std::optional<PolicyCostStatus> cost{};
  std::vector<TimedReplicas> recommendations{};  // digest of Memory, newest last
  std::vector<TimedReplicas> scale_ups{};
  std::vector<TimedReplicas> scale_downs{};
  std::optional<ColdStartStatus> cold_start{};
  std::vector<Millis> cold_starts{};  // the samples, oldest first
  std::optional<Instant> woken_at{};
  std::vector<LayerGaps> keep_alive{};  // from the first replica up
  std::vector<TimedReplicas> last_needs{};  // KeepAliveMemory::told of a successor
};

/// The JSON object that goes under `.status`.
[[nodiscard]] std::string render_status(const PolicyStatus& status);
/// Lenient: what cannot be read is left at its default, since a status may be older than we are.
[[nodiscard]] PolicyStatus read_status(const nlohmann::json& object);

/// status of a MetricSource: conditions alone.
[[nodiscard]] std::string render_source_status(std::int64_t observed_generation,
                                               const std::vector<Condition>& conditions);

enum class Kind { ScalingPolicy, MetricSource, PriceCatalog, AcceleratorPool, CostBudget };
inline constexpr std::array all_kinds = {Kind::ScalingPolicy, Kind::MetricSource,
                                        Kind::PriceCatalog, Kind::AcceleratorPool,
                                        Kind::CostBudget};

/// How a kind is called; also the file names crds/<plural>.yaml and docs/reference/<page>.md.
struct KindNames {
  std::string_view kind;      // "ScalingPolicy"
  std::string_view plural;    // "scalingpolicies"
  std::string_view singular;  // "scalingpolicy"
  std::string_view short_name;
  std::string_view page;      // "scaling-policy"
  bool namespaced;
};
[[nodiscard]] KindNames names_of(Kind kind);
/// By the kind word of a manifest ("ScalingPolicy"); nothing for any other.
[[nodiscard]] std::optional<Kind> kind_of(std::string_view kind_word);

/// What an API server does to a new object: defaults filled in where they are missing, unknown
/// fields of .spec dropped. The object is returned unchanged where its shape is wrong.
[[nodiscard]] nlohmann::json with_defaults(Kind kind, const nlohmann::json& object);
/// Everything that is wrong with .spec (and the name of a cluster-scoped kind).
[[nodiscard]] std::vector<FieldError> errors_of(Kind kind, const nlohmann::json& object,
                                                UnknownFields unknown);
/// What is allowed and hardly meant, of an object without errors: a policy that goes to zero and
/// that no signal can wake.
[[nodiscard]] std::vector<FieldError> warnings_of(Kind kind, const nlohmann::json& object);

/// The CustomResourceDefinition as YAML, ready to apply; crds/*.yaml are its output.
[[nodiscard]] std::string crd_yaml(Kind kind);
/// The same as a JSON object (the sandbox serves its schema and columns from it).
[[nodiscard]] nlohmann::json crd_json(Kind kind);
/// docs/reference/*.md.
[[nodiscard]] std::string reference_page(Kind kind);

inline constexpr std::size_t yaml_bytes_max = 256U << 10;

/// YAML text (one or more documents; a List gives its items) to JSON objects, scalars understood as
/// kubectl understands them. Refused: more than yaml_bytes_max, aliases, duplicate keys, more than
/// 64 levels, numbers that readers disagree about (010, .inf). Errors: InvalidInput, with the line.
/// For manifests and files, never for API data.
[[nodiscard]] Result<std::vector<nlohmann::json>> read_yaml(std::string_view text);

/// A JSON value as YAML in block style, that read_yaml understands as the same value.
[[nodiscard]] std::string yaml_text(const nlohmann::json& value);

}  // namespace poolscaler::api
