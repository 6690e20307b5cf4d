// The operator dies by SIGKILL before and after each of its writes, and is started again: the end is
// that of a run without a crash, and no scale is written twice.
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
  std::string last_scale{};
  std::string conditions{};
  bool operator==(const EndState&) const = default;
};

std::ostream& operator<<(std::ostream& out, const EndState& state) {
  return out << state.replicas << " replicas, generation " << state.generation << ", "
             << state.last_scale << ", " << state.conditions;
}

class Crash : public Case {
 protected:
  /// Runs an operator until its write with this number (from 1) and kills it there: before the write
  /// arrives, or after it was executed but before the operator hears of it. False when there are
  /// fewer writes.
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

  bool is_settled() {
    const auto object = policy_object("llm");
    if (object.is_null() || !object.contains("status")) return false;
    const auto& status = object["status"];
    return replicas("llm") == 5 && status.value("desiredReplicas", 0) == 5 &&
           status.value("currentReplicas", 0) == 5 && status.value("readyReplicas", 0) == 5 &&
           status.contains("lastScale");
  }

  EndState end_state() {
    EndState state{.replicas = replicas("llm")};
    state.generation = cluster().get(apps("deployments", "llm"))["metadata"].value("generation", 0);
    auto last = policy_object("llm")["status"].value("lastScale", json::object());
    last.erase("time");
    state.last_scale = last.dump();
    for (const auto* type : {"Ready", "MetricsHealthy", "Active", "Conflict", "Paused"})
      state.conditions += std::string(type) + "=" + condition("llm", type) + " ";
    return state;
  }

  /// A fresh target and policy under load; the operator starts last.
  void begin() {
    stop_operators();
    cluster().request("DELETE", policies("llm"));
    cluster().request("DELETE", apps("deployments", "llm"));
    make_deployment("llm", 0);
    make_policy("llm");
    world().api_proxy().forget_requests();
  }
};

TEST_F(Crash, BetweenAnyTwoWritesChangesNothing) {
  set_load("llm", 50);
  begin();
  launch_operator();
  ASSERT_TRUE(rig::eventually(Ms{30'000}, [&] { return is_settled(); }))
      << policy_object("llm").dump(1);
  rig::pause_for(Ms{1500});
  const EndState expected = end_state();
  int writes = 0;
  for (const auto& request : world().api_proxy().requests()) writes += request.writes();
  ASSERT_GE(writes, 2);
  int crashes = 0;
  for (int write = 1; write <= std::min(writes, 8); ++write) {
    for (const bool is_executed : {false, true}) {
      SCOPED_TRACE("write " + std::to_string(write) + (is_executed ? ", after it" : ", before it"));
      begin();
      crashes += crash_at(write, is_executed);
      launch_operator();
      EXPECT_TRUE(rig::eventually(Ms{30'000}, [&] { return is_settled(); }))
          << policy_object("llm").dump(1);
      EXPECT_EQ(end_state(), expected);
    }
  }
  EXPECT_GE(crashes, 4);
}

}  // namespace
}  // namespace poolscaler::e2e
