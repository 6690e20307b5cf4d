// status of an AcceleratorPool: its groups of nodes, its accelerators, and what it has cost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "poolscaler/api/ledger_status.hpp"
#include "poolscaler/api/objects.hpp"

namespace poolscaler::api {

inline constexpr std::size_t node_groups_max = 16;
inline constexpr std::size_t fill_levels_max = 64;
inline constexpr std::size_t drains_max = 32;
inline constexpr std::size_t interruptions_told_max = 10;
inline constexpr std::size_t idle_nodes_max = 32;

/// So many nodes have so many of their accelerators in use.
struct FillLevel {
  std::int32_t allocated;
  std::int32_t nodes;
  bool operator==(const FillLevel&) const = default;
};

struct NodeGroupStatus {
  std::string name;
  CapacityType capacity_type = CapacityType::OnDemand;
  std::optional<std::int32_t> desired{};   // what we want; nothing: it is only observed
  std::optional<std::int32_t> declared{};  // what its object asks for
  std::int32_t observed = 0;               // nodes that exist, of which:
  std::int32_t ready = 0;
  std::int32_t busy = 0;
  std::int32_t starting = 0;
  std::int32_t draining = 0;
  std::optional<HourlyRate> price{};  // of a node; nothing: unknown
  HourlyRate hourly{};                // of all nodes that are priced
  std::vector<FillLevel> fill{};      // of the nodes that are ready
  std::optional<Instant> waiting_since{};  // for nodes, of which none has come since
  std::int32_t refusals = 0;               // to give nodes, in a row
  std::optional<Instant> retry_at{};       // it gave no node, and is asked again then
  std::vector<Instant> interruptions{};    // of its nodes, the newest, oldest first
  std::optional<Reason> reason{};
  std::string message{};
  bool operator==(const NodeGroupStatus&) const = default;
};

struct NodeCounts {
  std::int32_t total = 0;
  std::int32_t ready = 0;
  std::int32_t busy = 0;
  std::int32_t starting = 0;
  std::int32_t draining = 0;
  std::int32_t unpriced = 0;
  bool operator==(const NodeCounts&) const = default;
};

/// In units of the pool's resource.
struct AcceleratorCounts {
  std::int64_t capacity = 0;   // of nodes that are ready
  std::int64_t allocated = 0;  // by pods that are bound
  std::int64_t pending = 0;    // asked for by pods that are not
  bool operator==(const AcceleratorCounts&) const = default;
};

/// A node that is being emptied.
struct DrainStatus {
  std::string node;
  std::string group;
  Instant since;
  std::string message{};  // what keeps it busy
  bool operator==(const DrainStatus&) const = default;
};

/// A node without a pod that takes accelerators.
struct IdleNode {
  std::string node;
  Instant since;
  bool operator==(const IdleNode&) const = default;
};

struct PoolStatus {
  std::int64_t observed_generation = 0;
  /// Ready, PricesKnown, Capacity, Draining.
  std::vector<Condition> conditions{};
  std::vector<NodeGroupStatus> groups{};
  NodeCounts nodes{};
  AcceleratorCounts accelerators{};
  Currency currency{};
  HourlyRate hourly{};                   // of all nodes that are priced
  HourlyRate committed{};                // the part of it that is paid anyway
  HourlyRate idle{};                     // the part of it that nobody uses
  std::optional<LedgerStatus> ledger{};  // of Day and Month, in UTC
  std::vector<DrainStatus> drains{};
  std::vector<IdleNode> idle_nodes{};  // the longest idle first
};

/// The JSON object that goes under `.status`.
[[nodiscard]] std::string render_pool_status(const PoolStatus& status);
/// Lenient: what cannot be read is left at its default.
[[nodiscard]] PoolStatus read_pool_status(const nlohmann::json& object);

}  // namespace poolscaler::api
