// Laws of what pool and budgets grant: it caps, it never adds, and it takes only where it says so.

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"

namespace poolscaler::laws {
namespace {

Grant arbitrary_grant(std::int32_t most) {
  return {.most = *rc::gen::inRange(0, most + 1),
          .reason = *rc::gen::element(Reason::CappedByBudget, Reason::CappedByPool,
                                      Reason::PriceUnknown),
          .words = "granted"};
}

struct Two {
  Decision without;
  Decision with;
};

/// The same situation without and with a grant.
Two decided(const ScalingPolicy& policy, const World& world, const Grant& grant) {
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  auto other = world;
  const auto without = other.decide(observation, policy);
  observation.grant = grant;
  other = world;
  return {without, other.decide(observation, policy)};
}

RC_GTEST_PROP(Grants, ACapLimitsGrowthAndNothingElse, ()) {
  const auto policy = arbitrary_policy({});
  const auto world = arbitrary_past(policy, true);
  const auto grant = arbitrary_grant(policy.max_replicas);
  const auto [without, with] = decided(policy, world, grant);
  const auto allowed = std::max(grant.most, with.current);
  RC_ASSERT(with.recommended == std::min(without.recommended, allowed));
  const bool said = std::ranges::any_of(with.explanation.steps, [&](const Step& step) {
    return step.reason == grant.reason && step.numbers == grant.words;
  });
  if (with.recommended != without.recommended) RC_ASSERT(said);
  if (!said) RC_ASSERT(with.reason == without.reason);
}

RC_GTEST_PROP(Grants, WhatIsTakenIsTakenDownToTheGrantUnlessPaused, ()) {
  auto policy = arbitrary_policy({.may_pause = false});
  policy.mode = Mode::Automatic;
  const auto world = arbitrary_past(policy, true);
  auto grant = arbitrary_grant(policy.max_replicas);
  grant.takes = true;
  grant.reason = Reason::ShedByBudget;
  const auto [without, with] = decided(policy, world, grant);
  RC_ASSERT(with.desired == std::min(without.desired, grant.most));
  if (with.desired < with.current && without.desired >= with.current)
    RC_ASSERT(with.reason == Reason::ShedByBudget);
}

RC_GTEST_PROP(Grants, MoreGrantedIsNeverFewerReplicas, ()) {
  const auto policy = arbitrary_policy({});
  const auto world = arbitrary_past(policy, true);
  auto observation = arbitrary_observation(policy, world.replicas, world.now);
  observation.grant = arbitrary_grant(policy.max_replicas);
  auto other = world;
  const auto less = other.decide(observation, policy).desired;
  observation.grant->most += *rc::gen::inRange(0, 10);
  other = world;
  RC_ASSERT(other.decide(observation, policy).desired >= less);
}

}  // namespace
}  // namespace poolscaler::laws
