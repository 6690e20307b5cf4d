// What the operator keeps of each watched object: typed, small, and nothing that a decision does
// not need. Labels, annotations, managed fields and specs of foreign objects are not kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/api/objects.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/domain/decision.hpp"
#include "poolscaler/domain/metric_source.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/domain/scaling_policy.hpp"

namespace poolscaler::controllers {

/// A kind that policies name as a target.
struct TargetKind {
  std::string api_version;
  std::string kind;
  auto operator<=>(const TargetKind&) const = default;
  [[nodiscard]] std::string text() const { return kind + " of " + api_version; }
};

inline constexpr std::size_t condition_count = 7;
/// The order in which conditions are written; every policy has all of them.
inline constexpr std::array<std::string_view, condition_count> condition_types = {
    "Ready", "MetricsHealthy", "Active", "Limited", "FallbackActive", "Paused", "Conflict"};

struct ConditionDigest {
  api::ConditionStatus status = api::ConditionStatus::Unknown;
  Reason reason = Reason::AwaitingFirstRound;
  Instant last_transition{};
  std::size_t message_hash = 0;  // of the message without its digits
};

struct SignalDigest {
  SignalState state;
  double value;
  double target;
};

/// What a status says, small enough to be kept of each policy: what the next one is compared with.
struct StatusDigest {
  bool any = false;  // a status has been written at all
  std::int64_t observed_generation = 0;
  std::size_t identity_hash = 0;  // target, its UID and its selector
  std::int32_t current = 0;
  std::int32_t ready = 0;
  std::int32_t desired = 0;
  std::int32_t recommended = 0;
  std::optional<Reason> reason{};
  std::array<ConditionDigest, condition_count> conditions{};
  std::vector<SignalDigest> signals{};
  std::optional<Instant> last_scale{};
  std::size_t schedule_hash = 0;  // windows that are open, and the next change
  std::size_t forecast_hash = 0;  // which signals' forecasts speak, and by which method
  std::vector<double> skills{};   // of those that were tested
  std::int64_t hourly_cost = 0;   // nano-dollars
  std::size_t amounts_hash = 0;   // of the words of a limit of money that holds it back
  std::optional<std::int32_t> effective_max{};
  std::optional<Instant> counted_to{};  // by the ledger of a policy that costs something
};

/// What a status that was found says about the time before this process.
struct Restored {
  StatusDigest digest;
  Memory memory;
  std::optional<api::LastScale> last_scale{};
  std::optional<api::LedgerStatus> cost_ledger{};
};

struct PolicyRecord {
  ObjectKey key;
  std::string uid;
  std::int64_t generation = 0;
  Instant created{};
  bool deleting = false;
  std::shared_ptr<const ScalingPolicy> spec{};  // nothing when the spec has errors
  std::string errors{};                         // all of them in one line
  /// The claim on a target; read from a spec with errors too, so that a typo elsewhere does not
  /// hand the target to another policy.
  std::optional<TargetRef> target{};
  /// Of one that draws on a pool: budgets go by them.
  std::vector<LabelValue> labels{};
  std::shared_ptr<const Restored> restored{};
};

struct SourceRecord {
  std::string name;
  std::string uid;
  std::int64_t generation = 0;
  std::optional<MetricSource> spec{};
  std::string errors{};
  std::optional<ConditionDigest> ready{};  // as its status says
  std::int64_t observed_generation = 0;
};

}  // namespace poolscaler::controllers
