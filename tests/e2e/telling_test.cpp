// What must not be silent: a CRD of ours that is not there, a lease that may not be had, a source
// that does not answer or may not be asked. Of each the log, /readyz or a status says what and why.
#include <algorithm>
#include <sstream>

#include "e2e/world.hpp"

namespace poolscaler::e2e {
namespace {

class Telling : public Case {
 protected:
  std::string readyz() {
    const auto page = the_operator().page("/readyz");
    return std::to_string(page.status) + " " + page.body;
  }
  ::testing::AssertionResult says(const std::string& what) {
    if (rig::eventually(Ms{40'000}, [&] { return readyz().find(what) != std::string::npos; }))
      return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "no '" << what << "' in " << readyz();
  }
  std::size_t lines_with(const std::string& what, const std::string& and_what) {
    std::istringstream all(the_operator().log());
    std::size_t count = 0;
    for (std::string line; std::getline(all, line);)
      count += line.find(what) != std::string::npos && line.find(and_what) != std::string::npos;
    return count;
  }
  json source_ready(const std::string& name) {
    const auto source = cluster().get("/apis/poolscaler.dev/v1alpha1/metricsources/" + name);
    if (source.is_null()) return json::object();
    for (const auto& condition : source.value(json::json_pointer("/status/conditions"), json()))
      if (condition["type"] == "Ready") return condition;
    return json::object();
  }
  ::testing::AssertionResult source_becomes(const std::string& name, const std::string& reason,
                                            const std::string& words, Ms limit) {
    const auto is_so = [&] {
      const auto ready = source_ready(name);
      return ready.value("reason", "") == reason &&
             ready.value("message", "").find(words) != std::string::npos;
    };
    if (rig::eventually(limit, is_so)) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << source_ready(name).dump(1);
  }
};

TEST_F(Telling, EachOfOurCrdsIsMissedWhenItGoesAndSeenWhenItIsBack) {
  const std::string crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";
  start_operator();
  for (const std::string plural :
       {"pricecatalogs", "costbudgets", "acceleratorpools", "scalingpolicies", "metricsources"}) {
    const auto name = plural + ".poolscaler.dev";
    auto crd = cluster().get(crds + name);
    ASSERT_FALSE(crd.is_null());
    for (const auto* field : {"uid", "resourceVersion", "managedFields", "creationTimestamp"})
      crd["metadata"].erase(field);
    crd.erase("status");
    ASSERT_EQ(cluster().request("DELETE", crds + name).status, 200);
    EXPECT_TRUE(says(name + ": its CustomResourceDefinition is not installed")) << plural;
    EXPECT_TRUE(rig::eventually(Ms{5000}, [&] { return lines_with("cannot watch", name) == 1; }))
        << the_operator().log();
    cluster().apply(crd.dump());
    EXPECT_TRUE(says("200 ok")) << plural;
    EXPECT_TRUE(rig::eventually(Ms{5000}, [&] { return lines_with("watching again", name) == 1; }))
        << the_operator().log();
    EXPECT_EQ(lines_with("cannot watch", name), 1U);
  }
  world().make_source();
}

TEST_F(Telling, ALeaseThatMayNotBeHadIsSaidOnceWithWhatToDo) {
  launch_operator({.leader_elect = true, .flags = {"--lease-name", "another"}});
  EXPECT_TRUE(says("503 not ready\nlease: reading the lease: "));
  EXPECT_TRUE(says("give the operator's service account the right to create leases"));
  rig::pause_for(Ms{6000});
  EXPECT_EQ(lines_with("cannot have the lease", "another"), 1U) << the_operator().log();
  EXPECT_TRUE(the_operator().process().running());
}

TEST_F(Telling, ANamespaceOfTheLeaseThatDoesNotExistIsSaid) {
  launch_operator({.kubeconfig = cluster().admin_kubeconfig(),
                   .leader_elect = true,
                   .lease_ns = "nowhere"});
  EXPECT_TRUE(says("make namespace 'nowhere', or name another with --lease-namespace"));
  EXPECT_EQ(lines_with("cannot have the lease", "nowhere"), 1U) << the_operator().log();
  make({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "nowhere"}}}});
  EXPECT_TRUE(says("200 ok"));
  EXPECT_TRUE(rig::eventually(Ms{10'000}, [&] { return lines_with("leading", "") > 0; }));
}

TEST_F(Telling, AServerThatAnswersNothingMakesItsSourceUnready) {
  start_operator();
  make_deployment("llm", 1);
  set_load("llm", 10);
  make_policy("llm");
  EXPECT_TRUE(source_becomes("rig", "Accepted", "", Ms{20'000}));
  world().metrics_proxy().set_rule([](const auto&) {
    return rig::Verdict{.kind = rig::Verdict::Kind::Answer, .status = 403, .text = "no tenant"};
  });
  EXPECT_TRUE(source_becomes("rig", "MetricSourceFailing", "HTTP 403: no tenant", Ms{60'000}));
  EXPECT_EQ(lines_with("metric source does not answer", "rig"), 1U);
  world().metrics_proxy().set_rule(nullptr);
  EXPECT_TRUE(source_becomes("rig", "Accepted", "", Ms{60'000}));
}

TEST_F(Telling, AFileOutsideTheFolderMakesItsSourceUnreadyAtOnce) {
  const json spec = {{"url", "https://p.example"}, {"bearerTokenFile", "/etc/hostname"}};
  cluster().apply(json{{"apiVersion", "poolscaler.dev/v1alpha1"},
                       {"kind", "MetricSource"},
                       {"metadata", {{"name", "outside"}}},
                       {"spec", spec}}
                      .dump());
  start_operator();
  EXPECT_TRUE(source_becomes("outside", "InvalidSpec", "another --credentials-dir", Ms{10'000}));
  const auto source = "/apis/poolscaler.dev/v1alpha1/metricsources/outside";
  EXPECT_EQ(cluster().request("DELETE", source).status, 200);
}

// As an object is that was made before the CRD knew its rules.
TEST_F(Telling, ACatalogThatCannotBeReadIsToldByAnEvent) {
  const std::string path =
      "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pricecatalogs.poolscaler.dev";
  const std::string catalog = "/apis/poolscaler.dev/v1alpha1/pricecatalogs";
  const auto set_schema = [&](const json& schema) {
    auto crd = cluster().get(path);
    auto& version = crd["spec"]["versions"][0];
    const auto before = version["schema"];
    version["schema"] = schema;
    EXPECT_EQ(cluster().request("PUT", path, crd.dump()).status, 200);
    return before;
  };
  const auto strict = set_schema({{"openAPIV3Schema",
                                   {{"type", "object"},
                                    {"x-kubernetes-preserve-unknown-fields", true}}}});
  const json row = {{"provider", "aws"},
                    {"region", "us-east-1"},
                    {"instanceType", "p5.48xlarge"},
                    {"onDemand", "abc"}};
  const json object = {{"apiVersion", "poolscaler.dev/v1alpha1"},
                       {"kind", "PriceCatalog"},
                       {"metadata", {{"name", "old"}}},
                       {"spec", {{"asOf", "2026-01-01T00:00:00Z"}, {"rows", {row}}}}};
  EXPECT_TRUE(rig::eventually(Ms{20'000}, [&] {
    return cluster().request("POST", catalog, object.dump()).status == 201;
  }));
  set_schema(strict);
  start_operator();
  EXPECT_TRUE(rig::eventually(Ms{20'000}, [&] {
    const auto events = items("/apis/events.k8s.io/v1/namespaces/default/events");
    return std::ranges::any_of(events, [](const json& event) {
      return event["regarding"].value("kind", "") == "PriceCatalog" &&
             event.value("note", "").find("abc") != std::string::npos;
    });
  })) << the_operator().log();
  EXPECT_EQ(lines_with("price catalog has errors", "abc"), 1U) << the_operator().log();
  EXPECT_EQ(cluster().request("DELETE", catalog + "/old").status, 200);
}

}  // namespace
}  // namespace poolscaler::e2e
