#include "poolscaler/domain/decision.hpp"

#include <gtest/gtest.h>

namespace poolscaler {
namespace {

TEST(Explanation, IsOneLineOfItsNumbers) {
  const Explanation explanation{
      .steps = {{.stage = "signal",
                 .subject = "queue",
                 .before = 2,
                 .after = 5,
                 .reason = Reason::SignalAboveTarget,
                 .numbers = "48 / 10 per replica = 5"},
                {.stage = "bounds",
                 .before = 5,
                 .after = 4,
                 .reason = Reason::AtMaximum,
                 .numbers = "maxReplicas 4"}}};
  EXPECT_EQ(explanation.line(), "'queue' 48 / 10 per replica = 5; maxReplicas 4; had 2");
}

TEST(Explanation, DoesNotSayWhatWasThereWhenItStays) {
  const Explanation explanation{.steps = {{.stage = "signal",
                                           .subject = "queue",
                                           .before = 5,
                                           .after = 5,
                                           .reason = Reason::AtTarget,
                                           .numbers = "48 / 10 per replica = 5"}}};
  EXPECT_EQ(explanation.line(), "'queue' 48 / 10 per replica = 5");
}

TEST(Explanation, OfNothingIsEmpty) { EXPECT_EQ(Explanation{}.line(), ""); }

}  // namespace
}  // namespace poolscaler
