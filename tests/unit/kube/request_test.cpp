#include "poolscaler/kube/request.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace poolscaler::kube {
namespace {

Resource deployments() {
  return {.group = "apps", .version = "v1", .plural = "deployments", .kind = "Deployment"};
}

TEST(Paths, FollowGroupScopeAndSubresource) {
  EXPECT_EQ(collection_path(pods(), ""), "/api/v1/pods");
  EXPECT_EQ(collection_path(pods(), "shop"), "/api/v1/namespaces/shop/pods");
  EXPECT_EQ(collection_path(metric_sources(), "shop"),
            "/apis/poolscaler.dev/v1alpha1/metricsources");
  EXPECT_EQ(object_path(deployments(), {.ns = "shop", .name = "web"}, "scale"),
            "/apis/apps/v1/namespaces/shop/deployments/web/scale");
}

TEST(Paths, KeepAHostileNameInItsSegment) {
  EXPECT_EQ(object_path(pods(), {.ns = "../x", .name = "a/b?c#d"}),
            "/api/v1/namespaces/..%2Fx/pods/a%2Fb%3Fc%23d");
}

TEST(ApiVersion, SplitsIntoGroupAndVersion) {
  EXPECT_EQ(split_api_version("apps/v1"), std::pair(std::string("apps"), std::string("v1")));
  EXPECT_EQ(split_api_version("v1"), std::pair(std::string(), std::string("v1")));
  for (const auto* text : {"", "/", "apps/", "/v1", "a/b/c", "Apps/v1", "v1?x", "a b/v1"})
    EXPECT_FALSE(split_api_version(text)) << text;
}

TEST(ListRequest, AsksForTheMostRecentStateInPages) {
  EXPECT_EQ(list_request(pods(), "", {.label_selector = "a=b,c"}, {.limit = 500}).target(),
            "/api/v1/pods?labelSelector=a%3Db%2Cc&limit=500");
  // The token of a page fixes the version.
  EXPECT_EQ(list_request(pods(), "", {},
                         {.limit = 500, .continue_token = "x=", .resource_version = "7"})
                .target(),
            "/api/v1/pods?limit=500&continue=x%3D");
  EXPECT_EQ(list_request(pods(), "n", {}, {.resource_version = "7"}).target(),
            "/api/v1/namespaces/n/pods?resourceVersion=7&resourceVersionMatch=NotOlderThan");
}

TEST(WatchRequest, AsksForBookmarksAndAnEnd) {
  EXPECT_EQ(watch_request(pods(), "", {.field_selector = "spec.nodeName=n"}, "12", Seconds(310))
                .target(),
            "/api/v1/pods?watch=true&fieldSelector=spec.nodeName%3Dn&resourceVersion=12"
            "&allowWatchBookmarks=true&timeoutSeconds=310");
}

TEST(ScalePatch, HoldsExactlyWhatMakesItConditional) {
  const auto request =
      scale_patch_request(deployments(), {.ns = "shop", .name = "web"},
                          {.uid = "u-1", .resource_version = "42", .replicas = 2147483647});
  ASSERT_TRUE(request);
  EXPECT_EQ(request->method, HttpMethod::Patch);
  EXPECT_EQ(request->content_type, "application/merge-patch+json");
  EXPECT_EQ(request->target(),
            "/apis/apps/v1/namespaces/shop/deployments/web/scale?fieldManager=poolscaler");
  EXPECT_EQ(nlohmann::json::parse(request->body),
            nlohmann::json::parse(R"({"metadata": {"uid": "u-1", "resourceVersion": "42"},
                                      "spec": {"replicas": 2147483647}})"));
}

TEST(ScalePatch, IsRefusedWhenItWouldBeUnconditionalOrNegative) {
  const ObjectKey key{.ns = "shop", .name = "web"};
  for (const auto& patch : {ScalePatch{.uid = "u", .resource_version = "1", .replicas = -1},
                            ScalePatch{.uid = "", .resource_version = "1", .replicas = 1},
                            ScalePatch{.uid = "u", .resource_version = "", .replicas = 1}})
    EXPECT_EQ(scale_patch_request(deployments(), key, patch).error().kind,
              ErrorKind::InvalidInput);
}

TEST(StatusPatch, ReplacesTheWholeStatusOfOneObject) {
  const auto request = status_patch_request(scaling_policies(), {.ns = "shop", .name = "p"}, "u-1",
                                            R"({"desiredReplicas": 3})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->content_type, "application/json-patch+json");
  EXPECT_EQ(request->path,
            "/apis/poolscaler.dev/v1alpha1/namespaces/shop/scalingpolicies/p/status");
  EXPECT_EQ(nlohmann::json::parse(request->body), nlohmann::json::parse(R"([
      {"op": "test", "path": "/metadata/uid", "value": "u-1"},
      {"op": "add", "path": "/status", "value": {"desiredReplicas": 3}}])"));
}

TEST(StatusPatch, IsRefusedWithoutAnObjectOrAUid) {
  const ObjectKey key{.ns = "shop", .name = "p"};
  for (const auto* status : {"", "null", "[]", "3", "{"})
    EXPECT_FALSE(status_patch_request(scaling_policies(), key, "u", status)) << status;
  EXPECT_FALSE(status_patch_request(scaling_policies(), key, "", "{}"));
}

}  // namespace
}  // namespace poolscaler::kube
