// From a decision to a status, and from a status to the few facts that the next one is compared
// with. Pure.
//
// Meaning is what a person would act on: reason, conditions, replicas, signal states, the target. A
// change of meaning is written at once. Numbers that merely jitter are written once a minute at
// most, and only when one of them moved by more than a tenth (of its target or of itself, whichever
// is more).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/api/objects.hpp"
#include "policy_runtime.hpp"
#include "poolscaler/controllers/policy_view.hpp"
#include "poolscaler/domain/decision.hpp"

namespace poolscaler::controllers {

inline constexpr Seconds numbers_period{60};
inline constexpr double numbers_moved_fraction = 0.1;

/// Everything that a status is made of.
struct StatusInput {
  const PolicyView& view;
  /// The last decision; nothing when none could be taken.
  const Decision* decision = nullptr;
  Instant decided_at{};
  const std::vector<SignalReading>& readings;
  /// Why nothing is written to the target, whatever was decided; makes Ready False.
  std::optional<Trouble> blocked{};
  /// Replicas that the API server has confirmed and the watch may not show yet.
  std::optional<std::int32_t> confirmed_replicas{};
  const Memory& memory;
  std::optional<api::LastScale> last_scale{};
  const PoolTerms* terms = nullptr;  // of a policy that draws on a pool
  const StatusDigest& before;
};

[[nodiscard]] api::PolicyStatus make_status(const StatusInput& input, Instant now);

[[nodiscard]] ConditionDigest digest_of(const api::Condition& condition);
[[nodiscard]] StatusDigest digest_of(const api::PolicyStatus& status);
/// What a status that was found in the cluster gives back of our memory; `spec` may be null.
[[nodiscard]] std::shared_ptr<const Restored> restored_from(const api::PolicyStatus& status,
                                                            const ScalingPolicy* spec);

[[nodiscard]] bool same_meaning(const StatusDigest& a, const StatusDigest& b);
/// Some number moved by more than the stated amount, some text changed in more than its digits, or
/// an amount of money that holds the policy back is another.
[[nodiscard]] bool numbers_moved(const StatusDigest& from, const StatusDigest& to);

/// The condition of that type.
[[nodiscard]] const ConditionDigest& condition(const StatusDigest& digest, std::string_view type);

}  // namespace poolscaler::controllers
