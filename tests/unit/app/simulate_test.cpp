// The verb `simulate` from its flags to what it prints, on small files.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "poolscaler/api/objects.hpp"
#include "simulate_input.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class Simulate : public testing::Test {
 protected:
  Simulate() : folder_(std::filesystem::path(testing::TempDir()) / "simulate_test") {
    std::filesystem::create_directories(folder_);
    policy_ = write("policy.yaml", R"(
apiVersion: poolscaler.dev/v1alpha1
kind: ScalingPolicy
metadata: {name: llm, namespace: shop, uid: abc, resourceVersion: "7"}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: llm}
  minReplicas: 0
  maxReplicas: 8
  signals:
    - name: inflight
      metricSourceRef: {name: prometheus}
      metric: {name: my_metric}
      target: {type: PerReplica, value: 4}
)");
    trace_ = write("rates.csv", rates_of(120));
  }
  ~Simulate() override { std::filesystem::remove_all(folder_); }
  Simulate(const Simulate&) = delete;
  Simulate& operator=(const Simulate&) = delete;

  static std::string rates_of(int minutes) {
    std::string rates = "timestamp_seconds,requests\n";
    for (int i = 0; i < minutes; ++i)
      rates += std::to_string(i * 60) + "," + std::to_string(i % 10 < 3 ? 40 : 2) + "\n";
    return rates;
  }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = (folder_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  SimulateOptions options() { return {.files = {policy_}, .loads = {trace_}}; }

  /// What is printed; or what is refused, with the exit code before it.
  static std::string run(const SimulateOptions& options) {
    std::ostringstream out;
    testing::internal::CaptureStderr();
    const auto code = simulate(options, out);
    const auto said = testing::internal::GetCapturedStderr();
    return code == 0 ? out.str() : std::to_string(code) + " " + said;
  }

  std::filesystem::path folder_;
  std::string policy_;
  std::string trace_;
};

TEST_F(Simulate, ARecommendationSaysOnWhatTheAskWasNotKept) {
  std::ifstream file(policy_);
  std::string one_replica((std::istreambuf_iterator<char>(file)), {});
  one_replica.replace(one_replica.find("minReplicas: 0"), 14, "minReplicas: 1");
  one_replica.replace(one_replica.find("maxReplicas: 8"), 14, "maxReplicas: 1");
  const auto text = run({.files = {write("one.yaml", one_replica)},
                         .loads = {write("short.csv", rates_of(40))},
                         .recommend = true,
                         .max_delayed = 0});
  EXPECT_THAT(text, testing::ContainsRegex("WARNING: no setting kept this on the first half with "
                                           "its [0-9]+ variations; this one comes closest,\n#   "
                                           "and on the first half as it was, below, keeps it"));
}

TEST_F(Simulate, PrintsTheFiguresOfAPolicy) {
  const auto text = run(options());
  EXPECT_THAT(text, HasSubstr("shop/llm"));
  EXPECT_THAT(text, HasSubstr("bound: nothing waits"));
  EXPECT_THAT(text, HasSubstr("decisions of shop/llm"));
}

constexpr std::string_view pool_text = R"(
apiVersion: poolscaler.dev/v1alpha1
kind: AcceleratorPool
metadata: {name: gaudi}
spec:
  accelerator: {resource: habana.ai/gaudi, perNode: 1}
  nodeGroups:
    - name: od
      maxNodes: 10
      instanceType: dl1.24xlarge
      region: us-east-1
      nodeSelector: [{key: group, value: od}]
    - name: spot
      capacityType: Spot
      maxNodes: 1
      instanceType: dl1.24xlarge
      region: us-east-1
      nodeSelector: [{key: group, value: spot}]
)";
constexpr std::string_view prices_text = R"(
apiVersion: poolscaler.dev/v1alpha1
kind: PriceCatalog
metadata: {name: aws}
spec:
  asOf: "2020-01-01T00:00:00Z"
  source: test
  rows:
    - provider: aws
      region: us-east-1
      instanceType: dl1.24xlarge
      onDemand: "13.109"
)";
constexpr std::string_view budget_text = R"(
apiVersion: poolscaler.dev/v1alpha1
kind: CostBudget
metadata: {name: small}
spec:
  limits:
    - {name: hourly, mode: Rate, amount: "15"}
)";
constexpr std::string_view spot_text =
    "ts,region,zone,instance_type,spot_price,on_demand_price\n"
    "2022-11-23T06:33:17Z,us-east-1,use1-az2,dl1.24xlarge,3.9327,13.10904\n";

TEST_F(Simulate, NodesCostWhatTheyDoAndBudgetsCutGrowth) {
  auto given = options();
  given.pool = write("pool.yaml", std::string(pool_text));
  given.prices = {write("prices.yaml", std::string(prices_text))};
  given.budgets = {write("budget.yaml", std::string(budget_text))};
  given.spot_series = write("spot.csv", std::string(spot_text));
  given.node_boot_seconds = 60;
  const auto text = run(given);
  EXPECT_THAT(text, HasSubstr("nodes and money"));
  EXPECT_THAT(text, HasSubstr("budget small (hourly): at most"));
  given.output = OutputFormat::Json;
  given.report = (folder_ / "report.html").string();
  const auto money = json::parse(run(given))["scalers"][0]["settings"][0]["money"];
  // One spot node fits below 15 $ an hour, and none of the others comes beside it.
  EXPECT_EQ(money["mostNodes"], 1);
  EXPECT_EQ(money["mostHourly"], "3.9327");
  EXPECT_EQ(money["byCapacityType"]["OnDemand"]["nodeSeconds"], 0);
  std::stringstream report;
  report << std::ifstream(given.report).rdbuf();
  EXPECT_THAT(report.str(), HasSubstr("What the nodes cost an hour"));
}

TEST_F(Simulate, SpotNodesAreTakenBack) {
  auto given = options();
  given.pool = write("pool.yaml", std::string(pool_text));
  given.prices = {write("prices.yaml", std::string(prices_text))};
  given.spot_series = write("spot.csv", std::string(spot_text));
  given.spot_interruptions = 0.9;
  given.output = OutputFormat::Json;
  const auto taken = run(given);
  EXPECT_GT(json::parse(taken)["scalers"][0]["settings"][0]["money"]["nodesInterrupted"], 0);
  EXPECT_EQ(run(given), taken);
  given.spot_interruptions = 0;
  const auto kept = run(given);
  given.spot_interruptions.reset();
  EXPECT_EQ(run(given), kept);
}

TEST_F(Simulate, NamesWhatIsWrongWithInterruptions) {
  auto given = options();
  given.spot_interruptions = 0.1;
  auto pool = std::string(pool_text);
  given.pool = write("none.yaml", pool.substr(0, pool.find("    - name: spot")));
  given.prices = {write("prices.yaml", std::string(prices_text))};
  EXPECT_THAT(run(given), HasSubstr("pool 'gaudi' has no node group with capacityType Spot"));
}

TEST_F(Simulate, NamesWhatIsWrongWithNodesAndMoney) {
  auto given = options();
  given.budgets = {write("budget.yaml", std::string(budget_text))};
  given.pool = write("pool.yaml", std::string(pool_text));
  EXPECT_THAT(run(given), HasSubstr("no node has a price"));
  given.pool = write("none.yaml", std::string(budget_text));
  EXPECT_THAT(run(given), HasSubstr("--pool: there is no AcceleratorPool in '" + given.pool + "'"));
  given.pool = write("bad.yaml", "apiVersion: poolscaler.dev/v1alpha1\nkind: AcceleratorPool\n"
                                 "metadata: {name: gaudi}\nspec: {}\n");
  EXPECT_THAT(run(given), HasSubstr("spec.accelerator"));
  given.pool = write("pool.yaml", std::string(pool_text));
  const auto budgets = std::exchange(given.budgets, {given.budgets[0], given.budgets[0] + "2"});
  write("budget.yaml2", std::string(budget_text));
  EXPECT_THAT(run(given), HasSubstr("CostBudget 'small' is given twice: leave one out"));
  given.budgets = budgets;
  given.compare = true;
  EXPECT_THAT(run(given), HasSubstr("leave --budget away"));
}

/// Two policies, of which the second is more important.
std::string two_policies() {
  std::string text;
  for (const auto* const words : {"a, namespace: shop", "b, namespace: ops"})
    text += "---\n" + std::string(R"(apiVersion: poolscaler.dev/v1alpha1
kind: ScalingPolicy
metadata: {name: )") + words + R"(}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: llm}
  minReplicas: 0
  maxReplicas: 8
  poolRef: {name: gaudi}
  cost: {priority: )" + (words[0] == 'a' ? "0" : "100") + R"(}
  signals:
    - name: inflight
      metricSourceRef: {name: prometheus}
      metric: {name: my_metric}
      target: {type: PerReplica, value: 4}
)";
  return text;
}

class Together : public Simulate {
 protected:
  Together() {
    given_.files = {write("two.yaml", two_policies())};
    given_.loads = {"a=" + trace_, "ops/b=" + trace_};
    auto pool = std::string(pool_text);
    pool.replace(pool.find("maxNodes: 10"), 12, "maxNodes: 2");
    given_.pool = write("pool.yaml", pool);
    given_.prices = {write("prices.yaml", std::string(prices_text))};
    given_.spot_series = write("spot.csv", std::string(spot_text));
  }
  SimulateOptions given_{};
};

TEST_F(Together, TheMoreImportantGetsTheNodes) {
  const auto text = run(given_);
  EXPECT_THAT(text, HasSubstr("shop/a on "));
  EXPECT_THAT(text, HasSubstr("who had pool gaudi"));
  EXPECT_THAT(text, HasSubstr("decisions of shop/a that were cut"));
  given_.output = OutputFormat::Json;
  given_.report = (folder_ / "report.html").string();
  const auto result = json::parse(run(given_));
  ASSERT_EQ(result["scalers"].size(), 2U);
  EXPECT_EQ(result["loads"][0]["policy"], "ops/b");
  const auto& pool = result["pool"];
  EXPECT_EQ(pool["name"], "gaudi");
  EXPECT_EQ(pool["shares"][0]["policy"], "ops/b");
  EXPECT_EQ(pool["shares"][0]["cappedByReason"], json::object());
  EXPECT_GT(pool["shares"][1]["cappedByReason"]["CappedByPool"], 0);
  EXPECT_GT(pool["shares"][0]["acceleratorSeconds"], pool["shares"][1]["acceleratorSeconds"]);
  double paid = std::stod(pool["idleCost"].get<std::string>());
  for (const auto& share : pool["shares"]) paid += std::stod(share["cost"].get<std::string>());
  EXPECT_NEAR(paid, std::stod(pool["cost"].get<std::string>()), 1e-9);
  std::stringstream report;
  report << std::ifstream(given_.report).rdbuf();
  EXPECT_THAT(report.str(), HasSubstr("Who had pool gaudi"));
  EXPECT_THAT(report.str(), HasSubstr("<h2>Pool gaudi</h2>"));
  EXPECT_THAT(report.str(), HasSubstr("<h2>shop/a on "));
}

TEST_F(Together, TheOrderDoesNotMatter) {
  const auto text = run(given_);
  std::ranges::reverse(given_.loads);
  EXPECT_EQ(run(given_), text);
  const auto both = two_policies();
  const auto second = both.find("---", 3);
  given_.files = {write("turned.yaml", both.substr(second) + both.substr(0, second))};
  EXPECT_EQ(run(given_), text);
}

TEST_F(Together, OneAloneComesToWhatItDoesWithoutItsName) {
  auto alone = options();
  alone.pool = given_.pool;
  alone.prices = given_.prices;
  alone.spot_series = given_.spot_series;
  alone.output = OutputFormat::Json;
  const auto single = json::parse(run(alone))["scalers"][0]["settings"][0];
  alone.loads = {"llm=" + trace_};
  const auto result = json::parse(run(alone));
  auto shared = result["scalers"][0]["settings"][0];
  auto money = result["pool"];
  for (const auto* const own : {"name", "requestsRestarted", "shares"}) money.erase(own);
  shared["money"] = money;
  EXPECT_EQ(shared, single);
}

TEST_F(Together, NamesWhatIsWrongWithItsLoads) {
  const auto with = [&](std::vector<std::string> loads) {
    auto asked = given_;
    asked.loads = std::move(loads);
    return run(asked);
  };
  EXPECT_THAT(with({"a=" + trace_}), HasSubstr("policy 'ops/b' has no load: give --load ops/b="));
  EXPECT_THAT(with({"a=" + trace_, "b=" + trace_, "shop/a=" + trace_}),
              HasSubstr("policy 'shop/a' has 2 loads; give one"));
  EXPECT_THAT(with({"a=" + trace_, "c=" + trace_}), HasSubstr("no policy 'c' was given, only"));
  EXPECT_THAT(with({"a=" + trace_, trace_}), HasSubstr("write POLICY="));
  EXPECT_THAT(with({"a=" + trace_, "b="}), HasSubstr("the file is missing; write b=FILE"));
  EXPECT_THAT(with({"a=" + trace_, "b=/nowhere.csv"}),
              HasSubstr("ops/b: --load: '/nowhere.csv' cannot be opened"));
  const auto wide = write("wide.csv", "timestamp_seconds,c0,c1\n0,1,2\n600,3,4\n1200,9,9\n");
  EXPECT_THAT(with({"a=" + trace_, "b=" + wide + ":c0,c1"}), HasSubstr("choose one column"));
  EXPECT_THAT(with({"a=" + trace_, "b=" + wide + ":c1"}), HasSubstr("wide.csv:c1"));
}

TEST_F(Together, NamesWhatItCannotPlay) {
  const auto with = [&](void (*change)(SimulateOptions&)) {
    auto asked = given_;
    change(asked);
    return run(asked);
  };
  EXPECT_THAT(with([](auto& o) { o.compare = true; }), HasSubstr("leave --compare away"));
  EXPECT_THAT(with([](auto& o) { o.recommend = true; }), HasSubstr("leave --recommend away"));
  EXPECT_THAT(with([](auto& o) { o.prometheus.url = "http://x"; }),
              HasSubstr("--prometheus is the load of no policy"));
  EXPECT_THAT(with([](auto& o) {
                o.pool.clear();
                o.prices.clear();
                o.spot_series.clear();
              }),
              HasSubstr("give it with --pool, or play each policy alone"));
  auto twice = given_;
  auto text = two_policies();
  text.replace(text.find("b, namespace: ops"), 17, "a, namespace: ops");
  twice.files = {write("twice.yaml", text)};
  EXPECT_THAT(run(twice), HasSubstr("that names 2 policies, shop/a, ops/a; write the namespace"));
  twice.files = {given_.files[0], write("again.yaml", two_policies())};
  EXPECT_THAT(run(twice), HasSubstr("leave all but one out of the files"));
}

TEST_F(Together, AFileMayHaveAnEqualsSign) {
  auto asked = options();
  asked.loads = {write("llm=1.csv", rates_of(40))};
  EXPECT_THAT(run(asked), HasSubstr("decisions of shop/llm"));
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(folder_);
  asked.loads = {"day=1.csv"};
  EXPECT_THAT(run(asked), HasSubstr("written ./FILE"));
  write("day=1.csv", rates_of(40));
  EXPECT_THAT(run(asked), HasSubstr("day=1.csv: "));
  asked.loads = {"./llm=1.csv"};
  EXPECT_THAT(run(asked), HasSubstr("decisions of shop/llm"));
  asked.loads = {"llm=llm=1.csv"};
  EXPECT_THAT(run(asked), HasSubstr("give it with --pool"));
  std::filesystem::current_path(before);
}

TEST_F(Simulate, ComparesWithWhatAReplicaCosts) {
  auto asked = options();
  asked.loads = {write("short.csv", rates_of(40))};
  asked.compare = true;
  asked.pool = write("pool.yaml", std::string(pool_text));
  asked.prices = {write("prices.yaml", std::string(prices_text))};
  EXPECT_THAT(run(asked), HasSubstr("replica-hours (cost, p99 wait)"));
  asked.output = OutputFormat::Json;
  const auto result = json::parse(run(asked));
  EXPECT_EQ(result["setup"]["replicaPrice"], "13.109");  // the only accelerator of its node
  const auto& own = result["scalers"][0]["settings"][0];
  EXPECT_NEAR(std::stod(own["replicaCost"].get<std::string>()),
              own["replicaHours"].get<double>() * 13.109, 0.01);
}

TEST_F(Simulate, TheSameAsJson) {
  auto asked = options();
  asked.output = OutputFormat::Json;
  const auto result = json::parse(run(asked));
  const auto& policy = result["scalers"][0];
  EXPECT_EQ(policy["role"], "policy");
  EXPECT_EQ(policy["settings"][0]["requests"], 1474);
  std::int64_t decisions = 0;
  for (const auto& count : policy["settings"][0]["decisionsByReason"])
    decisions += count.get<std::int64_t>();
  EXPECT_EQ(decisions, policy["settings"][0]["decisions"]);
  EXPECT_LE(result["bounds"]["workReplicaHours"], result["bounds"]["zeroWaitReplicaHours"]);
}

TEST_F(Simulate, OfAMetricAloneNothingIsToldOfRequests) {
  auto asked = options();
  asked.loads = {write("metric.csv", "time,value\n0,4\n900,9\n1800,0\n4000,2\n")};
  asked.report = (folder_ / "report.html").string();
  const auto text = run(asked);
  EXPECT_THAT(text, testing::ContainsRegex("\nshop/llm +[0-9.]+( +-){6} +[0-9]+ "));
  EXPECT_THAT(text, testing::ContainsRegex("\nbound: work alone +-\nbound: nothing waits +-\n"));
  std::ostringstream page;
  page << std::ifstream(asked.report).rdbuf();
  EXPECT_THAT(page.str(), Not(HasSubstr("0.00 %")));
  asked.output = OutputFormat::Json;
  const auto result = json::parse(run(asked));
  const auto& settings = result["scalers"][0]["settings"][0];
  EXPECT_EQ(settings["requests"], 0);
  EXPECT_TRUE(settings["delayedShare"].is_null());
  for (const auto& wait : settings["waitSeconds"]) EXPECT_TRUE(wait.is_null());
  for (const auto& bound : result["bounds"]) EXPECT_TRUE(bound.is_null());
  for (const auto& bound : result["loads"][0]["bounds"]) EXPECT_TRUE(bound.is_null());
  EXPECT_TRUE(result["scalers"][0]["frontier"].empty());
}

TEST_F(Simulate, NamesALoadThatIsCompressed) {
  auto asked = options();
  asked.loads = {write("day.csv.gz", "\x1f\x8b\x08 and so on\n")};
  EXPECT_THAT(run(asked), HasSubstr("day.csv.gz: it is compressed (gzip); gunzip it first"));
}

TEST_F(Simulate, ComparesWithThePeers) {
  auto asked = options();
  asked.compare = true;
  asked.output = OutputFormat::Json;
  const auto result = json::parse(run(asked));
  std::vector<std::string> names;
  for (const auto& scaler : result["scalers"]) names.push_back(scaler["name"]);
  EXPECT_THAT(names, testing::IsSupersetOf({"shop/llm", "poolscaler", "HPA", "KEDA", "KPA"}));
}

TEST_F(Simulate, WritesAReportThatNeedsNothingElse) {
  auto asked = options();
  asked.report = (folder_ / "report.html").string();
  EXPECT_THAT(run(asked), HasSubstr("shop/llm"));
  std::ostringstream page;
  page << std::ifstream(asked.report).rdbuf();
  EXPECT_THAT(page.str(), HasSubstr("<svg"));
  EXPECT_THAT(page.str(), HasSubstr("prefers-color-scheme"));
  EXPECT_THAT(page.str(), Not(HasSubstr("http")));
  EXPECT_THAT(page.str(), Not(HasSubstr("<script")));
  asked.report = (folder_ / "none" / "report.html").string();
  EXPECT_THAT(run(asked), HasSubstr("cannot be written"));
}

TEST_F(Simulate, NamesFromFilesAreEscapedInTheReport) {
  auto asked = options();
  asked.loads = {write("a<b>&.csv", "timestamp_seconds,requests\n0,1\n600,1\n1200,5\n")};
  asked.report = (folder_ / "report.html").string();
  run(asked);
  std::ostringstream page;
  page << std::ifstream(asked.report).rdbuf();
  EXPECT_THAT(page.str(), HasSubstr("a&lt;b&gt;&amp;.csv"));
  EXPECT_THAT(page.str(), Not(HasSubstr("a<b>")));
}

TEST_F(Simulate, RecommendsAPolicyThatCanBeApplied) {
  auto asked = options();
  asked.recommend = true;
  asked.loads = {write("short.csv", rates_of(24))};
  asked.warm_up_seconds = 60;
  const auto text = run(asked);
  EXPECT_THAT(text, HasSubstr("second half: recommended"));
  EXPECT_THAT(text, HasSubstr("second half: what runs now"));
  const auto objects = api::read_yaml(text);
  ASSERT_TRUE(objects) << objects.error().message << text;
  ASSERT_EQ(objects->size(), 1U);
  const auto policy = api::read_scaling_policy(objects->front(), api::UnknownFields::Report);
  EXPECT_TRUE(policy) << api::summary(policy.error());
  EXPECT_EQ(objects->front()["metadata"], json({{"name", "llm"}, {"namespace", "shop"}}));
}

TEST_F(Simulate, RefusesWithPlaceAndRemedy) {
  auto asked = options();
  asked.loads.clear();
  EXPECT_THAT(run(asked), HasSubstr("--load is missing"));
  asked.loads = {"/nowhere.csv"};
  EXPECT_THAT(run(asked), HasSubstr("'/nowhere.csv' cannot be opened"));
  asked.loads = {write("bad.csv", "timestamp_seconds,requests\n0,1\n600,x\n")};
  EXPECT_THAT(run(asked), HasSubstr("bad.csv:3: requests is 'x'"));
  asked = options();
  asked.meanings = {{"inflight", "quue"}};
  EXPECT_THAT(run(asked), HasSubstr("'quue' must be queue, running"));
  asked.meanings = {{"nothing", "queue"}};
  EXPECT_THAT(run(asked), HasSubstr("no policy has a signal 'nothing'"));
  asked = options();
  asked.files = {};
  EXPECT_THAT(run(asked), HasSubstr("nothing to play"));
  asked.files = {write("bad.yaml", "kind: ScalingPolicy\nspec: {maxReplicas: 0}\n")};
  EXPECT_THAT(run(asked), HasSubstr("spec.maxReplicas"));
  asked.files = {write("other.yaml", "kind: Deployment\n")};
  EXPECT_THAT(run(asked), HasSubstr("no ScalingPolicy"));
  asked = options();
  asked.loads = {write("short.csv", "timestamp_seconds,requests\n0,1\n60,1\n")};
  EXPECT_THAT(run(asked), HasSubstr("--warm-up"));
}

TEST_F(Simulate, ChoosesColumnsOfWideFiles) {
  auto asked = options();
  const auto wide = write("wide.csv", "timestamp_seconds,c0,c1\n0,1,2\n600,3,4\n1200,9,9\n");
  asked.loads = {wide + ":c1,c0"};
  EXPECT_THAT(run(asked), HasSubstr("wide.csv:c1"));
  asked.loads = {wide};
  EXPECT_THAT(run(asked), HasSubstr("choose one or more"));
}

}  // namespace
}  // namespace poolscaler::app
