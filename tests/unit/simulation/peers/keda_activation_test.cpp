// KEDA's executor at the edges: cooldowns are strict, errors hold, pauses hold one direction.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/keda.hpp"

namespace poolscaler::simulation::peers {
namespace {

KedaPoll quiet(std::int32_t current, std::optional<int> last_active_seconds) {
  KedaPoll poll{.current = current, .created_age = Seconds(3600)};
  if (last_active_seconds) poll.last_active_age = Seconds(*last_active_seconds);
  return poll;
}

TEST(KedaActivation, CoolsDownForMoreThanTheWholePeriod) {
  EXPECT_EQ(activate({}, quiet(3, 300)).scale_to, std::nullopt);
  EXPECT_EQ(activate({}, quiet(3, 300)).active, "False/ScalerCooldown");
  EXPECT_EQ(activate({}, quiet(3, 301)).scale_to, 0);
}

TEST(KedaActivation, CountsTheAgeOfAnObjectThatWasNeverActive) {
  const KedaObject object{.initial_cooldown = Seconds(3600)};
  EXPECT_EQ(activate(object, quiet(3, std::nullopt)).scale_to, std::nullopt);
  auto older = quiet(3, std::nullopt);
  older.created_age = Seconds(3601);
  EXPECT_EQ(activate(object, older).scale_to, 0);
}

TEST(KedaActivation, OnAnErrorHoldsUnlessAnEmptyFallbackIsDeclared) {
  auto failing = quiet(3, 3600);
  failing.error = true;
  EXPECT_EQ(activate({}, failing).scale_to, std::nullopt);
  EXPECT_EQ(activate({}, failing).ready, "False/TriggerError");
  EXPECT_EQ(activate({.fallback_replicas = 2}, failing).scale_to, std::nullopt);
  EXPECT_EQ(activate({.fallback_replicas = 2}, failing).ready, "True/ScaledObjectReady");
  EXPECT_EQ(activate({.fallback_replicas = 0}, failing).scale_to, 0);
}

TEST(KedaActivation, GoesToIdleFromAnySizeAboveIt) {
  const KedaObject object{.min_replicas = 5, .idle_replicas = 2};
  EXPECT_EQ(activate(object, quiet(10, 3600)).scale_to, 2);
  EXPECT_EQ(activate(object, quiet(3, 3600)).scale_to, 2);
  EXPECT_EQ(activate(object, quiet(2, 3600)).scale_to, std::nullopt);
  EXPECT_EQ(activate(object, quiet(1, 3600)).scale_to, std::nullopt) << "never up to min";
}

TEST(KedaActivation, WakesToMinButAtLeastOne) {
  auto busy = quiet(0, std::nullopt);
  busy.active = true;
  EXPECT_EQ(activate({}, busy).scale_to, 1);
  EXPECT_EQ(activate({.min_replicas = 3}, busy).scale_to, 3);
  busy.current = 1;
  EXPECT_EQ(activate({.min_replicas = 3}, busy).scale_to, std::nullopt);
  EXPECT_EQ(activate({.min_replicas = 3, .idle_replicas = 1}, busy).scale_to, 3);
}

TEST(KedaActivation, MovesTheLastActivityOnlyWithoutAnError) {
  auto busy = quiet(4, 10);
  busy.active = true;
  EXPECT_TRUE(activate({}, busy).was_active_now);
  busy.error = true;
  EXPECT_FALSE(activate({}, busy).was_active_now);
  EXPECT_EQ(activate({}, busy).ready, "Unknown/PartialTriggerError");
}

TEST(KedaActivation, PausesEachDirectionAlone) {
  EXPECT_EQ(activate({.pause = KedaPause::ScaleIn}, quiet(3, 3600)).scale_to, std::nullopt);
  EXPECT_EQ(activate({.pause = KedaPause::ScaleIn}, quiet(3, 3600)).active,
            "False/ScalerNotActive");
  EXPECT_EQ(activate({.pause = KedaPause::ScaleOut}, quiet(3, 3600)).scale_to, 0);
  const KedaObject forced{.pause = KedaPause::ScaleOut, .force_activation = true};
  EXPECT_EQ(activate(forced, quiet(0, 3600)).scale_to, std::nullopt);
  EXPECT_TRUE(activate({.pause = KedaPause::All}, quiet(3, 3600)).paused);
}

TEST(KedaActivation, IsForcedWithoutTriggers) {
  EXPECT_EQ(activate({.force_activation = true}, quiet(0, 3600)).scale_to, 1);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
