// Two sets of manifests side by side; against a cluster is shown by the end-to-end tests' rig.
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "manifest_folder.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using testing::HasSubstr;

class Diff : public ManifestFolder {
 protected:
  int run(const std::string& before, const std::string& after,
          OutputFormat output = OutputFormat::Text) {
    std::ostringstream out;
    const auto code = diff({.files = {write("old.yaml", before), write("new.yaml", after)},
                            .output = output},
                           out);
    told = out.str();
    return code;
  }

  /// A policy as the cluster shows it: 50 in its queue, five replicas.
  static std::string live() {
    return policy("a", "minReplicas: 1\n  behavior: {scaleDown: {stabilizationWindowSeconds: 0}}") +
           R"(status:
  targetUID: u
  currentReplicas: 5
  readyReplicas: 5
  desiredReplicas: 5
  signals: [{name: queue, state: Value, value: "50", target: "10", replicas: 5}]
  lastDecision: {time: "2027-01-15T08:00:00Z", reason: AtTarget, message: m}
)";
  }
  static std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
  }

  std::string told;
};

TEST_F(Diff, OfTheSameIsNone) {
  EXPECT_EQ(run(policy("a"), policy("a", "mode: Automatic")), 0) << told;
  EXPECT_EQ(told, "0 of 1 differ\n");
}

TEST_F(Diff, NamesFieldsInWords) {
  EXPECT_EQ(run(policy("a"), policy("a", "mode: Recommend")), 1);
  EXPECT_THAT(told, HasSubstr("~ ScalingPolicy 'shop/a'"));
  EXPECT_THAT(told, HasSubstr("spec.mode: \"Automatic\" -> \"Recommend\"  # `Automatic` decides"));
  EXPECT_THAT(told, HasSubstr("effect now: unknown: no decision stands in its status yet"));
}

TEST_F(Diff, NamesWhatComesAndGoes) {
  EXPECT_EQ(run(policy("a"), policy("b")), 1);
  EXPECT_THAT(told, HasSubstr("+ ScalingPolicy 'shop/b' would be created"));
  EXPECT_THAT(told, HasSubstr("- ScalingPolicy 'shop/a' is not there any more"));
}

TEST_F(Diff, SaysWhatWouldBeDecidedNowAndWhy) {
  EXPECT_EQ(run(live(), replaced(live(), "value: 10}", "value: 5}")), 1);
  EXPECT_THAT(told, HasSubstr("effect now: desired 5 -> 10, because "
                              "signals[queue].target.value falls"));
  EXPECT_EQ(run(live(), replaced(live(), "maxReplicas: 10", "maxReplicas: 3")), 1);
  EXPECT_THAT(told, HasSubstr("effect now: desired 5 -> 3, because maxReplicas falls"));
  EXPECT_EQ(run(live(), replaced(live(), "maxReplicas: 10", "maxReplicas: 30")), 1);
  EXPECT_THAT(told, HasSubstr("effect now: desired stays 5"));
}

TEST_F(Diff, DoesNotGuessWhatASignalWouldRead) {
  EXPECT_EQ(run(live(), replaced(live(), "queue_depth", "queue_length")), 1);
  EXPECT_THAT(told, HasSubstr("unknown: signal 'queue' has not been read as it is asked now"));
}

TEST_F(Diff, RefusesWhatIsNotValid) {
  EXPECT_EQ(run(policy("a"), policy("a", "minReplicas: 99")), 2);
  EXPECT_EQ(run(policy("a"), policy("a") + "---\n" + policy("a")), 2);
  std::ostringstream out;
  EXPECT_EQ(diff({.files = {write("one.yaml", policy("a"))}}, out), 2);
}

TEST_F(Diff, SaysTheSameAsJson) {
  EXPECT_EQ(run(live(), replaced(live(), "maxReplicas: 10", "maxReplicas: 3"), OutputFormat::Json),
            1);
  const auto out = nlohmann::json::parse(told);
  const auto& object = out["objects"][0];
  EXPECT_EQ(object["change"], "Update");
  EXPECT_EQ(object["fields"][0]["field"], "spec.maxReplicas");
  EXPECT_EQ(object["effect"]["desiredAfter"], 3);
}

}  // namespace
}  // namespace poolscaler::app
