#include "field_path.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace poolscaler::kube {
namespace {

using nlohmann::json;

const json object = json::parse(R"({
    "metadata": {"annotations": {"cluster.x-k8s.io/paused": "yes", "a/b~c": "odd"}},
    "spec": {"replicas": 3, "pools": [{"count": 1}, {"count": 2}]},
    "status": {"conditions": [{"type": "Synced", "status": "False"},
                              {"type": "Ready", "status": "True", "controller": true}]}})");

std::string at(const std::string& path) {
  const auto* value = value_at(object, path);
  return value == nullptr ? "none" : value->dump();
}

TEST(FieldPath, FindsMembersEntriesAndNamesWithDots) {
  EXPECT_EQ(at("spec.replicas"), "3");
  EXPECT_EQ(at("spec.pools[1].count"), "2");
  EXPECT_EQ(at("metadata.annotations[cluster.x-k8s.io/paused]"), "\"yes\"");
  EXPECT_EQ(at("status.conditions[type=Ready].status"), "\"True\"");
  EXPECT_EQ(at("status.conditions[controller=true].type"), "\"Ready\"");
}

TEST(FieldPath, FindsNothingWhereTheObjectIsOtherwise) {
  for (const auto* path : {"", "spec.replicas.count", "spec.pools[2].count", "spec.pools.count",
                           "spec[0]", "status.conditions[type=Gone].status", "spec[type=Ready]",
                           "metadata.annotations[none]"})
    EXPECT_EQ(at(path), "none") << path;
}

TEST(FieldPath, RefusesWhatIsNoPath) {
  for (const auto* path : {"", ".", "spec.", ".spec", "spec..count", "spec[", "spec[]", "[0]",
                           "spec[0].", "spec[99999999999999999999]", "spec[1001]",
                           "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"})
    EXPECT_FALSE(FieldPath::parse(path)) << path;
}

TEST(FieldPath, IsAPointerForPatches) {
  EXPECT_EQ(FieldPath::parse("spec.pools[1].count")->pointer(), "/spec/pools/1/count");
  EXPECT_EQ(FieldPath::parse("metadata.annotations[a/b~c]")->pointer(),
            "/metadata/annotations/a~1b~0c");
  EXPECT_FALSE(FieldPath::parse("status.conditions[type=Ready].status")->pointer());
}

}  // namespace
}  // namespace poolscaler::kube
