// What is kept of the nodes of a cluster, and of the pods that take accelerators of them: as much
// as the price of nodes, their group and their room need, and no more. An accelerator is a resource
// by name, whoever makes it: nvidia.com/gpu, nvidia.com/mig-1g.5gb, habana.ai/gaudi, amd.com/gpu.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/money/price.hpp"

namespace poolscaler::capacity {

struct ResourceCount {
  std::string resource;
  std::int64_t count;
  auto operator<=>(const ResourceCount&) const = default;
};
/// Extended resources alone, each once, by name.
using Resources = std::vector<ResourceCount>;

/// 0 where it is not there.
[[nodiscard]] std::int64_t count_of(const Resources& resources, std::string_view resource);
/// Adds to what is there; saturates.
void add(Resources& resources, std::string_view resource, std::int64_t count);
/// Whether the name is one of an extended resource, and not of Kubernetes' own.
[[nodiscard]] bool is_extended(std::string_view resource);

/// Which object of Cluster API has made a node, as the node says; empty where none has.
struct NodeOwner {
  std::string ns{};
  std::string kind{};  // MachineSet, MachinePool
  std::string name{};
  std::string machine{};
  auto operator<=>(const NodeOwner&) const = default;
};

struct Node {
  std::string name;
  std::string uid;
  std::string provider_id{};
  money::Labels labels{};
  NodeOwner owner{};
  Instant created{};
  bool ready = false;
  bool cordoned = false;
  bool cordoned_by_us = false;
  std::optional<Instant> cordoned_since{};  // by us
  bool deleting = false;
  std::string interruption{};  // what says that it will be taken away; empty: nothing does
  Resources capacity{};
  Resources allocatable{};
  bool operator==(const Node&) const = default;
};

/// A pod that takes accelerators, or waits for some.
struct Pod {
  /// Index into the nodes of the cluster; nothing while it waits for one.
  std::optional<std::size_t> node{};
  std::shared_ptr<const Resources> accelerators{};
  /// Index of the policy that scales it; nothing: no policy of a pool does.
  std::optional<std::size_t> policy{};
  std::size_t ns = 0;    // index of its namespace
  bool daemon = false;  // of a DaemonSet, or static: it does not keep a node busy
  bool unschedulable = false;
  Instant created{};
};

struct Cluster {
  std::vector<std::shared_ptr<const Node>> nodes{};  // by name
  std::vector<Pod> pods{};
  std::vector<std::string> namespaces{};
};

/// A taint, or a condition with its status in place of the value.
struct Mark {
  std::string_view key;
  std::string_view value;
};

/// What a node says of itself.
struct Marks {
  std::span<const Mark> taints{};
  std::span<const Mark> conditions{};
  const money::Labels& labels;
};

/// Why the node will be taken away soon, by the first of the known rules that fits; empty: nothing
/// says so. The rules are data (interruption.cpp).
[[nodiscard]] std::string interruption_of(const Marks& marks);

/// How nodes of a group may be removed one by one.
enum class Removal {
  Named,       // the node that is named goes
  EmptyFirst,  // one without pods goes, nobody knows which
  AllEmpty     // any may go: only a group of which every node is empty can shrink
};

/// What is wrong, and what to do.
struct Finding {
  std::string words;
  std::string remedy;
  bool operator==(const Finding&) const = default;
};

/// What the object behind a node group says.
struct GroupFacts {
  std::string object{};  // which one it is, in words; empty: there is none
  std::optional<std::int64_t> desired{};  // nothing: it does not say, or there is none
  std::optional<std::int64_t> least{};    // its own bounds
  std::optional<std::int64_t> most{};
  /// It takes no count: its nodes come for the pods that wait for them, and go as they leave.
  bool follows_pods = false;
  std::string busy{};  // why it may not be written at the moment; empty: it may
  std::optional<Finding> trouble{};
  std::optional<Finding> bounds{};  // they contradict those of the group: it gets no more nodes
  std::int64_t step = 1;                  // counts are multiples of it
  /// By these labels, or else by its name or by its owner, a node is known as the group's, unless
  /// the group says so itself by its nodeSelector. A MachineDeployment owns by its MachineSets.
  std::vector<LabelValue> node_labels{};
  std::vector<std::string> node_names{};
  NodeOwner owner{};  // its machine says nothing
  Removal removal = Removal::AllEmpty;
};

}  // namespace poolscaler::capacity
