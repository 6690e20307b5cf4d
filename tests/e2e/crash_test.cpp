// The operator dies by SIGKILL before and after each of its writes, and is started again: the end
// is that of a run without a crash, and no scale is written twice.
#include <algorithm>
#include <atomic>

#include "e2e/world.hpp"

namespace poolscaler::e2e {
namespace {

using rig::Verdict;

/// What a run ends in, without what differs by nature.
struct EndState {
  int replicas = 0;
  int generation = 0;  // of the target: how often its spec was changed
  std::string conditions{};
  bool operator==(const EndState&) const = default;
};

std::ostream& operator<<(std::ostream& out, const EndState& state) {
  return out << state.replicas << " replicas, generation " << state.generation << ", "
             << state.conditions;
}

class Crash : public Case {
 protected:
  /// Runs an operator until its write with this number (from 1) and kills it there: before the
  /// write arrives, or after it was executed but before the operator hears of it. False when there
  /// are fewer writes.
  bool crash_at(int write, bool is_executed) {
    auto seen = std::make_shared<std::atomic<int>>(0);
    auto reached = std::make_shared<std::atomic<bool>>(false);
    auto executed = std::make_shared<std::atomic<bool>>(!is_executed);
    world().api_proxy().set_rule([=](const rig::ProxiedRequest& request) -> Verdict {
      if (!request.writes()) return {};
      const int number = ++*seen;
      if (number < write) return {};
      if (number == write) *reached = true;
      if (number > write || !is_executed) return {.kind = Verdict::Kind::Hold};
      return {.kind = Verdict::Kind::ForwardThenHold, .executed = executed};
    });
    auto& doomed = launch_operator();
    const bool was_reached = rig::eventually(Ms{8000}, [&] { return *reached && *executed; });
    doomed.process().kill();
    world().api_proxy().cut_all();
    world().api_proxy().set_rule(nullptr);
    return was_reached;
  }

  bool is_settled(const std::string& name) {
    const auto object = policy_object(name);
    if (object.is_null() || !object.contains("status")) return false;
    const auto& status = object["status"];
    return replicas(name) == 5 && status.value("desiredReplicas", 0) == 5 &&
           status.value("currentReplicas", 0) == 5;
  }

  EndState end_state(const std::string& name) {
    EndState state{.replicas = replicas(name)};
    state.generation = cluster().get(apps("deployments", name))["metadata"].value("generation", 0);
    for (const auto* type : {"Ready", "MetricsHealthy", "Active", "Conflict", "Paused"})
      state.conditions += std::string(type) + "=" + condition(name, type) + " ";
    return state;
  }

  json last_scale(const std::string& name) {
    return policy_object(name)["status"].value("lastScale", json::object());
  }

  /// The last scale is told after a crash as without one: its size before, unless no status had
  /// been written at all; its reason, or that it was lost.
  void expect_told(const json& last, const json& undisturbed, bool was_told_before) {
    EXPECT_EQ(last.value("to", -1), undisturbed.value("to", -2)) << last;
    EXPECT_TRUE(last.contains("time")) << last;
    if (was_told_before || last.contains("from")) {
      EXPECT_EQ(last.value("from", -1), undisturbed.value("from", -2)) << last;
    }
    const auto reason = last.value("reason", "");
    if (reason != "ChangedBeforeRestart") {
      EXPECT_EQ(reason, undisturbed.value("reason", "?"));
    }
  }

  /// The only policy that there is, over a target at zero, with a load for five replicas.
  void begin(const std::string& name) {
    stop_operators();
    cluster().request("DELETE", policies());
    cluster().request("DELETE", apps("deployments"));
    make_deployment(name, 0);
    make_policy(name);
    set_load(name, 50);
    world().api_proxy().forget_requests();
  }
};

TEST_F(Crash, BetweenAnyTwoWritesChangesNothing) {
  begin("whole");
  launch_operator();
  ASSERT_TRUE(rig::eventually(Ms{30'000}, [&] { return is_settled("whole"); }))
      << policy_object("whole").dump(1);
  rig::pause_for(Ms{1500});
  const EndState expected = end_state("whole");
  const auto told = last_scale("whole");
  int writes = 0;
  for (const auto& request : world().api_proxy().requests()) writes += request.writes();
  ASSERT_GE(writes, 2);
  int crashes = 0;
  int crashed = 0;  // how often the run got as far as that write
  for (int write = 1; write <= std::min(writes, 8); ++write) {
    for (const bool is_executed : {false, true}) {
      SCOPED_TRACE("write " + std::to_string(write) + (is_executed ? ", after it" : ", before it"));
      const auto name = "crash-" + std::to_string(++crashes);
      begin(name);
      crashed += crash_at(write, is_executed);
      const bool was_told = policy_object(name).contains("status");
      launch_operator();
      EXPECT_TRUE(rig::eventually(Ms{30'000}, [&] { return is_settled(name); }))
          << policy_object(name)["status"].dump(1);
      EXPECT_EQ(end_state(name), expected);
      expect_told(last_scale(name), told, was_told);
      if (HasFailure())
        FAIL() << cluster().get(apps("deployments", name)).dump(1) << policy_object(name).dump(1);
    }
  }
  // Writes that tell of pods come at the cluster's pace; those of the scaling itself always come.
  EXPECT_GE(crashed, 4);
}

}  // namespace
}  // namespace poolscaler::e2e
