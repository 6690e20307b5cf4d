// The strategies of a ScaledJob where they differ from one another.

#include <gtest/gtest.h>

#include "poolscaler/simulation/peers/keda.hpp"

namespace poolscaler::simulation::peers {
namespace {

TEST(KedaJobs, OfTheDefaultAreWhatIsNotRunning) {
  EXPECT_EQ(jobs_to_start({.max_scale = 3, .running = 5, .max_replica = 9}).effective_max, -2);
}

TEST(KedaJobs, OfCustomCutTheShareOfTheRunning) {
  KedaJobs jobs{.strategy = KedaJobStrategy::Custom,
                .max_scale = 10,
                .running = 3,
                .max_replica = 100,
                .running_share = 0.5};
  EXPECT_EQ(jobs_to_start(jobs).effective_max, 9) << "1.5 counts as 1";
  jobs.deduction = 4;
  EXPECT_EQ(jobs_to_start(jobs).effective_max, 5);
  jobs.max_replica = 2;
  EXPECT_EQ(jobs_to_start(jobs).effective_max, 2);
  jobs.deduction.reset();
  jobs.running_share.reset();
  EXPECT_EQ(jobs_to_start(jobs).effective_max, 7) << "neither is set: the default";
}

TEST(KedaJobs, OfAccurateCountThePendingAndTheLimit) {
  KedaJobs jobs{.strategy = KedaJobStrategy::Accurate,
                .max_scale = 3,
                .running = 4,
                .pending = 2,
                .max_replica = 5};
  EXPECT_EQ(jobs_to_start(jobs).effective_max, 1);
  jobs.max_replica = 4;
  EXPECT_EQ(jobs_to_start(jobs).effective_max, 0);
}

TEST(KedaJobs, OfEagerFillTheLimit) {
  const auto verdict = jobs_to_start({.strategy = KedaJobStrategy::Eager,
                                      .max_scale = 4,
                                      .running = 1,
                                      .pending = 6,
                                      .max_replica = 10});
  EXPECT_EQ(verdict.effective_max, 3);
  EXPECT_EQ(verdict.scale_to, 10);
}

}  // namespace
}  // namespace poolscaler::simulation::peers
