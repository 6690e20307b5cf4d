// A cluster of 5,000 nodes with accelerators and 50,000 pods, as the operator keeps it: its memory,
// and how long one answer takes - survey, ledgers, arbitration, plan - with 1,000 policies over 20
// pools. `bench_pools [nodes] [pods] [policies]`; objects have the size that they have in clusters.

#include <fmt/format.h>
#include <malloc.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <unistd.h>

#include "poolscaler/base/time.hpp"
#include "poolscaler/capacity/plan.hpp"
#include "poolscaler/controllers/cluster_state.hpp"

namespace poolscaler {
namespace {

using json = nlohmann::json;
using controllers::ClusterState;

constexpr int pools = 20;

double resident_mib() {
  malloc_trim(0);
  long pages = 0;
  long resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

json node_object(int i) {
  json labels = {{"pool", fmt::format("pool-{}", i % pools)},
                 {"node.kubernetes.io/instance-type", "p5.48xlarge"},
                 {"topology.kubernetes.io/region", "us-east-1"},
                 {"topology.kubernetes.io/zone", fmt::format("us-east-1{}", "abc"[i % 3])},
                 {"karpenter.sh/capacity-type", "on-demand"},
                 {"kubernetes.io/hostname", fmt::format("ip-10-0-{}-{}", i / 250, i % 250)}};
  for (int n = 0; n < 25; ++n)
    labels[fmt::format("example.com/feature-{}", n)] = fmt::format("value-of-the-label-{}", n);
  for (int n = 0; n < 40; ++n)
    labels[fmt::format("feature.node.kubernetes.io/cpu-cpuid.{}", n)] = "true";
  json images = json::array();
  for (int n = 0; n < 30; ++n) images.push_back({{"names", {fmt::format("image-{}:1", n)}}});
  return {{"metadata",
           {{"name", fmt::format("ip-10-0-{}-{}.ec2.internal", i / 250, i % 250)},
            {"uid", fmt::format("7a1b2c3d-0000-4000-8000-{:012}", i)},
            {"resourceVersion", std::to_string(1000 + i)},
            {"creationTimestamp", "2026-11-02T09:00:00Z"},
            {"labels", labels}}},
          {"spec", {{"providerID", fmt::format("aws:///us-east-1a/i-{:017}", i)}}},
          {"status",
           {{"conditions", json::array({{{"type", "Ready"}, {"status", "True"}}})},
            {"capacity", {{"cpu", "192"}, {"nvidia.com/gpu", "8"}}},
            {"allocatable", {{"cpu", "190"}, {"nvidia.com/gpu", "8"}}},
            {"images", images}}}};
}

json pod_object(int i, int nodes, int policies) {
  const int node = i % nodes;
  const bool accelerated = i / nodes < 8;
  json container = {{"name", "main"}};
  if (accelerated) container["resources"]["limits"]["nvidia.com/gpu"] = "1";
  const auto app = fmt::format("model-{}", i % policies);
  return {{"metadata",
           {{"name", fmt::format("{}-7d4b9c6f5-{:05}", app, i)},
            {"namespace", fmt::format("team-{}", i % policies % 50)},
            {"uid", fmt::format("9f8e7d6c-0000-4000-8000-{:012}", i)},
            {"creationTimestamp", "2026-11-02T10:00:00Z"},
            {"labels",
             {{"app", accelerated ? app : "agent-" + app},
              {"pod-template-hash", "7d4b9c6f5"},
              {"team", fmt::format("team-{}", i % 50)}}}}},
          {"spec",
           {{"nodeName", fmt::format("ip-10-0-{}-{}.ec2.internal", node / 250, node % 250)},
            {"containers", json::array({container})}}},
          {"status",
           {{"phase", "Running"},
            {"startTime", "2026-11-02T10:00:05Z"},
            {"conditions", json::array({{{"type", "Ready"},
                                         {"status", "True"},
                                         {"lastTransitionTime", "2026-11-02T10:01:00Z"}}})}}}};
}

json policy_object(int i) {
  return {{"metadata",
           {{"name", fmt::format("model-{}", i)},
            {"namespace", fmt::format("team-{}", i % 50)},
            {"uid", fmt::format("1a2b3c4d-0000-4000-8000-{:012}", i)},
            {"generation", 1}}},
          {"spec",
           {{"scaleTargetRef",
             {{"apiVersion", "apps/v1"},
              {"kind", "Deployment"},
              {"name", fmt::format("model-{}", i)}}},
            {"maxReplicas", 100},
            {"poolRef", {{"name", fmt::format("pool-{}", i % pools)}}},
            {"acceleratorsPerReplica", 1},
            {"signals",
             json::array({{{"name", "queue"},
                           {"metricSourceRef", {{"name", "prometheus"}}},
                           {"metric", {{"name", "queue"}}},
                           {"target", {{"type", "PerReplica"}, {"value", 10}}}}})}}}};
}

json deployment_object(int i) {
  return {{"metadata",
           {{"name", fmt::format("model-{}", i)},
            {"namespace", fmt::format("team-{}", i % 50)},
            {"uid", fmt::format("2a2b3c4d-0000-4000-8000-{:012}", i)},
            {"resourceVersion", "7"}}},
          {"spec",
           {{"replicas", 40},
            {"selector", {{"matchLabels", {{"app", fmt::format("model-{}", i)}}}}}}}};
}

AcceleratorPool pool_of(int i) {
  AcceleratorPool pool{.name = fmt::format("pool-{}", i),
                       .accelerator = {.resource = "nvidia.com/gpu", .per_node = 8},
                       .node_groups = {}};
  pool.node_groups.push_back({.name = "od",
                              .max_nodes = 1000,
                              .price = parse_hourly_rate("55.04").value(),
                              .node_selector = {{"pool", fmt::format("pool-{}", i)}}});
  return pool;
}

json pool_object(int i) {
  return {{"metadata",
           {{"name", fmt::format("pool-{}", i)},
            {"uid", fmt::format("p{}", i)},
            {"generation", 1}}},
          {"spec",
           {{"accelerator", {{"resource", "nvidia.com/gpu"}, {"perNode", 8}}},
            {"nodeGroups",
             json::array({{{"name", "od"},
                           {"maxNodes", 1000},
                           {"price", "55.04"},
                           {"nodeSelector",
                            json::array({{{"key", "pool"},
                                          {"value", fmt::format("pool-{}", i)}}})}}})}}}};
}

template <class Make>
void list(ChangeSink& sink, int count, Make make) {
  sink.replace_begin();
  for (int i = 0; i < count; ++i) sink.replace_item(make(i));
  sink.replace_end();
}

struct Timing {
  double snapshot = 0;
  double look = 0;
  double plan = 0;
};

template <class Work>
double milliseconds(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

Timing answer(const ClusterState& state, int policies, std::vector<capacity::PoolMemory>& memory) {
  const auto now = parse_rfc3339("2026-11-02T12:00:00Z").value();
  Timing timing;
  const auto keys = state.policy_keys();
  controllers::PoolSnapshot snapshot;
  timing.snapshot = milliseconds([&] { snapshot = state.pool_snapshot(keys); });
  std::vector<AcceleratorPool> specs;
  std::vector<capacity::PoolInput> inputs;
  for (int i = 0; i < pools; ++i) specs.push_back(pool_of(i));
  for (const auto& spec : specs)
    inputs.push_back(
        {.pool = &spec, .groups = {{.desired = 250, .removal = capacity::Removal::Named}}});
  std::vector<capacity::Asking> asking;
  for (std::size_t i = 0; i < keys.size(); ++i)
    asking.push_back({.draw = {.policy = keys[i].text(),
                               .pool = i % pools,
                               .accelerators = 1,
                               .replicas = 40},
                      .wanted = 40 + static_cast<std::int64_t>(i % 3)});
  const money::PriceBook prices({});
  const capacity::FleetInput fleet{.pools = inputs,
                                   .cluster = snapshot.cluster,
                                   .prices = prices,
                                   .asking = asking,
                                   .left_on = snapshot.left_on};
  capacity::Sight sight;
  timing.look = milliseconds([&] { sight = capacity::look(memory, fleet, now); });
  const std::vector<std::vector<std::size_t>> of_pool(pools);
  const std::vector<std::vector<std::size_t>> of_asking(asking.size());
  timing.plan = milliseconds([&] {
    (void)capacity::plan(memory, fleet, sight,
                         {.limits = {},
                          .of_pool = of_pool,
                          .of_asking = of_asking,
                          .pool_warned = std::vector<bool>(pools)},
                         now);
  });
  fmt::print("{} pods of {} policies with accelerators\n", snapshot.cluster.pods.size(), policies);
  return timing;
}

}  // namespace
}  // namespace poolscaler

int main(int argc, char** argv) {
  using namespace poolscaler;
  const int nodes = argc > 1 ? std::stoi(argv[1]) : 5'000;
  const int pods = argc > 2 ? std::stoi(argv[2]) : 50'000;
  const int policies = argc > 3 ? std::stoi(argv[3]) : 1'000;
  controllers::ClusterState state;
  const auto before = resident_mib();
  list(state.pods(), pods, [&](int i) { return pod_object(i, nodes, policies); });
  const auto with_pods = resident_mib();
  list(state.pools(), pools, pool_object);
  list(state.nodes(), nodes, node_object);
  const auto with_nodes = resident_mib();
  fmt::print("{} pods: {:.1f} MiB; {} nodes: {:.1f} MiB; the process: {:.1f} MiB\n", pods,
             with_pods - before, nodes, with_nodes - with_pods, with_nodes);
  list(state.targets({"apps/v1", "Deployment"}), policies, deployment_object);
  list(state.policies(), policies, policy_object);
  std::vector<capacity::PoolMemory> memory;
  for (int i = 0; i < 3; ++i) {
    const auto timing = answer(state, policies, memory);
    fmt::print("snapshot {:.1f} ms, survey {:.1f} ms, plan {:.1f} ms\n", timing.snapshot,
               timing.look, timing.plan);
  }
  return 0;
}
