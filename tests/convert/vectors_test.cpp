// What was decided for an HPA is decided for the policy that it becomes, or the difference is one
// of the list below and `convert` names it. The recorded decisions lie outside of this repository
// (shared/vectors/hpa.json in a folder above it); without them these tests are skipped, and say so.
#include <algorithm>
#include <fstream>
#include <iostream>

#include <gmock/gmock.h>

#include "convert/trial.hpp"
#include "support/checkout.hpp"

namespace poolscaler::convert {
namespace {

using nlohmann::json;

struct Group {
  const char* name;
  Trials (*trials_of)(const json& recorded);
};
constexpr Group groups[] = {{"resource_utilization", resource_utilization},
                            {"pods_average_value", pods_average_value},
                            {"value_target", value_target},
                            {"average_value_target", average_value_target},
                            {"pod_grouping", pod_grouping},
                            {"per_pod_usage", per_pod_usage},
                            {"bounds_without_behavior", bounds_without_behavior},
                            {"stabilize_without_behavior", stabilize_without_behavior},
                            {"rate_policies", rate_policies},
                            {"rate_limit_only", rate_limit_only},
                            {"scale_event_store", scale_event_store},
                            {"stabilize_with_behavior", stabilize_with_behavior},
                            {"reconcile", reconcile}};

/// A case that a policy decides otherwise on purpose.
struct Difference {
  std::string_view id;
  std::int32_t decides;    // -1: it is not converted
  std::string_view named;  // in the notes of the conversion
  std::vector<std::int32_t> changes{};
};

// Load above the target never lowers replicas, however few of them are ready.
constexpr std::string_view overload = "never lower replicas under more load than their target";
// Zero is a size like any other; what HPA takes for a switch is `mode: Paused`.
constexpr std::string_view zero = "also from zero, where an HPA is switched off";
// The defaults of behavior are explicit, and its rates remember what HPA without it forgets.
constexpr std::string_view defaults = "documented defaults of HPA are explicit now";

const Difference differences[] = {
    {"ext-only-ready-count", 3, overload},
    {"rec-fewer-pods-than-spec", 4, overload},
    {"rec-spec-zero-disabled", 3, zero},
    {"rec-from-zero-no-condition-gate-on", 2, zero},
    {"rec-from-zero-no-condition-gate-off", 2, zero},
    {"rec-min-raised-from-zero-gate-off", 2, zero},
    {"rec-manual-zero", 1, zero},
    // Nothing would wake it again; Kubernetes takes no such HPA.
    {"rec-zero-min-zero", 1, "every signal here is read from the pods"},
    // Series of Prometheus do not say which pods there are.
    {"pods-missing-nochange", 3, "it is the sum of the series that match now"},
    // What the pods use is known all the same; that both scale on it is said, not forbidden.
    {"rec-selector-ambiguous", 5, "another HPA's target finds the same pods"},
    // No workload has such a number.
    {"ppu-overflow", -1, "must be a number from 0 to 10^12"},
    {"evt-no-behavior", -1, defaults, {5}},
    {"evt-no-behavior-keeps", -1, defaults, {5}}};

const Difference* difference_of(const std::string& id) {
  const auto* found = std::ranges::find(differences, id, &Difference::id);
  return found == std::end(differences) ? nullptr : found;
}

void expect_same(const Trial& trial, const std::string& id) {
  const auto done = run(trial);
  const auto* difference = difference_of(id);
  const bool of_changes = difference != nullptr && !difference->changes.empty();
  if (difference == nullptr || of_changes) {
    EXPECT_EQ(done.replicas, trial.expected) << id << "\n" << done.notes;
  } else {
    EXPECT_EQ(done.replicas, difference->decides) << id << "\n" << done.notes;
    EXPECT_NE(done.replicas, trial.expected) << id << " is no difference any more";
  }
  if (trial.changes) {
    EXPECT_EQ(done.changes, of_changes ? difference->changes : *trial.changes) << id;
  }
  if (difference != nullptr && of_changes == trial.changes.has_value()) {
    EXPECT_THAT(done.notes, testing::HasSubstr(std::string(difference->named))) << id;
  }
}

json recorded_groups() {
  const auto source = in_checkout("");
  for (auto folder = source.parent_path(); folder != folder.parent_path();
       folder = folder.parent_path())
    if (std::ifstream file(folder / "shared/vectors/hpa.json"); file)
      return json::parse(file).at("groups");
  std::cerr << "SKIPPED: shared/vectors/hpa.json is in no folder above " << source << '\n';
  return nullptr;
}

class HpaVectors : public testing::TestWithParam<Group> {
 protected:
  void SetUp() override {
    if (recorded_.is_null()) GTEST_SKIP() << "SKIPPED: shared/vectors/hpa.json is not there";
  }
  json recorded_ = recorded_groups();
};

TEST_P(HpaVectors, DecideTheSame) {
  const auto& cases = recorded_.at(GetParam().name);
  ASSERT_FALSE(cases.empty());
  for (const auto& recorded : cases)
    for (const auto& trial : GetParam().trials_of(recorded))
      expect_same(trial, recorded.at("id"));
}

INSTANTIATE_TEST_SUITE_P(Convert, HpaVectors, testing::ValuesIn(groups), [](const auto& param) {
  return std::string(param.param.name);
});

TEST(HpaVectorFile, HasNoGroupThatIsNotTried) {
  const auto recorded = recorded_groups();
  if (recorded.is_null()) GTEST_SKIP() << "SKIPPED: shared/vectors/hpa.json is not there";
  std::size_t cases = 0;
  for (const auto& group : recorded.items()) {
    EXPECT_NE(std::ranges::find(groups, group.key(), &Group::name), std::end(groups))
        << group.key();
    cases += group.value().size();
  }
  EXPECT_GE(cases, 138U);
}

}  // namespace
}  // namespace poolscaler::convert
