// The catalogue of AcceleratorPool.spec, and how kubectl shows one. What must hold between its
// fields is in accelerator_pool_rules.cpp.
#include <iterator>

#include "accelerator_pool.hpp"
#include "poolscaler/api/pool_status.hpp"

namespace poolscaler::api {
namespace {

using enum FieldType;

constexpr Field pool_fields[] = {
    {.path = "spec",
     .type = Object,
     .required = true,
     .doc = "Accelerators of one kind, and the groups of nodes that they are on."},
    {.path = "spec.mode",
     .type = Enum,
     .values = "Automatic|Recommend",
     .default_json = "\"Automatic\"",
     .example = "Recommend",
     .doc = "`Automatic` decides how many nodes there are and asks for them. `Recommend` decides "
            "and reports the same, but asks for no node and drains none."},
    {.path = "spec.currency",
     .type = Enum,
     .values = known_currencies,
     .default_json = "\"USD\"",
     .example = "EUR",
     .doc = "Of all prices and limits of this pool, and of `cost` of the policies that draw on it "
            "(ISO 4217). Amounts are not converted: prices of another currency are unknown."},
    {.path = "spec.accelerator",
     .type = Object,
     .required = true,
     .doc = "What the pool has."},
    {.path = "spec.accelerator.resource",
     .type = Text,
     .required = true,
     .min = 3,
     .max = 128,
     .syntax = Syntax::ResourceName,
     .example = "nvidia.com/gpu",
     .doc = "The extended resource that pods request and nodes advertise: `nvidia.com/gpu`, a MIG "
            "profile such as `nvidia.com/mig-1g.5gb`, `habana.ai/gaudi`, `amd.com/gpu`, "
            "`google.com/tpu`, `aws.amazon.com/neuron`."},
    {.path = "spec.accelerator.perNode",
     .type = Integer,
     .required = true,
     .min = 1,
     .max = 1024,
     .example = "8",
     .doc = "How many of them a node has, as it advertises them: time-sliced replicas count each. "
            "It says what a node that is not there yet will have."},
    {.path = "spec.accelerator.product",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "H100-SXM",
     .doc = "What they are, for people."},
    {.path = "spec.nodeGroups",
     .type = List,
     .required = true,
     .min = 1,
     .max = node_groups_max,
     .list = ListType::Map,
     .key = "name",
     .doc = "Where the nodes come from. Groups that are paid already (`Reserved`) are used first, "
            "the others as `mix` says."},
    {.path = "spec.nodeGroups[].name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::DnsLabel,
     .example = "spot-a",
     .doc = "Name of the group, unique within the pool; status and events speak of it by this."},
    {.path = "spec.nodeGroups[].capacityType",
     .type = Enum,
     .values = "OnDemand|Spot|Reserved",
     .default_json = "\"OnDemand\"",
     .example = "Spot",
     .doc = "How its nodes are paid for. `Reserved`: whether they are used or not, so one more "
            "costs nothing more."},
    {.path = "spec.nodeGroups[].backendRef",
     .type = Object,
     .doc = "The object that says how many nodes the group has: a NodePool, a MachineDeployment, "
            "a MachinePool and others (docs/reference/backends.md). Where the object says that an "
            "autoscaler sets its count, nodes come for pods, as with `growth: PendingPods`, and it "
            "is never written. Without it the nodes are observed and billed, and nobody is asked "
            "for more or fewer."},
    {.path = "spec.nodeGroups[].backendRef.apiVersion",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 317,
     .syntax = Syntax::ApiVersion,
     .example = "cluster.x-k8s.io/v1beta2",
     .doc = "Group and version of the object."},
    {.path = "spec.nodeGroups[].backendRef.kind",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 63,
     .syntax = Syntax::KindWord,
     .example = "MachineDeployment",
     .doc = "Kind of the object."},
    {.path = "spec.nodeGroups[].backendRef.namespace",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::DnsLabel,
     .example = "clusters",
     .doc = "Namespace of the object; missing where its kind is cluster-scoped."},
    {.path = "spec.nodeGroups[].backendRef.name",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 253,
     .syntax = Syntax::DnsSubdomain,
     .example = "h100-spot",
     .doc = "Name of the object."},
    {.path = "spec.nodeGroups[].paths",
     .type = Object,
     .doc = "Where a kind that poolscaler does not know keeps its numbers; for one that it knows "
            "this is not needed."},
    {.path = "spec.nodeGroups[].paths.desired",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 256,
     .syntax = Syntax::FieldPath,
     .example = "spec.scaling.desiredSize",
     .doc = "The field that is written: how many nodes there should be. Lies below `spec`."},
    {.path = "spec.nodeGroups[].paths.min",
     .type = Text,
     .min = 1,
     .max = 256,
     .syntax = Syntax::FieldPath,
     .example = "spec.scaling.minSize",
     .doc = "The lower bound that the object itself has, where it has one."},
    {.path = "spec.nodeGroups[].paths.max",
     .type = Text,
     .min = 1,
     .max = 256,
     .syntax = Syntax::FieldPath,
     .example = "spec.scaling.maxSize",
     .doc = "The upper bound that the object itself has, where it has one."},
    {.path = "spec.nodeGroups[].paths.observed",
     .type = Text,
     .min = 1,
     .max = 256,
     .syntax = Syntax::FieldPath,
     .example = "status.currentSize",
     .doc = "How many nodes there are, as the object says."},
    {.path = "spec.nodeGroups[].growth",
     .type = Enum,
     .values = "PendingPods",
     .example = "PendingPods",
     .doc = "`PendingPods`: something else, such as a cluster autoscaler, brings nodes for pods "
            "that wait for them, and removes them when they are empty. Nobody is asked for a node: "
            "replicas are granted beyond what is free, up to `maxNodes`, the bounds of "
            "`backendRef` where there is one, and what budgets admit. Missing: as the object of "
            "`backendRef` says."},
    {.path = "spec.nodeGroups[].zones",
     .type = Integer,
     .min = 1,
     .max = 16,
     .default_json = "1",
     .example = "3",
     .doc = "Over how many zones the group is spread, where its object counts nodes per zone."},
    {.path = "spec.nodeGroups[].minNodes",
     .type = Integer,
     .min = 0,
     .max = 10'000,
     .default_json = "0",
     .unit = "nodes",
     .example = "1",
     .doc = "Never fewer nodes than this."},
    {.path = "spec.nodeGroups[].maxNodes",
     .type = Integer,
     .required = true,
     .min = 0,
     .max = 10'000,
     .unit = "nodes",
     .example = "10",
     .doc = "Never more nodes than this. Must be at least `minNodes`."},
    {.path = "spec.nodeGroups[].price",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .unit = "per hour",
     .example = "\"98.32\"",
     .doc = "Of one node; wins over every PriceCatalog. Missing: the catalogues say it."},
    {.path = "spec.nodeGroups[].provider",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "aws",
     .doc = "For the catalogues, where no node of the group is there yet to say it."},
    {.path = "spec.nodeGroups[].instanceType",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "p5.48xlarge",
     .doc = "For the catalogues, where no node of the group is there yet to say it."},
    {.path = "spec.nodeGroups[].region",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "us-east-1",
     .doc = "For the catalogues, where no node of the group is there yet to say it."},
    {.path = "spec.nodeGroups[].zone",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "us-east-1a",
     .doc = "For the catalogues, where no node of the group is there yet to say it. Missing: the "
            "price of the region."},
    {.path = "spec.nodeGroups[].commitment",
     .type = Text,
     .min = 1,
     .max = 63,
     .syntax = Syntax::PrintableText,
     .example = "1y",
     .doc = "Which of the commitments in a catalogue a `Reserved` group is paid by. Missing: the "
            "dearest."},
    {.path = "spec.nodeGroups[].nodeSelector",
     .type = List,
     .min = 0,
     .max = 16,
     .list = ListType::Map,
     .key = "key",
     .doc = "A node belongs to the group when it has all of these labels. Missing: by the labels "
            "that the kind of `backendRef` is known to put on its nodes."},
    {.path = "spec.nodeGroups[].nodeSelector[].key",
     .type = Text,
     .required = true,
     .min = 1,
     .max = 317,
     .syntax = Syntax::LabelKey,
     .example = "example.com/node-group",
     .doc = "Key of the label."},
    {.path = "spec.nodeGroups[].nodeSelector[].value",
     .type = Text,
     .required = true,
     .min = 0,
     .max = 63,
     .syntax = Syntax::LabelText,
     .example = "h100-spot",
     .doc = "Value of the label."},
    {.path = "spec.mix",
     .type = Object,
     .default_json = "{}",
     .doc = "Which groups the nodes are taken from that are not reserved."},
    {.path = "spec.mix.strategy",
     .type = Enum,
     .values = "Cheapest|SpotFirst|OnDemandFirst",
     .default_json = "\"Cheapest\"",
     .example = "SpotFirst",
     .doc = "`Cheapest`: whichever of spot and on demand costs less, its interruptions reckoned "
            "in. `SpotFirst` and `OnDemandFirst`: these before the others."},
    {.path = "spec.mix.maxSpotPercent",
     .type = Integer,
     .min = 0,
     .max = 100,
     .default_json = "100",
     .unit = "percent",
     .example = "70",
     .doc = "At most so much of the nodes that are not reserved is on spot."},
    {.path = "spec.mix.minOnDemandNodes",
     .type = Integer,
     .min = 0,
     .max = 10'000,
     .default_json = "0",
     .unit = "nodes",
     .example = "1",
     .doc = "So many nodes are on demand before any is on spot."},
    {.path = "spec.scaleDown",
     .type = Object,
     .default_json = "{}",
     .doc = "When a node is given back."},
    {.path = "spec.scaleDown.idleAfterSeconds",
     .type = Integer,
     .min = 0,
     .max = 86'400,
     .default_json = "600",
     .unit = "seconds",
     .example = "300",
     .doc = "A node on which no pod has had an accelerator for this long is emptied and given "
            "back, down to `minNodes` and `warm`."},
    {.path = "spec.scaleDown.drainTimeoutSeconds",
     .type = Integer,
     .min = 10,
     .max = 86'400,
     .default_json = "900",
     .unit = "seconds",
     .example = "1800",
     .doc = "How long its pods have to leave, as their PodDisruptionBudgets let them. A node that "
            "is not empty by then stays, and that is said."},
    {.path = "spec.limits",
     .type = Object,
     .default_json = "{}",
     .doc = "Of all groups together."},
    {.path = "spec.limits.maxNodes",
     .type = Integer,
     .min = 0,
     .max = 100'000,
     .unit = "nodes",
     .example = "12",
     .doc = "Never more nodes than this. At least what `minNodes` of the groups come to."},
    {.path = "spec.limits.maxHourly",
     .type = Text,
     .min = 1,
     .max = 19,
     .syntax = Syntax::Money,
     .unit = "per hour",
     .example = "\"800\"",
     .doc = "Never more than this for all nodes together."},
};

constexpr Column pool_columns[] = {
    {.name = "Resource",
     .type = "string",
     .json_path = ".spec.accelerator.resource",
     .doc = "What the pool has."},
    {.name = "Nodes",
     .type = "integer",
     .json_path = ".status.nodes.total",
     .doc = "Nodes that exist."},
    {.name = "Ready nodes",
     .type = "integer",
     .json_path = ".status.nodes.ready",
     .doc = "Nodes that can take pods."},
    {.name = "Accelerators",
     .type = "integer",
     .json_path = ".status.accelerators.capacity",
     .doc = "Accelerators of the nodes that are ready."},
    {.name = "Allocated",
     .type = "integer",
     .json_path = ".status.accelerators.allocated",
     .doc = "Accelerators in use."},
    {.name = "Pending",
     .type = "integer",
     .json_path = ".status.accelerators.pending",
     .doc = "Accelerators that pods wait for."},
    {.name = "$/h",
     .type = "string",
     .json_path = ".status.cost.hourly",
     .doc = "What the nodes cost an hour, in the pool's currency."},
    {.name = "Reason",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].reason",
     .doc = "Why, in one word."},
    {.name = "Ready",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].status",
     .doc = "Whether the pool works."},
    {.name = "Age",
     .type = "date",
     .json_path = ".metadata.creationTimestamp",
     .doc = "Time since the pool was created."},
    {.name = "Today",
     .type = "string",
     .json_path = ".status.cost.today",
     .priority = 1,
     .doc = "What the nodes have cost since midnight (UTC)."},
    {.name = "Month",
     .type = "string",
     .json_path = ".status.cost.month",
     .priority = 1,
     .doc = "What the nodes have cost since the first of the month (UTC)."},
    {.name = "Message",
     .type = "string",
     .json_path = ".status.conditions[?(@.type==\"Ready\")].message",
     .priority = 1,
     .doc = "Why, in one sentence."},
};

constexpr std::string_view pool_example = R"(apiVersion: poolscaler.dev/v1alpha1
kind: AcceleratorPool
metadata:
  name: h100
spec:
  accelerator:
    resource: nvidia.com/gpu
    perNode: 8
    product: H100-SXM
  nodeGroups:
    - name: reserved
      capacityType: Reserved
      backendRef:
        apiVersion: cluster.x-k8s.io/v1beta2
        kind: MachineDeployment
        namespace: clusters
        name: h100-reserved
      minNodes: 1
      maxNodes: 2
      price: "61.4"
    - name: on-demand
      backendRef:
        apiVersion: karpenter.sh/v1
        kind: NodePool
        name: h100
      maxNodes: 6
      instanceType: p5.48xlarge
      region: us-east-1
  warm:
    schedule:
      - name: office-hours
        start: "0 8 * * mon-fri"
        end: "0 18 * * mon-fri"
        timeZone: Europe/Berlin
        nodes: 1
  limits:
    maxHourly: "400"
)";

std::span<const Field> all_fields() {
  static const auto all = [] {
    std::vector<Field> rows(std::begin(pool_fields), std::end(pool_fields));
    const auto warm = warm_fields();
    rows.insert(rows.end(), warm.begin(), warm.end());
    return rows;
  }();
  return all;
}

}  // namespace

const KindTable& accelerator_pool_table() {
  static const KindTable table{
      .names = {.kind = "AcceleratorPool",
                .plural = "acceleratorpools",
                .singular = "acceleratorpool",
                .short_name = "apool",
                .page = "accelerator-pool",
                .namespaced = false},
      .doc = "AcceleratorPool says which accelerators policies share, which groups of nodes they "
             "are on, how many nodes each may have and what they cost. The platform team declares "
             "it; policies draw on it by `poolRef`.",
      .example = pool_example,
      .spec = all_fields(),
      .status = pool_status_fields(),
      .rules = accelerator_pool_rules(),
      .columns = pool_columns};
  return table;
}

}  // namespace poolscaler::api
