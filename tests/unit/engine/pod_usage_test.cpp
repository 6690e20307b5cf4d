#include "pod_usage.hpp"
#include "unit/engine/moment.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace poolscaler::engine {
namespace {

constexpr Tolerance ten_percent{.up = 0.1, .down = 0.1};
constexpr auto largest = std::numeric_limits<std::int64_t>::max();

/// A pod that has been ready for an hour.
PodSample pod(std::int64_t usage, std::int64_t request = 1000) {
  return {.ready = true,
          .ready_changed = now - Seconds(3600),
          .started = now - Seconds(3600),
          .request_milli = request,
          .usage_milli = usage,
          .measured = now,
          .window = Seconds(60)};
}

PodSample unmeasured(std::int64_t request = 1000) {
  auto sample = pod(0, request);
  sample.usage_milli.reset();
  return sample;
}

PodSample pending() {
  auto sample = unmeasured();
  sample.phase = PodPhase::Pending;
  sample.ready = false;
  return sample;
}

PodsMeasured cpu(const std::vector<PodSample>& pods) {
  return {.pods = pods, .resource = Resource::Cpu, .now = now};
}

PodGroup cpu_group(const PodSample& sample) { return group_of(sample, Resource::Cpu, {}, now); }

TEST(PodGroups, LeaveOutWhatEndsAndHoldBackWhatWaits) {
  auto sample = pod(1);
  sample.deleting = true;
  EXPECT_EQ(cpu_group(sample), PodGroup::Ignored);
  sample = pod(1);
  sample.phase = PodPhase::Ended;
  EXPECT_EQ(cpu_group(sample), PodGroup::Ignored);
  EXPECT_EQ(cpu_group(pending()), PodGroup::Unready);
  EXPECT_EQ(cpu_group(unmeasured()), PodGroup::Missing);
  EXPECT_EQ(cpu_group(pod(1)), PodGroup::Ready);
}

TEST(PodGroups, WantAWholeSampleSinceAYoungPodBecameReady) {
  auto sample = pod(1);
  sample.started = now - Seconds(299);
  sample.ready_changed = now - Seconds(60);
  EXPECT_EQ(cpu_group(sample), PodGroup::Ready);
  sample.ready_changed = now - Seconds(59);
  EXPECT_EQ(cpu_group(sample), PodGroup::Unready);
  sample.started = now - Seconds(300);  // no longer young
  EXPECT_EQ(cpu_group(sample), PodGroup::Ready);
}

TEST(PodGroups, CountAnOldPodThatWasReadyOnce) {
  auto sample = pod(1);
  sample.ready = false;
  sample.ready_changed = *sample.started + Seconds(29);
  EXPECT_EQ(cpu_group(sample), PodGroup::Unready);
  sample.ready_changed = *sample.started + Seconds(30);
  EXPECT_EQ(cpu_group(sample), PodGroup::Ready);
}

TEST(PodGroups, LookAtReadinessForCpuAlone) {
  auto sample = pod(1);
  sample.ready.reset();
  EXPECT_EQ(cpu_group(sample), PodGroup::Unready);
  EXPECT_EQ(group_of(sample, Resource::Memory, {}, now), PodGroup::Ready);
  sample = pod(1);
  sample.started.reset();
  EXPECT_EQ(cpu_group(sample), PodGroup::Unready);
}

TEST(ResourceUtilization, CutsToWholePercentOfTheRequests) {
  const std::vector pods(3, pod(559));
  const auto got = resource_utilization(cpu(pods), 50, 3, ten_percent);
  EXPECT_EQ(got.gap, PodUsageGap::None);
  EXPECT_EQ(got.utilization_percent, 55);
  EXPECT_EQ(got.average_milli, 559);
  EXPECT_EQ(got.counted, 3);
  EXPECT_EQ(got.proposal.replicas, 3);
  EXPECT_EQ(resource_utilization(cpu(std::vector(3, pod(560))), 50, 3, ten_percent)
                .proposal.replicas,
            4);
}

TEST(ResourceUtilization, TakesMissingPodsForFullyUsedBeforeItShrinks) {
  EXPECT_EQ(resource_utilization(cpu({pod(100), unmeasured()}), 100, 4, ten_percent)
                .proposal.replicas,
            2);  // (100 + 1000) / 2000 = 55 %
  // A target above 100 % is what they are taken for.
  EXPECT_EQ(resource_utilization(cpu({pod(100), unmeasured()}), 200, 2, ten_percent)
                .proposal.replicas,
            2);  // (100 + 2000) / 2000 = 105 % of 200 %: 1.05 -> 2
}

TEST(ResourceUtilization, TakesMissingAndStartingPodsForIdleBeforeItGrows) {
  EXPECT_EQ(resource_utilization(cpu({pod(2000), unmeasured(), pending()}), 50, 3, ten_percent)
                .proposal.replicas,
            4);  // 2000 / 3000 = 66 %: 1.32 * 3
  // What is left is too little load: it does not turn round.
  EXPECT_EQ(resource_utilization(cpu({pod(600), pending(), pending()}), 50, 3, ten_percent)
                .proposal.replicas,
            3);
}

TEST(ResourceUtilization, SaysWhatIsMissing) {
  auto unasked = pod(1);
  unasked.request_milli.reset();
  auto ending = pod(1);
  ending.deleting = true;
  auto foreign = pod(1);
  foreign.known = false;
  const auto gap = [](const std::vector<PodSample>& pods) {
    return resource_utilization(cpu(pods), 50, 1, ten_percent).gap;
  };
  EXPECT_EQ(gap({}), PodUsageGap::NothingMeasured);
  EXPECT_EQ(gap({unmeasured()}), PodUsageGap::NothingMeasured);
  EXPECT_EQ(gap({ending}), PodUsageGap::NothingCounts);
  EXPECT_EQ(gap({unasked}), PodUsageGap::RequestMissing);
  EXPECT_EQ(gap({pod(1, 0)}), PodUsageGap::NoRequests);
  EXPECT_EQ(gap({foreign}), PodUsageGap::NoRequests);
}

TEST(ResourceUtilization, HoldsTheLargestQuantities) {
  const std::vector pods(3, pod(largest, largest));
  const auto got = resource_utilization(cpu(pods), 50, 3, ten_percent);
  EXPECT_EQ(got.utilization_percent, 100);
  EXPECT_EQ(got.average_milli, largest);
  EXPECT_EQ(got.proposal.replicas, 6);
  EXPECT_EQ(resource_utilization(cpu({pod(largest, 1)}), 1, 1, ten_percent).utilization_percent,
            std::numeric_limits<std::int32_t>::max());
}

TEST(PodsAverageValue, CutsTheAverageAndNeedsNoRequests) {
  auto third = pod(21'000);
  third.request_milli.reset();
  const std::vector pods{pod(20'000), pod(21'000), third};
  const auto got = pods_average_value(cpu(pods), 20'000, 3, {.up = 0.01, .down = 0.1});
  EXPECT_EQ(got.average_milli, 20'666);
  EXPECT_EQ(got.proposal.replicas, 4);
}

TEST(PodsAverageValue, TakesMissingPodsForJustRightBeforeItShrinks) {
  EXPECT_EQ(pods_average_value(cpu({pod(100), unmeasured()}), 1000, 3, ten_percent)
                .proposal.replicas,
            2);  // (100 + 1000) / 2 = 550
}

TEST(PodsAverageValue, CountsUsageOfUnknownPods) {
  auto foreign = pod(3000);
  foreign.known = false;
  EXPECT_EQ(pods_average_value(cpu({pod(1000), foreign}), 1000, 1, ten_percent).average_milli,
            2000);
}

TEST(PerReplicaUsage, RoundsUpWithoutOverflow) {
  EXPECT_EQ(per_replica_usage(1000, 3), 334);
  EXPECT_EQ(per_replica_usage(999, 3), 333);
  EXPECT_EQ(per_replica_usage(largest, 1), largest);
  EXPECT_EQ(per_replica_usage(largest, 2), largest / 2 + 1);
  EXPECT_EQ(per_replica_usage(-1000, 3), -333);
  EXPECT_EQ(per_replica_usage(5, 0), 0);
}

}  // namespace
}  // namespace poolscaler::engine
