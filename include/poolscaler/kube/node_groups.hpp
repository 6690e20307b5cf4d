// Node groups as objects of the Kubernetes API: what each kind of backend (Karpenter, Cluster API,
// the clouds' operators) calls its count, who else may own it, and how its nodes are told from
// others. One table of data, a row a kind; a kind that it lacks is described by the paths that the
// pool gives. Pure: objects in, readings and writes out.
//
// Invariants: what cannot be read is an Error that names object, path, value and remedy, never a
// number; a write is made only of a reading that allows it, is bound to that reading's version of
// the object, and changes the count alone (never a template, which would roll the group's nodes).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "poolscaler/base/result.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/kube/request.hpp"
#include "poolscaler/ports/cluster_writer.hpp"

namespace poolscaler::kube {

/// Which node goes when the count is lowered.
enum class NodeRemoval {
  Named,     // the one whose Machine was marked before (ClusterWriter::mark_machine)
  Emptiest,  // an empty one: so empty it, see that no other is empty, lower by as many as are
  Any        // nobody can tell: lower only when every node of the group is empty
};

enum class GroupTest {
  Is,         // is one of the values
  IsNot,      // is there, and none of the values
  Exists,     // is there, and not empty
  HasNone,    // is a list without any of the values
};

/// When the test at `path` holds, the object says `words`; what to do about it is `remedy`, where
/// anything is to be done.
struct GroupRule {
  std::string_view path{};
  std::string_view also{};  // must be there too
  GroupTest test = GroupTest::Exists;
  std::string_view values{};  // separated by '|'
  std::string_view words{};
  std::string_view remedy{};
};

/// A bound that the backend keeps of its own. `whole`: of all zones together where the count is
/// of one.
struct GroupBound {
  std::string_view path{};
  bool whole = false;
};

/// A kind of backend. Paths are as in field_path.hpp; an empty one is not there.
struct GroupKind {
  std::string_view called;  // "Karpenter NodePool"
  std::string_view group;   // of the API
  std::string_view version{};  // empty: every version that has no row of its own
  std::string_view kind;
  bool by_scale = false;  // written through the scale subresource: no right to the rest is needed
  std::string_view desired;
  bool may_lack_desired = false;  // then it follows pending pods, and takes no count
  bool per_zone = false;
  std::string_view zone_list{};  // whose length must be the group's `zones` where it is there
  std::array<GroupBound, 2> min{};  // the first that is there
  std::array<GroupBound, 2> max{};
  std::string_view limits{};  // resources that its nodes may have together
  std::string_view observed{};
  std::string_view ready{};
  NodeRemoval removal = NodeRemoval::Any;
  std::string_view label{};  // that its nodes have, with the text at the first path that is there
  std::array<std::string_view, 2> label_value{};
  std::string_view machine_owner{};  // kind that its nodes name as owner (Cluster API)
  std::string_view node_names{};     // a list of references to its nodes
  std::string_view hint_resource{};  // what a node of an empty group would advertise
  std::string_view hint_count{};
  /// Whoever owns the count then brings nodes for pods that wait, within `min` and `max`.
  std::array<GroupRule, 2> follows_pods{};
  std::array<GroupRule, 5> owned_elsewhere{};
  std::array<GroupRule, 4> busy{};
  std::array<GroupRule, 4> trouble{};
};

/// The table.
[[nodiscard]] std::span<const GroupKind> group_kinds();
/// docs/reference/backends.md.
[[nodiscard]] std::string group_kinds_page();
/// The row of this kind; null when it is not known.
[[nodiscard]] const GroupKind* group_kind_of(std::string_view api_version, std::string_view kind);

/// What a node of Cluster API says of itself; empty where it is none.
struct NodeOrigin {
  std::string machine_ns{};
  std::string machine{};
  std::string owner_kind{};  // MachineSet, MachinePool
  std::string owner{};
};
[[nodiscard]] NodeOrigin read_origin(const nlohmann::json& node);

/// How the nodes of a group are told from others: by all of the labels, or as named, or by the
/// owner that they name.
struct NodeMarks {
  std::vector<LabelValue> labels{};
  std::vector<std::string> names{};  // sorted
  std::string ns{};                  // of the owner
  std::string owner_kind{};          // MachineDeployment: its MachineSets are the nodes' owners
  std::string owner{};
};
/// `labels` finds the value of a label of the node; null when it has none such.
using LabelOf = std::function<const std::string*(const std::string& key)>;
[[nodiscard]] bool belongs(const NodeMarks& marks, std::string_view node, const LabelOf& labels,
                           const NodeOrigin& origin);

struct AcceleratorHint {
  std::string resource{};  // empty: it does not say
  std::int32_t per_node = 0;
};

struct ResourceLimit {
  std::string resource;
  std::int64_t count;
  bool operator==(const ResourceLimit&) const = default;
};

/// All counts are nodes, of all zones together.
struct GroupReading {
  std::string uid;
  std::string resource_version;
  bool deleting = false;
  bool has_count = true;  // false: how many nodes it has follows from pending pods
  std::int32_t desired = 0;
  std::int32_t step = 1;  // counts are multiples of it
  std::optional<std::int32_t> min{};       // what the backend allows
  std::optional<std::int32_t> max{};
  std::string min_at{};  // the paths that say so; empty: nothing does
  std::string max_at{};
  std::vector<ResourceLimit> limits{};     // of extended resources, by name
  std::optional<std::int32_t> observed{};  // what the backend says there are
  std::optional<std::int32_t> ready{};
  NodeRemoval removal = NodeRemoval::Any;
  NodeMarks marks{};
  AcceleratorHint hint{};
  std::string owned_elsewhere{};  // who else owns the count, and the remedy: write nothing
  std::string busy{};             // why it takes no other count at the moment, where it takes any
  std::string trouble{};          // what its controller complains of
};

/// What the group says of itself (`follows_pods`) comes before what its object says. Errors:
/// InvalidInput, which names object, path, value and remedy.
[[nodiscard]] Result<GroupReading> read_group(const nlohmann::json& object,
                                              const NodeGroup& group);

/// Asks for `nodes` nodes of all zones. Errors: InvalidInput (another owner, no count, beyond the
/// backend's own bounds, no multiple of its step), Unavailable (busy or being deleted: later).
[[nodiscard]] Result<GroupWrite> group_write(const NodeGroup& group, const GroupReading& reading,
                                             std::int32_t nodes);
/// `resource` is what discovery says of the kind. Errors: InvalidInput.
[[nodiscard]] Result<Request> group_request(const Resource& resource, const GroupWrite& write);
/// How many nodes the answer to group_request() says are asked for, and its version.
[[nodiscard]] Result<GroupWritten> read_group_answer(const nlohmann::json& answer,
                                                     const GroupWrite& write);

}  // namespace poolscaler::kube
