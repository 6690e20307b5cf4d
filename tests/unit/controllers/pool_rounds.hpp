// The small world of the tests of pools in the rounds: one pool, one policy that draws on it, and
// everybody else who acts.
#pragma once

#include <gmock/gmock.h>

#include <string>

#include "fake_world.hpp"

namespace poolscaler::testing {

inline json pool_policy(const std::string& deployment, int min, int max) {
  auto spec = queue_policy(deployment, min, max);
  spec["poolRef"] = {{"name", "h100"}};
  spec["scaleToZero"] = {{"idleAfterSeconds", 60}};
  spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] = 0;
  return spec;
}

class PoolsInRounds : public ::testing::Test {
 protected:
  /// A pool of nodes of 8 at 32.77 $/h, and a policy whose replicas take a node each.
  void set_up(int replicas = 0, int max_nodes = 5) {
    world.cluster->add_group("h100", 0);
    world.cluster->add_pool("h100", pool_spec(max_nodes, "32.77"));
    world.cluster->add_gpu_deployment(web, replicas, 8);
    world.cluster->add_policy(web, pool_policy("web", 0, 10));
    waiting(0);
  }
  void waiting(double count) { world.reader.readings["shop/queue"] = value(count); }

  /// The operator and everybody else do what they do.
  void live(Millis time) {
    for (Millis gone{0}; gone < time; gone += second) {
      world.run_for(second, Millis(200));
      world.cluster->groups_act();
      world.cluster->schedule_pods();
    }
  }
  int replicas() { return world.cluster->replicas(web); }
  int asked() { return world.cluster->group_replicas("h100"); }
  json condition(const std::string& type) { return world.cluster->condition(web, type); }
  json pool_condition(const std::string& type) {
    return condition_of(world.cluster->pool_status("h100"), type);
  }
  FakeWorld world;
};

}  // namespace poolscaler::testing
