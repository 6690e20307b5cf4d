// KEDA's rules: between zero and one, when metrics fail, and how many jobs it starts. From one to N
// KEDA leaves a workload to the HPA (scalers.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "poolscaler/base/time.hpp"

namespace poolscaler::simulation::peers {

enum class KedaPause { None, ScaleOut, ScaleIn, All };

/// Of a ScaledObject.
struct KedaObject {
  std::int32_t min_replicas = 0;
  std::optional<std::int32_t> idle_replicas{};
  Millis cooldown = Seconds(300);
  Millis initial_cooldown{0};
  std::optional<std::int32_t> fallback_replicas{};
  KedaPause pause = KedaPause::None;
  bool force_activation = false;
};

/// What the triggers said at one poll.
struct KedaPoll {
  bool active = false;
  bool error = false;
  std::int32_t current = 0;
  std::optional<Millis> last_active_age{};  // none: was never active
  Millis created_age{0};
};

struct KedaVerdict {
  std::optional<std::int32_t> scale_to{};  // none: no write
  std::string_view ready;                  // "status/reason" of the condition Ready
  std::string_view active;                 // of the condition Active; empty: not set
  bool paused = false;
  bool was_active_now = false;  // the time of the last activity moves to now
};

[[nodiscard]] KedaVerdict activate(const KedaObject& object, const KedaPoll& poll);

enum class KedaFallbackBehavior {
  Static,
  CurrentReplicas,
  CurrentReplicasIfHigher,
  CurrentReplicasIfLower,
};
enum class KedaTargetType { AverageValue, Value };

struct KedaFallback {
  bool enabled = false;
  std::int32_t failure_threshold = 0;
  std::int32_t replicas = 0;
  KedaFallbackBehavior behavior = KedaFallbackBehavior::Static;
  KedaTargetType target_type = KedaTargetType::AverageValue;
  double target = 0;
};

/// One reading of one metric, and what was remembered of it.
struct KedaReading {
  std::optional<double> value{};  // none: it failed
  std::optional<std::int32_t> failures_before{};
  std::optional<std::int32_t> current_replicas{};
  std::optional<std::int32_t> ready_replicas{};
};

struct KedaMetric {
  std::optional<double> value{};  // none: an error
  std::optional<std::int32_t> failures_after{};
  std::string_view health{};  // "Happy", "Failing"; empty: not tracked
};

[[nodiscard]] KedaMetric read_with_fallback(const KedaFallback& fallback,
                                            const KedaReading& reading);

enum class KedaJobStrategy { Default, Custom, Accurate, Eager };

struct KedaJobs {
  KedaJobStrategy strategy = KedaJobStrategy::Default;
  std::int64_t max_scale = 0;  // jobs that the queue asks for
  std::int64_t running = 0;
  std::int64_t pending = 0;
  std::int64_t max_replica = 0;
  std::optional<std::int64_t> deduction{};  // of Custom
  std::optional<double> running_share{};    // of Custom
};

struct KedaJobsVerdict {
  std::int64_t effective_max;              // jobs to start at most
  std::optional<std::int64_t> scale_to{};  // what Eager asks for instead of the queue
};

[[nodiscard]] KedaJobsVerdict jobs_to_start(const KedaJobs& jobs);

}  // namespace poolscaler::simulation::peers
