// Whatever why-not says would make it happen does make it happen.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "arbitrary.hpp"
#include "poolscaler/explain/why_not.hpp"

namespace poolscaler::laws {
namespace {

explain::Situation arbitrary_situation() {
  const auto policy = arbitrary_policy();
  auto world = arbitrary_past(policy, false);
  return {.policy = policy,
          .observation = arbitrary_observation(policy, world.replicas, world.now),
          .memory = world.memory,
          .now = world.now};
}

RC_GTEST_PROP(WhyNotLaws, DoingWhatItSaysMakesItHappen, ()) {
  const auto situation = arbitrary_situation();
  const auto direction = *rc::gen::element(Trend::Up, Trend::Down);
  const auto answer = explain::why_not(situation, direction);
  RC_CLASSIFY(answer.happens.has_value(), "happens");
  RC_CLASSIFY(answer.ways.size() > 1, "several ways");
  RC_CLASSIFY(answer.ways.size() == 1 && answer.ways.front().size() > 1, "together");
  RC_ASSERT(answer.happens.has_value() == explain::moves(situation, direction));
  for (const auto& way : answer.ways) {
    const auto other = explain::changed(situation, direction, way);
    RC_LOG() << way.front().text;
    RC_ASSERT(explain::moves(other, direction));
  }
}

}  // namespace
}  // namespace poolscaler::laws
