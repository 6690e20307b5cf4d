#include "poolscaler/kube/scale.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace poolscaler::kube {
namespace {

TEST(ReadScale, TakesWhatAWriteNeeds) {
  const auto scale = read_scale(nlohmann::json::parse(R"({"kind": "Scale",
      "metadata": {"uid": "u", "resourceVersion": "7", "deletionTimestamp": "x"},
      "spec": {"replicas": 2}, "status": {"replicas": 1, "selector": "app=web"}})"));
  ASSERT_TRUE(scale);
  EXPECT_EQ(scale->uid, "u");
  EXPECT_EQ(scale->resource_version, "7");
  EXPECT_EQ(scale->spec_replicas, 2);
  EXPECT_EQ(scale->status_replicas, 1);
  EXPECT_EQ(scale->selector, "app=web");
  EXPECT_TRUE(scale->deleting);
}

TEST(ReadScale, TakesAbsentReplicasForZero) {
  const auto scale = read_scale(nlohmann::json::parse(R"({"kind": "Scale", "spec": {}})"));
  ASSERT_TRUE(scale);
  EXPECT_EQ(scale->spec_replicas, 0);
}

TEST(ReadScale, RefusesWhatIsNoCount) {
  for (const auto* replicas : {"-1", "2147483648", "1.5", "\"3\"", "null", "1e3", "[]",
                               "99999999999999999999"})
    EXPECT_FALSE(read_scale(nlohmann::json::parse(
        std::string(R"({"kind": "Scale", "spec": {"replicas": )") + replicas + "}}")))
        << replicas;
  EXPECT_FALSE(read_scale(nlohmann::json::parse(R"({"kind": "Deployment"})")));
}

TEST(ReadSuspendable, RunsUnlessItIsSuspended) {
  for (const auto& [spec, replicas] : {std::pair{R"({"suspend": true})", 0},
                                       {R"({"suspend": false})", 1},
                                       {"{}", 1}}) {
    const auto scale = read_suspendable(nlohmann::json::parse(
        std::string(R"({"metadata": {"uid": "u", "resourceVersion": "7"}, "spec": )") + spec +
        "}"));
    ASSERT_TRUE(scale) << spec;
    EXPECT_EQ(scale->spec_replicas, replicas) << spec;
    EXPECT_EQ(scale->resource_version, "7");
  }
  EXPECT_FALSE(read_suspendable(nlohmann::json::parse(R"({"spec": {"suspend": "yes"}})")));
}

}  // namespace
}  // namespace poolscaler::kube
