// The story comes true with the real engine, whatever the phase of the rounds, and takes about a
// minute.
#include "rehearsal.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "poolscaler/simulation/story.hpp"

namespace poolscaler::simulation::rehearsal {
namespace {

struct Told {
  Story story{};
  std::vector<SandboxView> views;
};

Told tell(const Conditions& conditions) {
  Told told;
  told.views = play(conditions, [&](const SandboxView& view) {
    told.story.observe(view);
    return told.story.ended();
  });
  return told;
}

int peak_of(const std::vector<SandboxView>& views) {
  return std::ranges::max_element(views, {}, &SandboxView::asked)->asked;
}

/// Every moment of a round that a policy may have, and paces that are likely.
std::vector<Conditions> all_conditions() {
  std::vector<Conditions> all;
  for (const int phase : {0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500})
    for (const int starts : {300, 1500, 8000})
      for (const int slowness : {0, 1000})
        all.push_back({.operator_starts = Millis(starts),
                       .phase = Millis(phase),
                       .write_takes = Millis(100 + slowness),
                       .cold_start = Millis(4000 + slowness)});
  return all;
}

TEST(Rehearsal, ComesTrueInAboutAMinuteWhateverThePhase) {
  for (const auto& conditions : all_conditions()) {
    const auto told = tell(conditions);
    const auto end = told.views.back().since_start;
    ASSERT_TRUE(told.story.as_told())
        << "phase " << conditions.phase.count() << " ms, operator after "
        << conditions.operator_starts.count() << " ms, cold start "
        << conditions.cold_start.count() << " ms\n"
        << told.story.summary();
    EXPECT_EQ(peak_of(told.views), 2);
    EXPECT_GE(end, Millis(55'000));
    EXPECT_LE(end, Millis(80'000));
  }
}

TEST(Rehearsal, ShrinksInThePauseAndGrowsAgain) {
  const auto told = tell({});
  const auto asked_at = [&](int second) {
    const auto found =
        std::ranges::find(told.views, Millis(1000 * second), &SandboxView::since_start);
    return found == told.views.end() ? -1 : found->asked;
  };
  EXPECT_EQ(asked_at(20), 2);
  EXPECT_EQ(asked_at(29), 1);
  EXPECT_EQ(asked_at(37), 2);
}

TEST(Rehearsal, FailsWhenThePauseIsLongerThanTheIdleTime) {
  Conditions conditions;
  conditions.load.phases[2].from += Seconds(20);
  conditions.load.phases[3].from += Seconds(20);
  const auto told = tell(conditions);
  EXPECT_FALSE(told.story.as_told());
  EXPECT_NE(told.story.breach().find("it went to zero in the pause"), std::string::npos)
      << told.story.summary();
}

TEST(Rehearsal, ServesWaveAfterWave) {
  int woken = 0;
  int last = 0;
  play({.load = serving_load(), .at_most = Millis(720'000)}, [&](const SandboxView& view) {
    if (last == 0 && view.asked > 0) ++woken;
    last = view.asked;
    return false;
  });
  EXPECT_GE(woken, 3);
  EXPECT_EQ(last, 0) << "each wave ends at zero";
}

}  // namespace
}  // namespace poolscaler::simulation::rehearsal
