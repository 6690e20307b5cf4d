// Laws of the schedule, over arbitrary policies with arbitrary windows.

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"
#include "poolscaler/engine/schedule.hpp"

namespace poolscaler::laws {
namespace {

Decision decided(const World& world, const Observation& observation, const ScalingPolicy& policy) {
  return engine::decide(observation, policy, world.memory, world.now).decision;
}

bool is_by_window(Reason reason) {
  return reason == Reason::ScheduleFloor || reason == Reason::ScheduleCeiling ||
         reason == Reason::SchedulePin || reason == Reason::ScheduleOff ||
         reason == Reason::PreWarming;
}

struct Case {
  ScalingPolicy policy = arbitrary_policy();
  World world{.replicas = 0};
  Observation observation{};

  explicit Case(const Scope& scope = {}) : policy(arbitrary_policy(scope)) {
    policy.schedule = arbitrary_schedule(policy.max_replicas);
    world = arbitrary_past(policy, true);
    observation = arbitrary_observation(policy, world.replicas, world.now);
  }
  [[nodiscard]] Decision decision() const { return decided(world, observation, policy); }
};

RC_GTEST_PROP(Schedule, DoesNotDependOnTheOrderOfWindows, ()) {
  Case c;
  const auto straight = c.decision();
  std::ranges::reverse(c.policy.schedule);
  const auto reversed = c.decision();
  RC_ASSERT(straight.desired == reversed.desired);
  RC_ASSERT(straight.reason == reversed.reason);
  RC_ASSERT(straight.explanation.line() == reversed.explanation.line());
}

RC_GTEST_PROP(Schedule, DecidesTheSameWhereItsPhasesAreLookedUp, ()) {
  Case c;
  c.observation.windows = engine::phases_of_windows(c.policy, c.world.memory, c.world.now);
  // At any time, also where they hold no more.
  const auto until = std::min(c.observation.windows->until, c.world.now + Seconds(10'000'000));
  c.world.now = *rc::gen::element(c.world.now, until - Millis(1), until, until + Seconds(1),
                                  c.world.now + Seconds(*rc::gen::inRange(-1000, 100'000)));
  const auto looked_up = c.decision();
  c.observation.windows.reset();
  const auto looked = c.decision();
  RC_ASSERT(looked_up.desired == looked.desired);
  RC_ASSERT(looked_up.reason == looked.reason);
  RC_ASSERT(looked_up.explanation.line() == looked.explanation.line());
}

RC_GTEST_PROP(Schedule, NeverExceedsTheMaximum, ()) {
  const Case c;
  const auto decision = c.decision();
  if (std::holds_alternative<ScaleTo>(decision.action)) {
    RC_ASSERT(decision.desired >= 0);
    RC_ASSERT(decision.desired <= c.policy.max_replicas);
  }
}

RC_GTEST_PROP(Schedule, OfClosedWindowsChangesNothing, ()) {
  Case c;
  std::erase_if(c.policy.schedule, [&](const Window& window) {
    return window.pre_warm || is_open(window, c.world.now);
  });
  const auto with = c.decision();
  c.policy.schedule.clear();
  const auto without = c.decision();
  RC_ASSERT(with.desired == without.desired);
  RC_ASSERT(with.reason == without.reason);
}

RC_GTEST_PROP(Schedule, WithAFloorMoreNeverAsksForLess, ()) {
  Case c({.may_pause = false});
  const auto before = c.decision();
  auto floor = arbitrary_window(c.policy.max_replicas);
  floor.floor = *rc::gen::inRange(1, c.policy.max_replicas + 1);
  floor.ceiling = floor.pin = std::nullopt;
  floor.off = false;
  c.policy.schedule.push_back(floor);
  RC_ASSERT(c.decision().recommended >= before.recommended);
}

RC_GTEST_PROP(Schedule, WithACeilingMoreNeverAsksForMore, ()) {
  Case c({.may_pause = false});
  const auto before = c.decision();
  auto ceiling = arbitrary_window(c.policy.max_replicas);
  ceiling.ceiling = *rc::gen::inRange(1, c.policy.max_replicas + 1);
  ceiling.floor = ceiling.pin = std::nullopt;
  ceiling.off = ceiling.pre_warm = false;
  c.policy.schedule.push_back(ceiling);
  // Below minReplicas the ceiling leads into the bounds at once, where HPA's rule would stop first.
  if (c.world.replicas >= c.policy.min_replicas && c.world.replicas <= c.policy.max_replicas)
    RC_ASSERT(c.decision().recommended <= before.recommended);
}

RC_GTEST_PROP(Schedule, HoldsFromTheFirstDecisionOn, ()) {
  Case c({.may_pause = false});
  auto pin = arbitrary_window(c.policy.max_replicas);
  pin.floor = pin.ceiling = std::nullopt;
  pin.off = pin.pre_warm = false;
  pin.pin = *rc::gen::inRange(1, c.policy.max_replicas + 1);
  c.policy.schedule = {pin};
  c.world.memory = {};
  if (is_open(pin, c.world.now)) RC_ASSERT(c.decision().recommended == *pin.pin);
}

RC_GTEST_PROP(Schedule, AloneLowersWhileDataIsMissing, ()) {
  Case c({.may_lower_blindly = false});
  const auto missing = *rc::gen::inRange(std::size_t{0}, c.policy.signals.size());
  c.observation.signals[missing] = {.state = SignalState::Absent};
  const auto decision = c.decision();
  RC_LOG() << decision.explanation.line() << "\n";
  if (decision.desired < decision.current)
    RC_ASSERT(is_by_window(decision.reason) || decision.reason == Reason::AboveMaximum);
}

RC_GTEST_PROP(Schedule, IsMonotoneInDemand, ()) {
  Case c({.rising_only = true});
  auto& reading =
      c.observation.signals[*rc::gen::inRange(std::size_t{0}, c.policy.signals.size())];
  auto less = arbitrary_value();
  auto more = arbitrary_value();
  if (less.value > more.value) std::swap(less, more);
  reading = less;
  const auto lower = c.decision();
  reading = more;
  const auto higher = c.decision();
  RC_LOG() << less.value << ": " << lower.explanation.line() << "\n"
           << more.value << ": " << higher.explanation.line() << "\n";
  RC_ASSERT(lower.recommended <= higher.recommended);
}

RC_GTEST_PROP(Schedule, IsTheSameInRecommend, ()) {
  Case c;
  const auto automatic = c.decision();
  c.policy.mode = Mode::Recommend;
  RC_ASSERT(c.decision().recommended == automatic.desired);
}

RC_GTEST_PROP(Schedule, KnowsWhenItChangesNext, ()) {
  const Case c;
  const auto look = engine::look_at_schedule(c.policy, c.world.memory, c.world.now);
  if (!look.next) return;
  RC_ASSERT(look.next->at > c.world.now);
  // Nothing opens or closes before, and what is named does then.
  const auto span = (look.next->at - c.world.now).count();
  const auto between = c.world.now + Millis(*rc::gen::inRange<std::int64_t>(0, span));
  RC_ASSERT(engine::look_at_schedule(c.policy, c.world.memory, between).open == look.open);
  const auto then = engine::look_at_schedule(c.policy, c.world.memory, look.next->at);
  const bool open = std::ranges::count(then.open, look.next->window) > 0;
  RC_ASSERT(open == (look.next->event == engine::WindowEvent::Start));
}

}  // namespace
}  // namespace poolscaler::laws
