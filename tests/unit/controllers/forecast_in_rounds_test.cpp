// The forecast in rounds: whose history is asked for, when, and what becomes of it.
#include <gmock/gmock.h>

#include "fake_world.hpp"
#include "poolscaler/engine/forecast.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::HasSubstr;

class RoundsWithAForecast : public ::testing::Test {
 protected:
  void set_up(const std::string& mode, const ObjectKey& key = web) {
    world.cluster->add_deployment(key, 1);
    world.cluster->set_ready_pods(key, 1);
    auto spec = queue_policy(key.name, 1, 10);
    spec["forecast"] = {{"mode", mode}};
    spec["scaleToZero"] = {{"coldStart", {{"expectedSeconds", 120}}}};
    world.cluster->add_policy(key, spec);
    world.reader.readings["shop/queue"] = value(5);
  }

  /// Each day the same hour of 80, which begins so long after now.
  void busy_in(Millis after) {
    const auto busy = world.clock.now() + after;
    world.reader.value_at = [busy](Instant at) -> std::optional<double> {
      const auto day = std::chrono::days(1);
      const auto since = ((at - busy) % day + day) % day;
      return since < std::chrono::hours(1) ? 80 : 5;
    };
  }

  json forecast() { return world.cluster->status(web).value("forecast", json()); }

  FakeWorld world;
};

TEST_F(RoundsWithAForecast, AskForTheHistoryOfTheSignalAtTheStart) {
  busy_in(std::chrono::hours(5));
  set_up("On");
  world.run_for(Seconds(20));
  ASSERT_EQ(world.reader.histories.size(), 1U);
  const auto& query = world.reader.histories.front();
  EXPECT_EQ(query.signal.ns, "shop");
  EXPECT_EQ(std::get<MetricSelector>(query.signal.query).metric, "queue");
  EXPECT_EQ(query.step, engine::history_step);
  EXPECT_EQ(query.to - query.from + Millis(query.step), Millis(engine::history_length));
  EXPECT_LE(query.to, world.clock.now());
  EXPECT_EQ(query.to.time_since_epoch() % Millis(query.step), Millis(0));
  const auto told = forecast();
  EXPECT_EQ(told["horizonSeconds"], 120);
  EXPECT_EQ(told["horizonSource"], "Expected");
  EXPECT_EQ(told["signals"][0]["name"], "queue");
  EXPECT_EQ(told["signals"][0]["method"], "SameTimeYesterday");
  EXPECT_EQ(told["signals"][0]["reason"], "ForecastNotAbove");
  EXPECT_THAT(world.metrics.text(),
              HasSubstr("poolscaler_policy_forecast_skill{policy_namespace=\"shop\",policy=\"web\","
                        "signal=\"queue\"} 1"));
}

TEST_F(RoundsWithAForecast, RaiseBeforeTheLoadComes) {
  busy_in(Seconds(300));
  set_up("On");
  world.run_for(Seconds(150));
  EXPECT_EQ(world.cluster->replicas(web), 1);
  world.run_for(Seconds(60));
  EXPECT_EQ(world.cluster->replicas(web), 8);
  EXPECT_EQ(world.cluster->reason(web), "ForecastAboveSignals");
  ASSERT_FALSE(world.cluster->events.empty());
  EXPECT_THAT(world.cluster->events.back().note, HasSubstr("the forecast asks for more replicas"));
}

TEST_F(RoundsWithAForecast, InShadowOnlySaySo) {
  busy_in(Seconds(300));
  set_up("Shadow");
  world.run_for(Seconds(210));
  EXPECT_EQ(world.cluster->replicas(web), 1);
  EXPECT_EQ(forecast()["signals"][0]["reason"], "ForecastNotAbove") << "as of the last write";
  world.reader.readings["shop/queue"] = value(8);  // moves enough to be told
  world.run_for(Seconds(90));
  EXPECT_EQ(world.cluster->replicas(web), 1);
  EXPECT_EQ(forecast()["signals"][0]["reason"], "ForecastShadow");
  EXPECT_EQ(forecast()["replicas"], 8);
}

TEST_F(RoundsWithAForecast, AskAgainAfterAnHour) {
  busy_in(std::chrono::hours(5));
  set_up("On");
  world.run_for(Seconds(20));
  world.run_for(std::chrono::minutes(49), Seconds(1));
  EXPECT_EQ(world.reader.histories.size(), 1U);
  world.run_for(std::chrono::minutes(12), Seconds(1));
  EXPECT_EQ(world.reader.histories.size(), 2U);
}

TEST_F(RoundsWithAForecast, WithoutAHistoryAreAsWithoutAForecastAndSayWhy) {
  set_up("On");
  world.run_for(Seconds(20));
  EXPECT_EQ(world.reader.histories.size(), 1U);
  EXPECT_EQ(world.cluster->replicas(web), 1);
  EXPECT_EQ(forecast()["signals"][0]["reason"], "ForecastNoHistory");
  EXPECT_EQ(forecast()["signals"][0]["detail"], "no history: connection refused");
  // Tried again after some minutes, and not before.
  world.run_for(Seconds(270), Seconds(1));
  EXPECT_EQ(world.reader.histories.size(), 1U);
  busy_in(Seconds(150));
  world.run_for(Seconds(130), Seconds(1));
  EXPECT_EQ(world.reader.histories.size(), 2U);
  EXPECT_EQ(world.cluster->replicas(web), 8);
}

TEST_F(RoundsWithAForecast, KeepWhatTheyKnowWhileTheSourceIsDownUntilItIsTooOld) {
  busy_in(std::chrono::minutes(90));
  set_up("On");
  world.run_for(Seconds(20));
  world.reader.value_at = {};
  world.run_for(std::chrono::minutes(90), Seconds(1));
  EXPECT_GT(world.reader.histories.size(), 2U);
  EXPECT_EQ(world.cluster->replicas(web), 8) << "it was learned an hour ago";
  world.run_for(std::chrono::hours(2), Seconds(5));
  EXPECT_EQ(world.cluster->replicas(web), 1);
  EXPECT_THAT(forecast()["signals"][0].value("detail", ""), HasSubstr("no history: it ends"));
}

TEST_F(RoundsWithAForecast, AskNobodyWhereItIsOff) {
  busy_in(Seconds(300));
  set_up("Off");
  world.run_for(Seconds(60));
  EXPECT_TRUE(world.reader.histories.empty());
  EXPECT_FALSE(world.cluster->status(web).contains("forecast"));
  auto spec = queue_policy("web", 1, 10);
  spec["forecast"] = {{"mode", "Shadow"}};
  world.cluster->edit_policy(web, spec);
  world.run_for(Seconds(20));
  EXPECT_EQ(world.reader.histories.size(), 1U);
  spec.erase("forecast");
  world.cluster->edit_policy(web, spec);
  world.run_for(std::chrono::hours(2), Seconds(5));
  EXPECT_EQ(world.reader.histories.size(), 1U);
  EXPECT_FALSE(world.cluster->status(web).contains("forecast"));
}

TEST_F(RoundsWithAForecast, AskForManyOneAfterTheOther) {
  busy_in(std::chrono::hours(5));
  for (int i = 0; i < 40; ++i) set_up("On", {"shop", "web-" + std::to_string(i)});
  world.run_for(Seconds(5));
  EXPECT_LE(world.reader.histories.size(), 21U) << "four a second";
  EXPECT_GE(world.reader.histories.size(), 15U);
  world.run_for(Seconds(8));
  EXPECT_EQ(world.reader.histories.size(), 40U);
}

TEST_F(RoundsWithAForecast, ReadTheHistoryAgainAfterARestart) {
  busy_in(Seconds(300));
  set_up("On");
  world.run_for(Seconds(240));
  ASSERT_EQ(world.cluster->replicas(web), 8);
  world.restart();
  world.run_for(Seconds(30));
  EXPECT_EQ(world.reader.histories.size(), 2U);
  EXPECT_EQ(world.cluster->replicas(web), 8);
}

TEST_F(RoundsWithAForecast, WriteNothingWhileNothingChanges) {
  busy_in(std::chrono::hours(10));
  set_up("On");
  world.run_for(Seconds(120));
  const auto writes = world.cluster->status_writes;
  world.run_for(std::chrono::hours(3), Seconds(5));
  EXPECT_EQ(world.cluster->status_writes, writes);
}

}  // namespace
}  // namespace poolscaler::testing
