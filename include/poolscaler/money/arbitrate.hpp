// Arbitration: many policies, the pools that they draw on and the budgets that they share, in one
// decision.
//
// First what is protected, then the rest; in each of the two by priority, and among policies of one
// priority by weighted fair share: the next replica goes to whoever would have least for its
// weight, counted with all that it has already. A replica is granted when its accelerators fit on
// nodes that are there or on one that may be added and that the pool's limits admit, and when the
// policy's own limits admit its share of a node: of the dearest that those may get who wait for one
// under the limit (places.hpp). A node that would be too dear for somebody else who waits is not
// added: its pod may find that one first. Who is refused once is out, others go on: nothing that
// could be used is left. (money.md, "Pitfalls": all must pass, split by priority then weight.)
// A replica goes to a late node only where no other has room for it, and how many do is said.
//
// The result does not depend on the order of policies. A refusal names the limit that made it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "poolscaler/money/caps.hpp"
#include "poolscaler/money/places.hpp"

namespace poolscaler::money {

/// Nodes of one kind that may be added to a pool, in the order in which they are taken: what is
/// paid already, then the cheaper of spot and on demand.
struct NodeTier {
  std::optional<HourlyRate> price;  // marginal, of a node; nothing: unknown, so none is added
  std::int64_t nodes = 0;           // that may still be added
  bool spot = false;
  std::int64_t step = 1;  // so many at a time, or a multiple: a count that is one for each zone
  bool late = false;      // a replica on it waits with its pod until the node is ready
  std::int64_t accelerators = 0;  // of each; 0: as many as a node of the pool has
};

struct PoolSupply {
  std::int64_t per_node = 1;              // accelerators
  std::vector<std::int64_t> free_nodes{}; // how many nodes have 0, 1, ... per_node of them free
  std::vector<std::int64_t> free_spot_nodes{};  // the same of spot nodes, which are not in it
  /// The same of nodes on which a replica waits with its pod until they are ready.
  std::vector<std::int64_t> late_nodes{};
  std::vector<std::int64_t> late_spot_nodes{};
  std::vector<NodeTier> tiers{};
  /// The dearest that an accelerator of the pool costs. What a policy's own limits are charged
  /// where `places` are not known.
  HourlyRate share{};
  /// What is free and on its way, what the replicas that wait will get included.
  std::optional<std::vector<Places>> places{};
  Millis hold{};                      // how long a node is kept at least
  std::vector<std::size_t> limits{};  // of whole nodes

  /// Where nodes of this kind are counted.
  [[nodiscard]] std::vector<std::int64_t>& nodes_of(bool spot, bool late) {
    if (late) return spot ? late_spot_nodes : late_nodes;
    return spot ? free_spot_nodes : free_nodes;
  }
};

struct Claim {
  std::string policy;  // unique: "shop/web"
  std::size_t pool = 0;
  std::int64_t accelerators = 1;  // of a replica; more than per_node: whole nodes of its own
  std::int64_t replicas = 0;      // that it has
  std::int64_t wanted = 0;        // more
  std::int64_t protected_replicas = 0;
  std::int32_t priority = 0;
  std::int64_t weight = 1;            // at least 1
  bool avoids_spot = false;           // is placed on no spot node
  /// Of those that it has, or wants, that wait and that its limits count already.
  std::int64_t waiting = 0;
  /// More than it has: how many of so many it might have is told, wanted or not.
  std::int64_t reach = 0;
  /// Of its own replicas. A limit that is the pool's too counts whole nodes, in which they are.
  std::vector<std::size_t> limits{};
};

enum class Refusal {
  None,     // all that was wanted is granted
  Budget,   // `limit` has no room
  Pool,     // no accelerators are free, and no node may be added
  Unpriced, // a node could be added, but nobody knows what it costs
  Others,   // `limit` has no room for the node, were it to go to those who wait under it
  Late      // of plans alone: granted, and its node is not ready
};

struct ClaimGrant {
  std::int64_t granted = 0;
  std::int64_t late = 0;  // of them on late nodes
  Refusal refusal = Refusal::None;
  std::optional<std::size_t> limit{};
  HourlyRate price{};  // of what it refused
  /// Of Claim::reach: as many as it would be granted if it asked for them when all are served. Not
  /// below `granted`.
  std::int64_t reachable = 0;
};

struct Arbitration {
  std::vector<ClaimGrant> grants;                     // in the order of the claims
  std::vector<std::vector<std::int64_t>> new_nodes;  // by pool and tier
  /// What is left of each pool, those nodes included: how many have 0, 1, ... accelerators free.
  std::vector<std::vector<std::int64_t>> free_nodes;
  std::vector<std::vector<std::int64_t>> free_spot_nodes;
  std::vector<std::vector<std::int64_t>> late_nodes;
  std::vector<std::vector<std::int64_t>> late_spot_nodes;
  std::vector<std::optional<std::vector<Places>>> places{};  // by pool, with the new nodes
  /// By limit: what it is charged for the shares of those who wait and are granted.
  std::vector<HourlyRate> shares{};
};

/// Indices of pools and limits are within theirs (CHECKed). At most `capacity of the pools` steps.
[[nodiscard]] Arbitration arbitrate(std::span<const Claim> claims,
                                    std::span<const PoolSupply> pools,
                                    std::span<const Limit> limits, Instant now);

}  // namespace poolscaler::money
