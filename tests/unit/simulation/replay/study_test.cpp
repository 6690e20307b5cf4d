#include "poolscaler/simulation/replay/study.hpp"

#include <atomic>
#include <stdexcept>

#include <gmock/gmock.h>

#include "poolscaler/simulation/replay/families.hpp"
#include "poolscaler/simulation/replay/present.hpp"
#include "svg.hpp"
#include "unit/simulation/replay/moments.hpp"
#include "waves.hpp"

namespace poolscaler::replay {
namespace {

using ::testing::HasSubstr;

const Ran& ran_of(const Study& study, const std::string& scaler, const std::string& label) {
  for (const auto& standing : study.standings)
    for (const auto& ran : standing.ran)
      if (standing.name == scaler && ran.label == label) return ran;
  throw std::invalid_argument(scaler + " " + label);
}

class Comparison : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto contenders = swept_peers({});
    contenders.push_back(swept_family({}, monday));
    contenders.push_back(swept_static(3));
    study_ = new Study(study(cases_of({waves()}, {}).value(), {}, contenders, {}));
  }
  static void TearDownTestSuite() { delete study_; }
  static const Study* study_;
};
const Study* Comparison::study_ = nullptr;

TEST_F(Comparison, SweepsWhatThePageSays) {
  std::vector<std::size_t> sizes;
  for (const auto& standing : study_->standings) sizes.push_back(standing.ran.size());
  EXPECT_EQ(sizes[0], 15U);
  EXPECT_EQ(sizes[1], 120U);
  EXPECT_EQ(sizes[2], 16U);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(std::ranges::count_if(study_->standings[i].ran, &Ran::is_default), 1);
}

TEST_F(Comparison, OurPolicyWithOneReplicaAtLeastDecidesAsHpa) {
  for (const auto* const knobs : {"u=0.3 window=60s", "u=0.7 window=300s", "u=1 window=600s"}) {
    const auto& hpa = ran_of(*study_, "HPA", knobs).total;
    const auto& ours = ran_of(*study_, "poolscaler", std::string(knobs) + " min=1").total;
    EXPECT_DOUBLE_EQ(ours.replica_seconds, hpa.replica_seconds) << knobs;
    EXPECT_EQ(ours.delayed, hpa.delayed) << knobs;
    EXPECT_EQ(ours.cold_starts, hpa.cold_starts) << knobs;
  }
}

TEST_F(Comparison, NothingBeatsTheBoundWithoutWaiting) {
  for (const auto& standing : study_->standings)
    for (const auto& ran : standing.ran) {
      if (ran.total.wait_max > 0) continue;
      EXPECT_GE(ran.total.replica_seconds, study_->bounds.zero_wait_replica_seconds)
          << standing.name << ran.label;
    }
}

TEST_F(Comparison, StaticReplicasCostWhatTheyCost) {
  const auto& two = ran_of(*study_, "static", "n=2").total;
  EXPECT_DOUBLE_EQ(two.replica_seconds, 2 * (7200 - 600));
  EXPECT_EQ(two.cold_starts, 0);
}

TEST(OnAllCores, DoesEachOnceAndPassesOnWhatIsThrown) {
  std::vector<std::atomic<int>> done(100);
  std::size_t told = 0;
  on_all_cores(100, {.threads = 4, .progress = [&](std::size_t n, std::size_t) { told = n; }},
               [&](std::size_t i) { ++done[i]; });
  for (const auto& one : done) EXPECT_EQ(one, 1);
  EXPECT_EQ(told, 100U);
  EXPECT_THROW(on_all_cores(10, {.threads = 2},
                            [](std::size_t i) {
                              if (i == 3) throw std::runtime_error("x");
                            }),
               std::runtime_error);
}

TEST(Charts, HaveRoundTicks) {
  EXPECT_EQ(round_ticks({.least = 0, .most = 10}, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks({.least = 600, .most = 3600, .unit = "time"}, 6),
            (std::vector<double>{600, 1200, 1800, 2400, 3000, 3600}));
  EXPECT_EQ(round_ticks({.least = 0, .most = 0}, 5), std::vector<double>{0});
  EXPECT_EQ(time_tick(7200, 86'400), "2 h");
  EXPECT_EQ(html_escaped("<a b='c'>&\n"), "&lt;a b=&#39;c&#39;&gt;&amp;\\n");
}

}  // namespace
}  // namespace poolscaler::replay
