// Supply: what a pool has to give, in the form that money::arbitrate takes. Free accelerators by
// node, what is starting or has been asked for counted as if it were there, and the nodes that may
// still be added, in the order in which the pool's mix wants them.
//
// Where nodes come for pods, a pod that waits for a node of another group would bring one of those
// as well. There the nodes that others have been asked for are late: room for which no pod is made
// before they are ready.
//
// Invariant: no more nodes are offered than the bounds of groups and pool leave, and none of a
// group that is in trouble, busy, refused or being interrupted: why is said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "poolscaler/capacity/survey.hpp"
#include "poolscaler/money/arbitrate.hpp"

namespace poolscaler::capacity {

/// How far a node is on its way out (leaving.hpp).
enum class Leave {
  No,
  Cordoned,  // it gets no more pods, those that it has are drained
  Named,     // it is told to its group as the one to remove
  Lowered    // its group has been asked for fewer nodes: nothing brings it back
};

struct NodeMemory {
  std::optional<Instant> empty_since{};
  Leave leave = Leave::No;
  bool asked = false;                    // we have asked for its cordon
  std::optional<Instant> since{};        // in this state of leaving
  std::optional<Instant> not_before{};   // it is not named
  std::optional<Instant> stays_until{};  // it could not be drained
  bool operator==(const NodeMemory&) const = default;
};

/// Nodes that a group has been asked for at one time, as far as they have not come.
struct Ordered {
  std::int64_t nodes;
  Instant since;
  bool admitted;  // by us
  bool operator==(const Ordered&) const = default;
};

/// A node that works, or did.
struct Came {
  std::string uid;
  std::string name;
  Instant created;
  std::int64_t accelerators;  // that it has, as it was seen last
  Instant seen;
  bool operator==(const Came&) const = default;
};

/// The newest nodes of a group that work tell what its next one brings: as much as the larger of
/// two. One with a dead device costs one more node; the second in a row says that all are such.
/// They say so for a while after they have gone, then for longer and longer.
struct CameMemory {
  std::vector<Came> newest{};       // at most two, the newest first
  unsigned lessers = 0;             // how often in a row they had fewer than declared
  std::optional<Instant> lesser{};  // the newest of those was created then

  [[nodiscard]] std::int64_t brings(std::int64_t per_node) const;
  /// For so long it counts that nodes came with fewer, after they have gone.
  [[nodiscard]] Millis kept() const;
  bool operator==(const CameMemory&) const = default;
};

/// What is remembered of a group from look to look. A new process has waiting_since, refusals and
/// interruptions from the pool's status; the rest is lost, at the price of waiting once more.
struct GroupMemory {
  std::optional<std::int64_t> present{};   // nodes, at the last look
  std::optional<Instant> waiting_since{};  // for nodes, of which none has come since
  std::optional<Instant> unneeded_since{};  // some that are waited for
  unsigned refusals = 0;                   // in a row
  std::optional<Instant> refused_until{};
  std::vector<Instant> interruptions{};    // of the last hours, oldest first
  std::set<std::string> interrupted{};     // uids of nodes that are
  bool counted = false;                    // what it has been asked for is known
  std::vector<Ordered> ordered{};          // whoever asked for them, oldest first
  CameMemory came{};
  bool operator==(const GroupMemory&) const = default;
};

/// Nodes that pods have made an autoscaler bring, as far as they have not come. One that is on its
/// way comes, even when its pod has found another place: it is expected until boot_max after the
/// last time that as many were needed. A new process knows of what waits alone.
struct Brought {
  std::int64_t nodes = 0;
  Instant since{};           // when as many were needed last
  std::int64_t present = 0;  // of the groups that they are of, at the last look
  bool operator==(const Brought&) const = default;

  void add(std::int64_t more, Instant now);
};

/// Replicas of a policy that are on no node yet.
struct WaitMemory {
  std::int64_t replicas;
  Instant since{};  // when as many waited first
  bool operator==(const WaitMemory&) const = default;
};

struct PoolMemory {
  Brought brought{};
  std::vector<GroupMemory> groups{};
  std::map<std::string, NodeMemory> nodes{};  // by uid
  std::map<std::string, WaitMemory> waiting{};  // by policy
  bool operator==(const PoolMemory&) const = default;
};

/// After an interruption a spot group gets no node for this long, and none of another refusal.
inline constexpr Millis after_interruption = std::chrono::minutes(10);
inline constexpr Millis first_refusal = std::chrono::minutes(15);
inline constexpr Millis longest_refusal = std::chrono::hours(4);
/// A pod that is taken is gone after this, unless it asks for longer.
inline constexpr Millis pod_stops = std::chrono::minutes(1);
/// That a node is empty, cordoned, drained and named is each seen by a look of its own.
inline constexpr Millis release_looks = std::chrono::minutes(2);
/// Each interruption of the last hours makes spot a tenth dearer when it is compared.
inline constexpr Millis interruptions_kept = std::chrono::hours(6);
inline constexpr std::size_t interruptions_max = 32;
/// Orders are told apart by when they were seen first, as far as these go.
inline constexpr std::size_t ordered_max = 32;

/// So many more have been asked for.
void order(GroupMemory& memory, const Ordered& more);

/// What has come, was refused or interrupted since the last look.
void follow(PoolMemory& memory, const PoolSurvey& survey, const Cluster& cluster, Instant now);

struct Supply {
  money::PoolSupply stock{};
  std::vector<std::size_t> group_of_tier{};
  std::vector<std::string> closed{};  // by group: why it gets no node; empty: it may get some
  /// By group: accelerators that its next node is taken to bring, and why they are fewer than
  /// declared: what needs more gets no node of it.
  std::vector<std::int64_t> brings{};
  std::vector<std::string> lesser{};
  /// Why what takes so many accelerators gets no node of the group; empty: it may get one.
  [[nodiscard]] const std::string& why_none(std::size_t group, std::int64_t accelerators) const;
  /// The same of all groups: " (od: it has 4 of at most 4 nodes; spot: ...)".
  [[nodiscard]] std::string why_none_of_all(const AcceleratorPool& pool,
                                            std::int64_t accelerators) const;
  /// Of the free nodes, those that are on their way although no pod waits for them any more.
  std::int64_t unneeded = 0;
  /// Of nodes that are asked for and not there: no ledger knows of them.
  HourlyRate in_flight{};
  std::int64_t unpriced_in_flight = 0;
  Millis boot{};     // of a node, at most
  Millis release{};  // from taking what is on a node until it is gone, at most
};

struct SupplyInput {
  const PoolInput& pool;
  const PoolSurvey& survey;
  const Cluster& cluster;
  const PoolMemory& memory;
  std::int64_t stride = 1;  // nodes that the largest replica spans: they come from one group
  std::int64_t unneeded = 0;  // nodes that pods have brought which wait no more
};

[[nodiscard]] Supply supply_of(const SupplyInput& input, Instant now);

}  // namespace poolscaler::capacity
