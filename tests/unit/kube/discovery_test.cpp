#include "poolscaler/kube/discovery.hpp"

#include <gmock/gmock.h>

#include "support/virtual_clock.hpp"
#include "unit/kube/fake_transport.hpp"

namespace poolscaler::kube {
namespace {

using ::poolscaler::testing::VirtualClock;
using ::testing::HasSubstr;

nlohmann::json apps() {
  return nlohmann::json::parse(R"({"kind": "APIResourceList", "apiVersion": "v1",
    "groupVersion": "apps/v1", "resources": [
      {"name": "deployments", "namespaced": true, "kind": "Deployment"},
      {"name": "deployments/scale", "namespaced": true, "kind": "Scale"},
      {"name": "deployments/status", "namespaced": true, "kind": "Deployment"},
      {"name": "daemonsets", "namespaced": true, "kind": "DaemonSet"},
      {"name": 7}, null, {"kind": "X"}]})");
}

class DiscoveryTest : public ::testing::Test {
 protected:
  DiscoveryTest() {
    transport.on_send = [this](const HttpRequest&) { return answer; };
  }
  VirtualClock clock;
  FakeTransport transport;
  std::unique_ptr<TokenSource> tokens = no_token();
  Client client{transport, *tokens, clock, {.get_attempts = 1}};
  Discovery discovery{client, clock};
  FakeTransport::Answer answer = json_answer(apps());
};

TEST_F(DiscoveryTest, FindsTheCollectionAndItsSubresources) {
  const auto info = discovery.find("apps/v1", "Deployment", {});
  ASSERT_TRUE(info);
  EXPECT_EQ(info->resource, (Resource{.group = "apps",
                                      .version = "v1",
                                      .plural = "deployments",
                                      .kind = "Deployment"}));
  EXPECT_TRUE(info->has_scale);
  EXPECT_TRUE(info->has_status);
  EXPECT_EQ(transport.sent()[0].target, "/apis/apps/v1");
}

TEST_F(DiscoveryTest, AsksOnceInTenMinutes) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(discovery.find("apps/v1", "Deployment", {}));
  EXPECT_EQ(transport.sent().size(), 1u);
  clock.advance(std::chrono::minutes(11));
  EXPECT_TRUE(discovery.find("apps/v1", "Deployment", {}));
  EXPECT_EQ(transport.sent().size(), 2u);
}

TEST_F(DiscoveryTest, AsksForAMissingKindAgainButNotEachTime) {
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(discovery.find("apps/v1", "Web", {}).error().kind, ErrorKind::NotFound);
  EXPECT_EQ(transport.sent().size(), 1u);
  auto later = apps();
  later["resources"].push_back({{"name", "webs"}, {"namespaced", true}, {"kind", "Web"}});
  answer = json_answer(later);
  clock.advance(Seconds(11));
  EXPECT_TRUE(discovery.find("apps/v1", "Web", {}));
}

TEST_F(DiscoveryTest, SaysWhatIsNotServedAndWhatToDo) {
  answer = status_answer(404, "NotFound", "the server could not find the requested resource");
  const auto error = discovery.find("jobs.example/v2", "Job", {}).error();
  EXPECT_EQ(error.kind, ErrorKind::NotFound);
  EXPECT_THAT(error.message, HasSubstr("serves no kind 'Job' in jobs.example/v2: check"));
}

TEST_F(DiscoveryTest, TellsAKindWithoutScale) {
  const auto error = discovery.find_scalable("apps/v1", "DaemonSet", {}).error();
  EXPECT_EQ(error.kind, ErrorKind::InvalidInput);
  EXPECT_THAT(error.message, HasSubstr("daemonsets.apps/v1 has no scale subresource"));
}

TEST_F(DiscoveryTest, KeepsWhatItKnowsWhileTheServerIsInTrouble) {
  ASSERT_TRUE(discovery.find("apps/v1", "Deployment", {}));
  answer = fail(ErrorKind::Unavailable, "could not connect");
  clock.advance(std::chrono::minutes(11));
  EXPECT_TRUE(discovery.find("apps/v1", "Deployment", {}));
  EXPECT_EQ(discovery.find("apps/v1", "Web", {}).error().kind, ErrorKind::Unavailable);
  EXPECT_EQ(discovery.find("batch/v1", "Job", {}).error().kind, ErrorKind::Unavailable);
}

TEST_F(DiscoveryTest, RefusesAMalformedApiVersionWithoutAsking) {
  EXPECT_EQ(discovery.find("../../secrets", "X", {}).error().kind, ErrorKind::InvalidInput);
  EXPECT_TRUE(transport.sent().empty());
}

}  // namespace
}  // namespace poolscaler::kube
