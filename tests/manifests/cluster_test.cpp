// Our kinds and the chart on the real API server: what it admits, refuses and fills in is what the
// operator's own reader admits, refuses and fills in.
#include <gmock/gmock.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "manifests/generated_files.hpp"
#include "manifests/helm.hpp"
#include "poolscaler/api/budget_status.hpp"
#include "poolscaler/api/pool_status.hpp"
#include "support/control_plane.hpp"

namespace poolscaler {
namespace {

using nlohmann::json;
using testing::HasSubstr;

const std::string policies = "/apis/poolscaler.dev/v1alpha1/namespaces/shop/scalingpolicies";
const std::string sources = "/apis/poolscaler.dev/v1alpha1/metricsources";
const std::string pools = "/apis/poolscaler.dev/v1alpha1/acceleratorpools";
const std::string budgets = "/apis/poolscaler.dev/v1alpha1/costbudgets";
const std::string catalogs = "/apis/poolscaler.dev/v1alpha1/pricecatalogs";

std::unique_ptr<rig::ControlPlane> the_cluster;

json object_in(const std::string& file) {
  return api::read_yaml(file_text(source_path(file))).value().at(0);
}

class OnTheApiServer : public ::testing::Test {
 public:
  static void TearDownTestSuite() { the_cluster.reset(); }

 protected:
  void SetUp() override {
    if (const auto why = rig::ControlPlane::why_unavailable(); !why.empty()) {
      ASSERT_NE(rig::environment("CI"), "true") << why;
      GTEST_SKIP() << why;
    }
    if (the_cluster) return;
    the_cluster = std::make_unique<rig::ControlPlane>();
    for (const auto kind : api::all_kinds) {
      const auto file = source_path(fmt::format("crds/{}.yaml", api::names_of(kind).plural));
      const auto applied = the_cluster->kubectl({"apply", "-f", file.string()});
      ASSERT_EQ(applied.exit_code, 0) << applied.err;
    }
    ASSERT_EQ(the_cluster->kubectl({"create", "namespace", "shop"}).exit_code, 0);
    ASSERT_TRUE(rig::eventually(rig::Ms{20'000}, [] {
      return the_cluster->request("GET", policies).status == 200 &&
             the_cluster->request("GET", sources).status == 200 &&
             the_cluster->request("GET", catalogs).status == 200 &&
             the_cluster->request("GET", pools).status == 200 &&
             the_cluster->request("GET", budgets).status == 200;
    }));
  }

  /// Creates without keeping; the body is the object with its defaults, or the refusal.
  static rig::RawResponse create_dry(const std::string& collection, const json& object) {
    return the_cluster->request("POST", collection + "?dryRun=All", object.dump());
  }
};

std::vector<json> cases_in(const std::string& file) {
  return object_in("tests/manifests/cases/" + file)["cases"].get<std::vector<json>>();
}

json policy_of_case(const json& one) {
  auto policy = object_in("deploy/examples/queue-scale-to-zero.yaml");
  policy["spec"].merge_patch(one["spec"]);
  return policy;
}

TEST_F(OnTheApiServer, BadPoliciesAreRefusedAtTheNamedField) {
  for (const auto& one : cases_in("refused_policies.yaml")) {
    const auto answer = create_dry(policies, policy_of_case(one));
    EXPECT_EQ(answer.status, 422) << one["name"];
    EXPECT_THAT(answer.body, HasSubstr(one["path"].get<std::string>())) << one["name"];
  }
}

TEST_F(OnTheApiServer, GoodPoliciesGetTheDefaultsThatTheReaderTakes) {
  for (const auto& one : cases_in("accepted_policies.yaml")) {
    const auto policy = policy_of_case(one);
    const auto answer = create_dry(policies, policy);
    ASSERT_EQ(answer.status, 201) << one["name"] << answer.body;
    EXPECT_EQ(json::parse(answer.body)["spec"],
              api::with_defaults(api::Kind::ScalingPolicy, policy)["spec"])
        << one["name"];
  }
}

TEST_F(OnTheApiServer, ExamplesAreAdmitted) {
  for (const auto& entry : std::filesystem::directory_iterator(source_path("deploy/examples"))) {
    const auto applied = the_cluster->kubectl({"apply", "-f", entry.path().string()});
    EXPECT_EQ(applied.exit_code, 0) << applied.err;
  }
  const auto table = the_cluster->kubectl({"get", "spol", "-n", "shop"});
  EXPECT_THAT(table.out, testing::MatchesRegex("NAME +TARGET +MODE +MIN +MAX +CURRENT +DESIRED +"
                                               "REASON +READY +AGE\n(.*\n)+"));
}

TEST_F(OnTheApiServer, BadSourcesAreRefused) {
  const auto with = [](const json& spec) {
    auto source = object_in("deploy/examples/metric-source.yaml");
    source["metadata"]["name"] = "case";
    source["spec"].merge_patch(spec);
    return create_dry(sources, source);
  };
  EXPECT_EQ(with(json::object()).status, 201);
  const std::vector<json> refused = {{{"url", nullptr}},
                                     {{"url", "ftp://prom"}},
                                     {{"url", "http://user:pw@prom"}},
                                     {{"url", "http://prom?query"}},
                                     {{"caFile", "../ca"}},
                                     {{"caFile", "/etc/../ca"}},
                                     {{"clientCertFile", "/c"}},
                                     {{"timeoutSeconds", 0}},
                                     {{"enforcedLabel", "__name__"}},
                                     {{"rawQueryNamespaces", {"a", "a"}}}};
  for (const auto& spec : refused) EXPECT_EQ(with(spec).status, 422) << spec;
}

TEST_F(OnTheApiServer, CatalogsGetDefaultsAndBadOnesAreRefused) {
  const auto with = [](const json& spec, const json& row) {
    auto catalog = object_in("deploy/examples/price-catalog.yaml");
    catalog["metadata"]["name"] = "case";
    catalog["spec"].merge_patch(spec);
    catalog["spec"]["rows"][0].merge_patch(row);
    return create_dry(catalogs, catalog);
  };
  const auto good = with({{"maxAgeSeconds", nullptr}}, json::object());
  ASSERT_EQ(good.status, 201) << good.body;
  const auto spec = json::parse(good.body)["spec"];
  EXPECT_EQ(spec["maxAgeSeconds"], 2'592'000);
  EXPECT_EQ(spec["currency"], "USD");
  const std::vector<json> specs = {{{"asOf", "yesterday"}}, {{"asOf", nullptr}},
                                   {{"source", ""}},        {{"currency", "DOGE"}},
                                   {{"maxAgeSeconds", 1}}};
  for (const auto& wrong : specs) EXPECT_EQ(with(wrong, json::object()).status, 422) << wrong;
  const json no_price{{"onDemand", nullptr}, {"spot", nullptr}, {"commitments", nullptr}};
  const std::vector<json> rows = {
      {{"onDemand", "-1"}},  {{"onDemand", "NaN"}}, {{"onDemand", "1e3"}},
      {{"onDemand", 55.04}}, {{"spot", "1000000000"}}, {{"spot", "0.0000000001"}},
      {{"count", nullptr}},  {{"region", nullptr}}, {{"commitments", {{{"term", "1y"}}}}},
      no_price};
  for (const auto& wrong : rows) EXPECT_EQ(with(json::object(), wrong).status, 422) << wrong;
}

void expect_refusals(const std::string& collection, const std::string& example,
                     const std::string& file) {
  for (const auto& one : cases_in(file)) {
    const auto object = object_of_case(object_in(example), one);
    const auto answer =
        the_cluster->request("POST", collection + "?dryRun=All", object.dump());
    EXPECT_EQ(answer.status, 422) << one["name"];
    EXPECT_THAT(answer.body, HasSubstr(one["path"].get<std::string>())) << one["name"];
  }
}

TEST_F(OnTheApiServer, BadPoolsAndBudgetsAreRefusedAtTheNamedField) {
  expect_refusals(pools, "deploy/examples/accelerator-pool.yaml", "refused_pools.yaml");
  expect_refusals(budgets, "deploy/examples/cost-budget.yaml", "refused_budgets.yaml");
}

TEST_F(OnTheApiServer, PoolsAndBudgetsGetTheDefaultsThatTheReaderTakes) {
  const auto expect_defaults = [](api::Kind kind, const std::string& collection,
                                  const std::string& example) {
    auto object = object_in(example);
    object["metadata"]["name"] = "case";
    const auto answer = create_dry(collection, object);
    ASSERT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(json::parse(answer.body)["spec"], api::with_defaults(kind, object)["spec"]);
  };
  expect_defaults(api::Kind::AcceleratorPool, pools, "deploy/examples/accelerator-pool.yaml");
  expect_defaults(api::Kind::CostBudget, budgets, "deploy/examples/cost-budget.yaml");
}

TEST_F(OnTheApiServer, TakesAStatusOfABudgetThatIsFull) {
  auto budget = object_in("deploy/examples/cost-budget.yaml");
  budget["metadata"]["name"] = "full";
  ASSERT_EQ(the_cluster->request("POST", budgets, budget.dump()).status, 201);
  const Instant now{Seconds(1'800'000'000)};
  const api::ExactAmount much{Amount::of(std::numeric_limits<std::int64_t>::max()), 3'599'999};
  api::PeriodStatus period{.kind = BudgetPeriod::Hour, .begin = now, .end = now + Seconds(3600)};
  while (period.tenants.size() < api::ledger_tenants_max)
    period.tenants.push_back(
        {"namespace", fmt::format("{:0>63}", period.tenants.size()), much});
  api::BudgetStatus status{.ledger = api::LedgerStatus{.counted_to = now + Millis(7)},
                           .limits = {{.name = "rate", .headroom = Amount::of(-1)}}};
  for (const auto kind : {BudgetPeriod::Hour, BudgetPeriod::Day, BudgetPeriod::Month}) {
    period.kind = kind;
    status.ledger->periods.push_back(period);
  }
  for (int i = 0; i < 745; ++i)
    status.history.push_back({.begin = now + Seconds(3600) * i,
                              .groups = {{"p5.48xlarge", i, HourlyRate::of(1 + i % 7)}}});
  const auto patch = R"({"status":)" + api::render_budget_status(status) + "}";
  const auto answer = the_cluster->request("PATCH", budgets + "/full/status", patch,
                                           "application/merge-patch+json");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto read = api::read_budget_status(json::parse(answer.body));
  EXPECT_EQ(read.ledger, status.ledger);
  EXPECT_EQ(read.history, status.history);
  EXPECT_EQ(read.limits, status.limits);
}

TEST_F(OnTheApiServer, TakesAStatusOfAPool) {
  auto pool = object_in("deploy/examples/accelerator-pool.yaml");
  pool["metadata"]["name"] = "full";
  ASSERT_EQ(the_cluster->request("POST", pools, pool.dump()).status, 201);
  const Instant now{Seconds(1'800'000'000)};
  api::PoolStatus status{.hourly = HourlyRate::of(98'310'000'000),
                         .ledger = api::LedgerStatus{.counted_to = now}};
  for (std::size_t i = 0; i < api::node_groups_max; ++i)
    status.groups.push_back({.name = fmt::format("g{}", i), .fill = {{8, 2}, {0, 1}}});
  for (std::size_t i = 0; i < api::drains_max; ++i)
    status.drains.push_back({.node = fmt::format("n{}", i), .group = "g0", .since = now});
  const auto patch = R"({"status":)" + api::render_pool_status(status) + "}";
  const auto answer = the_cluster->request("PATCH", pools + "/full/status", patch,
                                           "application/merge-patch+json");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto read = api::read_pool_status(json::parse(answer.body));
  EXPECT_EQ(read.groups, status.groups);
  EXPECT_EQ(read.drains, status.drains);
  EXPECT_EQ(read.ledger, status.ledger);
}

TEST_F(OnTheApiServer, TakesACatalogOfManyRows) {
  auto catalog = object_in("deploy/examples/price-catalog.yaml");
  catalog["metadata"]["name"] = "many";
  auto row = catalog["spec"]["rows"][0];
  while (catalog["spec"]["rows"].size() < 1000) {
    row["region"] = fmt::format("region-{}", catalog["spec"]["rows"].size());
    catalog["spec"]["rows"].push_back(row);
  }
  EXPECT_EQ(create_dry(catalogs, catalog).status, 201);
  catalog["spec"]["rows"].push_back(row);
  EXPECT_EQ(create_dry(catalogs, catalog).status, 422);
}

TEST_F(OnTheApiServer, TakesAStatusOfAnySize) {
  auto policy = object_in("deploy/examples/utilization.yaml");
  policy["metadata"]["name"] = "full";
  ASSERT_EQ(the_cluster->request("POST", policies, policy.dump()).status, 201);
  const std::string endless(5000, 'x');
  const Instant now{Seconds(1'800'000'000)};
  api::PolicyStatus status{.observed_generation = 1,
                           .target_text = endless,
                           .signal_text = endless,
                           .current_replicas = 3,
                           .conditions = {{"Ready", api::ConditionStatus::True, Reason::Accepted,
                                           endless, 1, now}},
                           .decision_time = now,
                           .decision_reason = Reason::AtTarget,
                           .decision_message = endless,
                           .last_scale = api::LastScale{now, 1, 3, Reason::SignalAboveTarget}};
  for (int i = 0; i < 100; ++i) {
    status.signals.push_back({.name = fmt::format("s{}", i),
                              .state = SignalState::Stale,
                              .age_seconds = 7.5,
                              .detail = endless});
    status.decision_steps.push_back({.stage = "signal",
                                     .before = 1,
                                     .after = 3,
                                     .reason = Reason::AtTarget,
                                     .numbers = endless});
    status.recommendations.push_back({now + Seconds(i), i % 7});
  }
  const auto rendered = api::render_status(status);
  const auto answer = the_cluster->request("PATCH", policies + "/full/status",
                                           R"({"status":)" + rendered + "}",
                                           "application/merge-patch+json");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json::parse(answer.body)["status"], json::parse(rendered));
}

TEST_F(OnTheApiServer, KubectlExplainsEveryLevel) {
  EXPECT_THAT(the_cluster->kubectl({"explain", "spol.spec.signals.target.type"}).out,
              HasSubstr("PerReplica"));
  EXPECT_THAT(the_cluster->kubectl({"explain", "msrc.spec.url"}).out, HasSubstr("Prometheus"));
  EXPECT_THAT(the_cluster->kubectl({"explain", "pcat.spec.rows.spot"}).out,
              HasSubstr("never 0"));
  EXPECT_THAT(the_cluster->kubectl({"explain", "apool.spec.nodeGroups.capacityType"}).out,
              HasSubstr("Reserved"));
  EXPECT_THAT(the_cluster->kubectl({"explain", "cbudget.spec.limits.mode"}).out,
              HasSubstr("Accrued"));
}

/// One question to the authorizer about the operator's service account.
bool may(const std::string& ns, const std::string& verb, const std::string& group,
         const std::string& resource, const std::string& name = {}) {
  const auto slash = resource.find('/');
  const json review{
      {"apiVersion", "authorization.k8s.io/v1"},
      {"kind", "SubjectAccessReview"},
      {"spec",
       {{"user", "system:serviceaccount:poolscaler-system:poolscaler"},
        {"resourceAttributes",
         {{"namespace", ns},
          {"verb", verb},
          {"group", group},
          {"resource", resource.substr(0, slash)},
          {"subresource", slash == std::string::npos ? "" : resource.substr(slash + 1)},
          {"name", name}}}}}};
  const auto answer = the_cluster->request(
      "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review.dump());
  return json::parse(answer.body)["status"]["allowed"].get<bool>();
}

void expect_the_rights_of_the_operator() {
  EXPECT_TRUE(may("shop", "patch", "apps", "deployments/scale"));
  EXPECT_TRUE(may("shop", "get", "apps", "statefulsets/scale"));
  EXPECT_TRUE(may("shop", "watch", "apps", "deployments"));
  EXPECT_TRUE(may("shop", "patch", "poolscaler.dev", "scalingpolicies/status"));
  EXPECT_TRUE(may("", "patch", "poolscaler.dev", "metricsources/status"));
  EXPECT_TRUE(may("", "patch", "poolscaler.dev", "acceleratorpools/status"));
  EXPECT_TRUE(may("", "patch", "poolscaler.dev", "costbudgets/status"));
  EXPECT_TRUE(may("", "watch", "poolscaler.dev", "pricecatalogs"));
  EXPECT_FALSE(may("", "patch", "poolscaler.dev", "acceleratorpools"));
  EXPECT_FALSE(may("", "patch", "poolscaler.dev", "costbudgets"));
  EXPECT_TRUE(may("shop", "create", "events.k8s.io", "events"));
  EXPECT_TRUE(may("shop", "watch", "keda.sh", "scaledobjects"));
  EXPECT_TRUE(may("poolscaler-system", "update", "coordination.k8s.io", "leases", "poolscaler"));
  EXPECT_FALSE(may("poolscaler-system", "update", "coordination.k8s.io", "leases", "other"));
  EXPECT_FALSE(may("shop", "create", "coordination.k8s.io", "leases"));
  EXPECT_FALSE(may("shop", "patch", "apps", "deployments"));
  EXPECT_FALSE(may("shop", "update", "apps", "deployments/scale"));
  EXPECT_FALSE(may("shop", "patch", "poolscaler.dev", "scalingpolicies"));
  EXPECT_FALSE(may("shop", "get", "", "secrets"));
  EXPECT_FALSE(may("shop", "create", "", "pods/exec"));
  EXPECT_FALSE(may("shop", "delete", "", "pods"));
  EXPECT_TRUE(may("", "patch", "", "nodes"));
  EXPECT_TRUE(may("shop", "create", "", "pods/eviction"));
  EXPECT_TRUE(may("", "patch", "karpenter.sh", "nodepools/scale"));
  EXPECT_TRUE(may("shop", "patch", "cluster.x-k8s.io", "machines"));
  EXPECT_TRUE(may("shop", "patch", "eks.services.k8s.aws", "nodegroups"));
  EXPECT_FALSE(may("", "delete", "", "nodes"));
  EXPECT_FALSE(may("", "patch", "", "nodes/status"));
  EXPECT_FALSE(may("", "patch", "karpenter.sh", "nodepools"));
  EXPECT_FALSE(may("shop", "delete", "cluster.x-k8s.io", "machines"));
  EXPECT_FALSE(may("", "impersonate", "", "users"));
}

TEST_F(OnTheApiServer, TheChartInstallsUpgradesAndLeavesThePoliciesBehind) {
  const auto helm = helm_program();
  if (helm.empty()) {
    ASSERT_NE(rig::environment("CI"), "true") << no_helm;
    GTEST_SKIP() << no_helm;
  }
  for (const auto kind : api::all_kinds)
    the_cluster->kubectl(
        {"delete", "crd", fmt::format("{}.{}", api::names_of(kind).plural, api::group)});
  const auto run_helm = [&](std::vector<std::string> arguments) {
    std::vector<std::string> argv{helm.string(), "--kubeconfig",
                                  the_cluster->admin_kubeconfig().string(), "--namespace",
                                  "poolscaler-system"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    const auto finished = rig::run(argv, {}, rig::Ms{120'000});
    EXPECT_EQ(finished.exit_code, 0) << finished.out << finished.err;
  };
  run_helm({"install", "poolscaler", chart_path().string(), "--create-namespace"});
  ASSERT_TRUE(rig::eventually(rig::Ms{20'000}, [] {
    return the_cluster->request("GET", policies).status == 200;
  }));
  expect_the_rights_of_the_operator();
  const auto example = source_path("deploy/examples/utilization.yaml").string();
  EXPECT_EQ(the_cluster->kubectl({"apply", "-f", example}).exit_code, 0);
  run_helm({"upgrade", "poolscaler", chart_path().string(), "--set", "replicas=1"});
  run_helm({"uninstall", "poolscaler"});
  EXPECT_EQ(the_cluster->request("GET", policies + "/embedder").status, 200);
  EXPECT_FALSE(may("shop", "patch", "apps", "deployments/scale"));
}

TEST_F(OnTheApiServer, PlainManifestsInstallAndPassPodSecurity) {
  const auto file = source_path("deploy/poolscaler.yaml").string();
  // Helm may have installed the same objects in this program; server-side apply takes them over.
  const auto applied =
      the_cluster->kubectl({"apply", "--server-side", "--force-conflicts", "-f", file});
  ASSERT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_THAT(applied.err, testing::Not(HasSubstr("PodSecurity")));
  expect_the_rights_of_the_operator();
}

}  // namespace
}  // namespace poolscaler
