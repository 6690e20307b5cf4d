// What a schedule does to rounds: a policy is decided when a window opens and closes, and its
// status says what is open and what comes next.
#include <gmock/gmock.h>

#include "fake_world.hpp"

namespace poolscaler::testing {
namespace {

using ::testing::HasSubstr;

class RoundsWithASchedule : public ::testing::Test {
 protected:
  /// A window whose start and end lie `from` and `to` after the next full minute.
  void set_up(Millis from, Millis to, const json& says, std::int32_t min = 0) {
    begin = std::chrono::ceil<std::chrono::minutes>(world.clock.now());
    world.cluster->add_deployment(web, min);
    auto spec = queue_policy("web", min, 10);
    spec["intervalSeconds"] = 300;
    auto window = says;
    window["name"] = "rush";
    window["start"] = cron_of(begin + from);
    window["end"] = cron_of(begin + to);
    spec["schedule"] = json::array({window});
    world.cluster->add_policy(web, spec);
    world.reader.readings["shop/queue"] = {.state = SignalState::Zero};
  }

  static std::string cron_of(Instant at) {
    const auto text = to_rfc3339(at);
    return text.substr(14, 2) + " " + text.substr(11, 2) + " * * *";
  }

  void run_until(Instant at) { world.run_for(at - world.clock.now()); }

  FakeWorld world;
  Instant begin{};
};

TEST_F(RoundsWithASchedule, DecideWhenAWindowOpensAndCloses) {
  set_up(Seconds(120), Seconds(300), {{"floor", 3}});
  run_until(begin + Seconds(119));
  EXPECT_EQ(world.cluster->replicas(web), 0);
  run_until(begin + Seconds(121));
  EXPECT_EQ(world.cluster->replicas(web), 3) << "long before the next interval is over";
  EXPECT_EQ(world.cluster->reason(web), "ScheduleFloor");
  run_until(begin + Seconds(301));
  EXPECT_EQ(world.cluster->status(web).value("openWindows", json::array()), json::array());
}

TEST_F(RoundsWithASchedule, ShowWhatIsOpenAndWhatComesNext) {
  set_up(Seconds(120), Seconds(300), {{"floor", 3}});
  run_until(begin + Seconds(10));
  auto status = world.cluster->status(web);
  EXPECT_FALSE(status.contains("openWindows"));
  EXPECT_EQ(status["nextScheduleChange"]["time"], to_rfc3339(begin + Seconds(120)));
  EXPECT_EQ(status["nextScheduleChange"]["window"], "rush");
  EXPECT_EQ(status["nextScheduleChange"]["event"], "Start");
  EXPECT_EQ(status["nextScheduleChange"]["effect"], "floor 3");
  run_until(begin + Seconds(122));
  status = world.cluster->status(web);
  EXPECT_EQ(status["openWindows"], json::array({"rush"}));
  EXPECT_EQ(status["nextScheduleChange"]["event"], "End");
}

TEST_F(RoundsWithASchedule, SayInTheEventWhichWindowItWas) {
  set_up(Seconds(60), Seconds(300), {{"pin", 2}});
  run_until(begin + Seconds(62));
  ASSERT_FALSE(world.cluster->events.empty());
  EXPECT_THAT(world.cluster->events.back().note, HasSubstr("window 'rush' is open: pin 2"));
}

TEST_F(RoundsWithASchedule, MayGoBelowTheMinimumWithoutABrokenInvariant) {
  set_up(Seconds(60), Seconds(300), {{"off", true}}, 2);
  run_until(begin + Seconds(62));
  EXPECT_EQ(world.cluster->replicas(web), 0);
  run_until(begin + Seconds(302));
  EXPECT_EQ(world.cluster->replicas(web), 2);
  EXPECT_EQ(world.cluster->reason(web), "BelowMinimum");
}

TEST_F(RoundsWithASchedule, WriteNothingWhileNothingChanges) {
  set_up(Seconds(60), Seconds(3600), {{"floor", 2}});
  run_until(begin + Seconds(120));
  world.cluster->set_ready_pods(web, 2);
  run_until(begin + Seconds(600));
  const auto writes = world.cluster->status_writes;
  run_until(begin + Seconds(3000));
  EXPECT_EQ(world.cluster->status_writes, writes);
}

TEST_F(RoundsWithASchedule, HoldAfterARestart) {
  set_up(Seconds(60), Seconds(600), {{"floor", 3}});
  run_until(begin + Seconds(65));
  world.restart();
  run_until(begin + Seconds(70));
  EXPECT_EQ(world.cluster->replicas(web), 3);
  EXPECT_EQ(world.cluster->status(web)["openWindows"], json::array({"rush"}));
}

TEST_F(RoundsWithASchedule, DecideWithoutAnySignal) {
  world.cluster->add_deployment(web, 3);
  auto spec = queue_policy("web", 1, 10);
  spec.erase("signals");
  spec["schedule"] = json::array(
      {{{"name", "yearly"}, {"start", "0 0 1 1 *"}, {"durationSeconds", 60}, {"floor", 2}}});
  world.cluster->add_policy(web, spec);
  world.run_for(Seconds(5));
  EXPECT_EQ(world.cluster->replicas(web), 1);
  EXPECT_EQ(world.cluster->reason(web), "OutsideWindow");
  EXPECT_EQ(world.cluster->condition(web, "MetricsHealthy")["status"], "True");
}

}  // namespace
}  // namespace poolscaler::testing
