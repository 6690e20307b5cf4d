// What separates two specs, and one change on its own.
#include <gmock/gmock.h>

#include "policies.hpp"
#include "poolscaler/api/manifests.hpp"

namespace poolscaler::api {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> told(const json& before, const json& after) {
  std::vector<std::string> lines;
  for (const auto& change : changes_between(Kind::ScalingPolicy, before, after)) {
    EXPECT_FALSE(change.doc.empty()) << change.path;
    lines.push_back(change.path + ": " + change.before + " -> " + change.after);
  }
  return lines;
}

TEST(SpecDiff, IsEmptyWhereOnlyDefaultsAreWrittenOut) {
  EXPECT_THAT(told(policy_with(), policy_with("{minReplicas: 1, mode: Automatic, combine: Max}")),
              IsEmpty());
}

TEST(SpecDiff, NamesEachFieldOnce) {
  EXPECT_THAT(told(policy_with("{minReplicas: 2}"),
                   policy_with("{maxReplicas: 20, behavior: {scaleDown: {selectPolicy: Min}}}")),
              ElementsAre("spec.minReplicas: 2 -> 1", "spec.maxReplicas: 10 -> 20",
                          "spec.behavior.scaleDown.selectPolicy: \"Max\" -> \"Min\""));
}

TEST(SpecDiff, KnowsItemsByTheirKeyAndSetsWithoutOrder) {
  const auto window = [](const std::string& rest) {
    return policy_with(R"({schedule: [{name: a, start: "0 8 * * *", end: "0 9 * * *", )" + rest +
                       "}]}");
  };
  EXPECT_THAT(told(window("floor: 1, exceptions: [12-25, 12-26]"),
                   window("floor: 2, exceptions: [12-26, 12-25]")),
              ElementsAre("spec.schedule[a].floor: 1 -> 2"));
  EXPECT_THAT(told(window("floor: 1"), policy_with()).size(), 1U);
}

TEST(SpecDiff, CarriesOverOneChangeAlone) {
  const auto before = policy_with("{minReplicas: 2, fallback: {afterSeconds: 60, replicas: 4}}");
  auto after = policy_with("{minReplicas: 3, maxReplicas: 20}");
  after["spec"]["signals"][0]["target"]["value"] = 5;
  for (const auto& change : changes_between(Kind::ScalingPolicy, before, after)) {
    const auto alone = with_change(Kind::ScalingPolicy, before, after, change);
    EXPECT_THAT(told(before, alone),
                ElementsAre(change.path + ": " + change.before + " -> " + change.after));
  }
  auto all = before;
  for (const auto& change : changes_between(Kind::ScalingPolicy, before, after))
    all = with_change(Kind::ScalingPolicy, all, after, change);
  EXPECT_THAT(told(all, after), IsEmpty());
}

TEST(Manifests, KnowTheirLines) {
  const auto manifests = read_manifests("kind: A\nspec:\n  list:\n    - x: 1\n    - y: 2\n---\n\n"
                                        "kind: BList\nitems:\n  - kind: B\n    spec:\n      z: 3\n")
                             .value();
  ASSERT_EQ(manifests.size(), 2U);
  EXPECT_EQ(manifests[0].line_of("spec.list[1].y"), 5);
  EXPECT_EQ(manifests[0].line_of("spec.list[1].missing"), 5) << "the nearest that is there";
  EXPECT_EQ(manifests[0].line_of("metadata.name"), 1);
  EXPECT_EQ(manifests[1].line_of("spec.z"), 12);
  EXPECT_EQ(manifests[1].line_of("nothing"), 10);
}

}  // namespace
}  // namespace poolscaler::api
