// The story played through in virtual time: the real engine decides on the real example policy,
// from what the metric store answers to the planner's own queries; the cluster is a list of pods
// with a cold start, on one node that boots with the first of them and leaves after the last; the
// cap is a ceiling of what that node takes. What takes a minute in the terminal takes milliseconds
// here.
#pragma once

#include <functional>
#include <vector>

#include "poolscaler/simulation/sandbox.hpp"

namespace poolscaler::simulation::rehearsal {

struct Conditions {
  LoadPlan load = story_load();
  Millis operator_starts{1500};  // the first decision
  Millis phase{0};               // of the policy's rounds
  Millis write_takes{200};       // from a decision to the replicas asked for
  Millis cold_start{4000};
  Millis node_boot{5000};
  Millis node_leaves{9000};  // from the last pod to no node
  Millis look_period{200};
  Millis at_most{200'000};
};

/// Every view that the terminal would be shown, until `enough` says so.
std::vector<SandboxView> play(const Conditions& conditions,
                              const std::function<bool(const SandboxView&)>& enough);

}  // namespace poolscaler::simulation::rehearsal
