// ClusterWriter: all that a decision may do to the cluster. Every write is conditional or
// idempotent under replay, and refused (Cancelled) once the lease is not ours.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "poolscaler/base/result.hpp"
#include "poolscaler/base/time.hpp"
#include "poolscaler/domain/accelerator_pool.hpp"
#include "poolscaler/domain/names.hpp"
#include "poolscaler/domain/reason.hpp"

namespace poolscaler {

/// The name under which the API server notes our writes in an object's managedFields.
inline constexpr std::string_view field_manager = "poolscaler";

/// replicas of a scale subresource, bound to one object (uid) in one version (resource_version).
struct ScaleWrite {
  std::string ns;
  TargetRef target;
  std::string uid;
  std::string resource_version;
  std::int32_t replicas;  // 0..2147483647
};

struct ScaleWritten {
  std::int32_t replicas;
  std::string resource_version;
};

/// The status of an object of ours as a JSON object, already rendered by the api room.
struct StatusWrite {
  std::string plural;  // "scalingpolicies"
  ObjectKey key;
  std::string uid;
  std::string status_json;
  /// Only in this version (else Conflict); empty: in any.
  std::string resource_version{};
};

struct EventNote {
  std::string regarding_api_version{};
  std::string regarding_kind{};
  ObjectKey regarding{};
  std::string regarding_uid{};
  bool warning = false;
  Reason reason;
  std::string action;  // "Scale", "Decide"
  std::string note;    // capped at 1 kB by the writer
  /// What else tells it from others with this reason: notes that differ here are never one series,
  /// of which only the first is read.
  std::string about{};
};

/// The nodes that a group asks for, bound to its object (uid) in one version. Made by
/// kube::group_write of what was read.
struct GroupWrite {
  BackendRef backend;
  std::optional<BackendPaths> paths{};
  std::int32_t zones = 1;
  std::string uid;
  std::string resource_version;
  std::int32_t nodes = 0;  // of all zones together
};

struct GroupWritten {
  std::int32_t nodes;
  std::string resource_version;
};

/// On a node that we cordon we note for whom and since when, so that a restart, or another leader,
/// knows it for ours and takes it back.
inline constexpr std::string_view draining_for = "poolscaler.dev/draining-for";
inline constexpr std::string_view draining_since = "poolscaler.dev/draining-since";

/// Nothing new is placed on the node from then on.
struct NodeCordon {
  std::string node;
  std::string uid;
  std::string whom;  // "pool/group"
  Instant since;
};

/// Undoes a NodeCordon; the node stays as it is when its cordon is not ours.
struct NodeUncordon {
  std::string node;
  std::string uid;
};

struct PodEviction {
  ObjectKey pod;
  std::string uid;
};

enum class Evicted {
  Going,    // it ends, within its own grace
  Gone,     // it is not there, or another pod has its name
  Refused,  // a PodDisruptionBudget does not allow it now
};

struct EvictionAnswer {
  Evicted outcome = Evicted::Going;
  std::string words{};  // what the server says of it
};

/// Marks the Machine (Cluster API) behind a node as the first to go when its group is lowered, or
/// takes our mark off again.
struct MachineMark {
  std::string api_version;  // of the group's backend
  ObjectKey machine;
  std::string node;  // that it must stand for
  bool remove = true;
};

/// Thread-safe.
class ClusterWriter {
 public:
  virtual ~ClusterWriter() = default;
  /// Errors: Conflict (another version or another object), NotFound, InvalidInput, Throttled ...
  [[nodiscard]] virtual Result<ScaleWritten> write_scale(const ScaleWrite& write,
                                                         std::stop_token stop) = 0;
  /// Returns the new resourceVersion. Errors: as of write_scale.
  [[nodiscard]] virtual Result<std::string> write_status(const StatusWrite& write,
                                                         std::stop_token stop) = 0;

  /// Errors: as of write_scale.
  [[nodiscard]] virtual Result<GroupWritten> write_group(const GroupWrite& write,
                                                         std::stop_token stop) = 0;
  /// Idempotent. A node that somebody else has cordoned gets no note of ours. Errors: Conflict
  /// (another node of that name, or it changed meanwhile), NotFound ...
  [[nodiscard]] virtual Result<void> cordon(const NodeCordon& write, std::stop_token stop) = 0;
  [[nodiscard]] virtual Result<void> uncordon(const NodeUncordon& write,
                                              std::stop_token stop) = 0;
  /// Errors: Throttled (the server asks for less), Forbidden ...
  [[nodiscard]] virtual Result<EvictionAnswer> evict_pod(const PodEviction& write,
                                                         std::stop_token stop) = 0;
  /// Idempotent. Errors: Conflict (the Machine stands for another node), NotFound ...
  [[nodiscard]] virtual Result<void> mark_machine(const MachineMark& write,
                                                  std::stop_token stop) = 0;

  /// Queues; never blocks. Dropped (and counted) when the queue is full. Equal notes become a
  /// series.
  virtual void note_event(EventNote event) = 0;
};

}  // namespace poolscaler
