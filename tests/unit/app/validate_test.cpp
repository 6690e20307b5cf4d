// What the verb prints and which code it exits with.
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "manifest_folder.hpp"
#include "verbs.hpp"

namespace poolscaler::app {
namespace {

using testing::HasSubstr;

class Validate : public ManifestFolder {
 protected:
  int run(std::vector<std::string> files, OutputFormat output = OutputFormat::Text) {
    std::ostringstream out;
    const auto code = validate({.files = std::move(files), .output = output}, out);
    told = out.str();
    return code;
  }
  std::string told;
};

TEST_F(Validate, IsContentWithValidManifestsAndSkipsForeignOnes) {
  auto other = policy("b");
  other.replace(other.find("name: web"), 9, "name: api");
  const auto file =
      write("a.yaml", policy("a") + "---\napiVersion: v1\nkind: Service\n---\n" + other);
  EXPECT_EQ(run({file}), 0);
  EXPECT_EQ(told, "2 valid, 0 with errors, 1 of other kinds not looked at\n");
}

TEST_F(Validate, NamesFileLineObjectFieldAndRemedy) {
  const auto file = write("a.yaml", policy("a") + "---\n" + policy("b", "minReplicas: 11"));
  EXPECT_EQ(run({file}), 1);
  EXPECT_THAT(told, HasSubstr(file + ":18: ScalingPolicy 'shop/b': spec.minReplicas is 11, must "
                                     "be at most `maxReplicas`: lower `minReplicas`"));
}

std::string pool(const std::string& name, const std::string& groups) {
  return "---\napiVersion: poolscaler.dev/v1alpha1\nkind: AcceleratorPool\nmetadata: {name: " +
         name + "}\nspec:\n  accelerator: {resource: nvidia.com/gpu, perNode: 8}\n" +
         "  nodeGroups:\n" + groups;
}

TEST_F(Validate, WarnsOfGroupsThatClaimTheSameNodes) {
  const std::string labels =
      "maxNodes: 3, price: \"1\", nodeSelector: [{key: a, value: x}, {key: b, value: z}]}\n";
  const std::string turned =
      "maxNodes: 3, price: \"2\", nodeSelector: [{key: b, value: z}, {key: a, value: x}]}\n";
  const std::string other = "maxNodes: 3, price: \"1\", nodeSelector: [{key: a, value: x}]}\n";
  EXPECT_EQ(run({write("a.yaml", pool("p", "    - {name: one, " + labels + "    - {name: two, " +
                                                other) +
                                     pool("q", "    - {name: one, " + turned))}),
            0);
  EXPECT_THAT(told, HasSubstr("AcceleratorPool 'q': warning: spec.nodeGroups[0].nodeSelector is"));
  EXPECT_THAT(told, HasSubstr("node group one of AcceleratorPool 'p' has the same"));
  EXPECT_EQ(told.find("warning: ", told.find("warning: ") + 1), std::string::npos) << told;
  const std::string object =
      "maxNodes: 3, price: \"1\", backendRef: {apiVersion: cluster.x-k8s.io/v1beta";
  const std::string named = ", kind: MachineDeployment, namespace: team, name: h100}}\n";
  EXPECT_EQ(run({write("b.yaml", pool("p", "    - {name: one, " + object + "1" + named) +
                                     pool("q", "    - {name: one, " + object + "2" + named))}),
            0);
  EXPECT_THAT(told, HasSubstr("AcceleratorPool 'q': warning: spec.nodeGroups[0].backendRef is"));
}

TEST_F(Validate, ReadsFoldersAndAllThatLiesBelow) {
  write("x/a.yaml", policy("a"));
  write("x/y/b.yml", policy("b"));
  write("x/c.json", R"({"apiVersion": "v1", "kind": "Service"})");
  write("x/readme.md", "no manifest: [");
  EXPECT_EQ(run({folder.string()}), 0);
  EXPECT_THAT(told, HasSubstr("2 valid, 0 with errors, 1 of other kinds"));
}

TEST_F(Validate, TellsMissingFilesFromBadOnes) {
  EXPECT_EQ(run({(folder / "none.yaml").string()}), 2);
  EXPECT_THAT(told, HasSubstr("none.yaml: cannot be opened"));
  EXPECT_EQ(run({folder.string()}), 1);
  EXPECT_THAT(told, HasSubstr("holds no .yaml, .yml or .json file"));
  const auto broken = write("broken.yaml", "a: 1\nb: [\n");
  EXPECT_EQ(run({broken}), 1);
  EXPECT_THAT(told, HasSubstr("broken.yaml:"));
}

TEST_F(Validate, RefusesVersionsAndKindsThatAreNotServed) {
  EXPECT_EQ(run({write("v.yaml", "apiVersion: poolscaler.dev/v9\nkind: ScalingPolicy\n")}), 1);
  EXPECT_THAT(told, HasSubstr("apiVersion is poolscaler.dev/v9, must be poolscaler.dev/v1alpha1"));
  EXPECT_EQ(run({write("k.yaml", "apiVersion: poolscaler.dev/v1alpha1\nkind: Policy\n")}), 1);
  EXPECT_THAT(told, HasSubstr("kind is Policy, must be one of ScalingPolicy, MetricSource,"));
}

std::string policy_with(const std::string& lines) {
  return R"(apiVersion: poolscaler.dev/v1alpha1
kind: ScalingPolicy
metadata: {name: a, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 10
  )" + lines + "\n";
}

std::string signals(const std::string& list) {
  return "minReplicas: 0\n  signals: " + list;
}

TEST_F(Validate, WarnsOfAPolicyThatNothingWakes) {
  const std::string at_zero =
      "[{name: own, metricSourceRef: {name: p}, preset: {name: vllm-queue}}, "
      "{name: busy, resource: {name: cpu}, target: {type: Utilization, value: '0.5'}}, "
      "{name: kv, metricSourceRef: {name: p}, metric: {name: 'vllm:num_requests_waiting'}, "
      "target: {type: PerReplica, value: 10}}";
  EXPECT_EQ(run({write("w.yaml", policy_with(signals(at_zero + "]")))}), 0);
  EXPECT_THAT(told, HasSubstr("ScalingPolicy 'shop/a': warning: spec.minReplicas is 0, lets the "
                              "target go to zero, from where no demand can wake it"));
  EXPECT_THAT(told, HasSubstr("'own' has preset vllm-queue, which the replicas themselves export, "
                              "'busy' reads what the pods use, 'kv' reads "
                              "vllm:num_requests_waiting"));
  EXPECT_THAT(told, HasSubstr("1 valid, 0 with errors"));
  EXPECT_EQ(run({folder.string()}, OutputFormat::Json), 0);
  const auto out = nlohmann::json::parse(told);
  EXPECT_EQ(out["warnings"].size(), 1U);
  EXPECT_EQ(out["warnings"][0]["field"], "spec.minReplicas");
  EXPECT_EQ(out["errors"].size(), 0U);
  for (const auto& awake :
       {signals(at_zero + ", {name: q, metricSourceRef: {name: p}, preset: {name: router-wake}}]"),
        signals(at_zero + ", {name: q, metricSourceRef: {name: p}, metric: {name: queue}, target: "
                          "{type: PerReplica, value: 1}}]"),
        signals(at_zero + "]\n  schedule: [{name: day, start: '0 8 * * *', end: '0 18 * * *', "
                          "floor: 1}]"),
        "minReplicas: 1\n  signals: " + at_zero + "]"}) {
    EXPECT_EQ(run({write("w.yaml", policy_with(awake))}), 0);
    EXPECT_EQ(told.find("no demand can wake it"), std::string::npos) << told;
  }
}

TEST_F(Validate, WarnsOfPercentWhereARatioIsMeant) {
  const auto of = [&](const std::string& value) {
    EXPECT_EQ(run({write("p.yaml", policy_with("minReplicas: 1\n  signals: [{name: busy, resource: "
                                               "{name: cpu}, target: {type: Utilization, value: " +
                                               value + "}}]"))}),
              0);
    return told;
  };
  EXPECT_THAT(of("80"), HasSubstr("warning: spec.signals[0].target.value is 80, is 80 times what "
                                  "the pods request: a Utilization is a ratio: write 0.8 if 80 %"));
  EXPECT_EQ(of("'0.8'").find("warning"), std::string::npos);
  EXPECT_EQ(of("2").find("warning"), std::string::npos);
}

TEST_F(Validate, LooksAtWhatStandsAroundTheSpec) {
  const auto of = [&](const std::string& from, const std::string& to) {
    auto text = policy("a");
    text.replace(text.find(from), from.size(), to);
    (void)run({write("e.yaml", text)});
    return told;
  };
  const std::string metadata = "metadata: {name: a, namespace: shop}";
  ASSERT_THAT(policy("a"), HasSubstr(metadata));
  const auto around = [&](const std::string& more) {
    return of(metadata, "metadata: {name: a, namespace: shop, " + more + "}");
  };
  EXPECT_THAT(of(metadata, metadata + "\nSpec: {}"),
              HasSubstr("Spec is no field of an object: did you mean `spec`?"));
  EXPECT_THAT(of("namespace: shop", "namespace: Shop_X"),
              HasSubstr("metadata.namespace is \"Shop_X\", must be lower-case letters"));
  EXPECT_THAT(around("lables: {a: b}"), HasSubstr("metadata.lables is no field of an object: did "
                                                  "you mean `labels`?"));
  EXPECT_THAT(around("labels: {'a b': c}"), HasSubstr("metadata.labels[a b] is \"a b\", must be "));
  EXPECT_THAT(around("labels: {team: 7}"),
              HasSubstr("metadata.labels[team] is 7, must be text: put it in quotes"));
  EXPECT_THAT(around("labels: {team: " + std::string(64, 'x') + "}"), HasSubstr("at most 63"));
  EXPECT_THAT(around("annotations: {n: 7}"), HasSubstr("metadata.annotations[n] is 7, must be"));
  EXPECT_THAT(around("labels: {team: '', example.com/a: B_1.c}, annotations: {a: 'any thing'}, "
                     "resourceVersion: '7'"),
              HasSubstr("1 valid, 0 with errors"));
}

TEST_F(Validate, WarnsOfSignalsThatNeverLetGo) {
  const auto of = [&](const std::string& more) {
    EXPECT_EQ(run({write("w.yaml",
                         policy_with("minReplicas: 0\n  signals: [{name: queue, metricSourceRef: "
                                     "{name: p}, metric: {name: q}, target: {type: PerReplica, "
                                     "value: 5}}, {name: cpu, resource: {name: cpu}, target: "
                                     "{type: Utilization, value: '0.6'}" + more + "}]"))}),
              0)
        << told;
    return told;
  };
  EXPECT_THAT(of(""), HasSubstr("warning: spec.signals[1].activation.above is 0, keeps the target "
                                "from zero for ever: pods that run use some cpu"));
  EXPECT_EQ(of(", activation: {above: '0.1'}").find("warning"), std::string::npos) << told;
}

TEST_F(Validate, WarnsOfFormulasWithoutAResult) {
  const auto of = [&](const std::string& formula) {
    EXPECT_EQ(run({write("f.yaml", policy_with("minReplicas: 1\n  combine: Formula\n  formula: "
                                               "{expression: '" + formula +
                                               "'}\n  signals: [{name: queue, resource: {name: "
                                               "cpu}}]"))}),
              0)
        << told;
    return told;
  };
  EXPECT_THAT(of("1 + queue / 0"), HasSubstr("warning: spec.formula.expression is \"1 + queue / "
                                             "0\", character 11: divides by 0 always"));
  EXPECT_THAT(of("clamp(queue, 5, 1)"),
              HasSubstr("character 1: clamps to a lowest of 5 above a highest of 1"));
  for (const auto* fine : {"queue / (queue > 1 && queue)", "clamp(queue, 1, 5)", "0 / queue"})
    EXPECT_EQ(of(fine).find("warning"), std::string::npos) << told;
}

TEST_F(Validate, WarnsOfPricesThatAreNone) {
  EXPECT_EQ(run({write("c.yaml", "apiVersion: poolscaler.dev/v1alpha1\nkind: PriceCatalog\n"
                                 "metadata: {name: p}\nspec:\n  source: x\n"
                                 "  asOf: '2026-11-01T00:00:00Z'\n"
                                 "  rows:\n  - {provider: a, region: r, instanceType: b, "
                                 "onDemand: '0.00', spot: '0.01'}\n")}),
            0)
      << told;
  EXPECT_THAT(told, HasSubstr("warning: spec.rows[0].onDemand is 0.00, is taken for unknown, and "
                              "nothing grows on it: write what it costs, or leave it out"));
  EXPECT_EQ(told.find("rows[0].spot"), std::string::npos);
}

TEST_F(Validate, WarnsOfWhatTheOperatorTakesNothingFrom) {
  EXPECT_EQ(run({write("c.yaml", "apiVersion: poolscaler.dev/v1alpha1\nkind: PriceCatalog\n"
                                 "metadata: {name: p}\nspec:\n  source: x\n"
                                 "  asOf: '2999-11-01T00:00:00Z'\n"
                                 "  rows:\n  - {provider: a, region: r, instanceType: b, "
                                 "onDemand: '1'}\n")}),
            0)
      << told;
  EXPECT_THAT(told, HasSubstr("warning: spec.asOf is 2999-11-01T00:00:00Z, is in the future"));
  EXPECT_EQ(run({write("p.yaml", "apiVersion: poolscaler.dev/v1alpha1\nkind: AcceleratorPool\n"
                                 "metadata: {name: p}\nspec:\n  accelerator: {resource: "
                                 "nvidia.com/gpu, perNode: 8}\n  nodeGroups:\n  - {name: a, "
                                 "capacityType: OnDemand, maxNodes: 2, price: '1', nodeSelector: "
                                 "[{key: a, value: b}], backendRef: {apiVersion: foo.io/v1, kind: "
                                 "Bar, namespace: shop, name: x}}\n")}),
            0)
      << told;
  EXPECT_THAT(told, HasSubstr("warning: spec.nodeGroups[0].backendRef is foo.io/v1 Bar, is of no "
                              "kind that is known as a node group"));
}

TEST_F(Validate, WarnsOfTwoPoliciesOfOneTarget) {
  EXPECT_EQ(run({write("two.yaml", policy("a") + "---\n" + policy("b"))}), 0) << told;
  EXPECT_THAT(told, HasSubstr("ScalingPolicy 'shop/b': warning: spec.scaleTargetRef is "));
  EXPECT_THAT(told, HasSubstr("is scaled by ScalingPolicy 'shop/a', too"));
}

TEST_F(Validate, WarnsOfAGroupThatIsNotOurs) {
  auto text = policy("a");
  text.replace(text.find("poolscaler.dev"), 14, "poolscaler.io");
  EXPECT_EQ(run({write("io.yaml", text)}), 0) << told;
  EXPECT_THAT(told, HasSubstr("warning: apiVersion is poolscaler.io/v1alpha1, is no group of this "
                              "operator, which looks at no such object: write poolscaler.dev/"));
}

TEST_F(Validate, SaysThatThereIsNothing) {
  const auto empty = write("empty.yaml", "");
  const auto comments = write("comments.yaml", "# nothing\n---\n");
  EXPECT_EQ(run({empty, comments}), 1);
  EXPECT_THAT(told, HasSubstr(empty + ": there is no object in it: check that this is the right"));
  EXPECT_THAT(told, HasSubstr(comments + ": there is no object in it"));
  EXPECT_THAT(told, HasSubstr("0 valid, 2 with errors"));
  EXPECT_EQ(run({folder.string()}), 1);
  EXPECT_THAT(told, HasSubstr(folder.string() + ": there is no object in it"));
  // Of a folder a file may be empty, as a template can make it.
  write("a.yaml", policy("a"));
  EXPECT_EQ(run({folder.string()}), 0);
  EXPECT_EQ(run({empty}, OutputFormat::Json), 1);
  EXPECT_EQ(nlohmann::json::parse(told)["errors"][0]["file"], empty);
}

TEST_F(Validate, RefusesTheSameObjectTwiceAndNamesBothPlaces) {
  const auto first = write("a.yaml", policy("a") + "---\n" + policy("b"));
  const auto second = write("b.yaml", "---\n" + policy("c") + "---\n" + policy("b"));
  EXPECT_EQ(run({first, second}), 1);
  EXPECT_THAT(told, testing::ContainsRegex(
                        "b.yaml:[0-9]+: ScalingPolicy 'shop/b': metadata.name is b, must not be "
                        "given twice: the same object is at [^ ]*a.yaml:[0-9]+, leave one out"));
  EXPECT_THAT(told, HasSubstr("3 valid, 1 with errors"));
  EXPECT_EQ(run({first, first}), 0);  // the same place, read twice
  auto elsewhere = policy("a");
  elsewhere.replace(elsewhere.find("shop"), 4, "home");
  EXPECT_EQ(run({first, write("c.yaml", elsewhere)}), 0);
}

TEST_F(Validate, ReadsAFileOnceByWhateverSpelling) {
  const auto file = write("m/a.yaml", policy("a"));
  const auto again = (folder / "m" / ".." / "m" / "." / "a.yaml").string();
  std::filesystem::create_symlink(file, folder / "link.yaml");
  EXPECT_EQ(run({file, again, (folder / "m").string(), (folder / "link.yaml").string()}), 0);
  EXPECT_EQ(told, "1 valid, 0 with errors, 0 of other kinds not looked at\n");
  EXPECT_EQ(run({folder.string(), again}), 0);
  EXPECT_THAT(told, HasSubstr("1 valid, 0 with errors"));
  const auto empty = write("empty.yaml", "");
  EXPECT_EQ(run({empty, empty}), 1);
  EXPECT_THAT(told, HasSubstr("0 valid, 1 with errors"));
}

TEST_F(Validate, WantsAName) {
  EXPECT_EQ(run({write("n.yaml", policy("''"))}), 1);
  EXPECT_THAT(told, HasSubstr("metadata.name is required"));
}

TEST_F(Validate, SaysTheSameAsJson) {
  const auto file = write("a.yaml", policy("a", "minReplicas: -1") + "---\nkind: Other\n");
  EXPECT_EQ(run({file}, OutputFormat::Json), 1);
  const auto out = nlohmann::json::parse(told);
  EXPECT_EQ(out["valid"], 0);
  EXPECT_EQ(out["invalid"], 1);
  EXPECT_EQ(out["errors"][0]["field"], "spec.minReplicas");
  EXPECT_EQ(out["errors"][0]["line"], 5);
  EXPECT_EQ(out["errors"][0]["name"], "a");
  EXPECT_EQ(out["skipped"].size(), 1U);
}

}  // namespace
}  // namespace poolscaler::app
