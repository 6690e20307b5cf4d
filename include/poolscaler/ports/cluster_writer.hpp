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

/// The status of a policy or source as a JSON object, already rendered by the api room.
struct StatusWrite {
  std::string plural;  // "scalingpolicies"
  ObjectKey key;
  std::string uid;
  std::string status_json;
};

struct EventNote {
  std::string regarding_api_version;
  std::string regarding_kind;
  ObjectKey regarding;
  std::string regarding_uid;
  bool warning = false;
  Reason reason;
  std::string action;  // "Scale", "Decide"
  std::string note;    // capped at 1 kB by the writer
};

/// Thread-safe.
class ClusterWriter {
 public:
  virtual ~ClusterWriter() = default;
  /// Errors: Conflict (another version or another object), NotFound, InvalidInput, Throttled ...
  [[nodiscard]] virtual Result<ScaleWritten> write_scale(const ScaleWrite& write,
                                                         std::stop_token stop) = 0;
  /// Returns the new resourceVersion.
  [[nodiscard]] virtual Result<std::string> write_status(const StatusWrite& write,
                                                         std::stop_token stop) = 0;
  /// Queues; never blocks. Dropped (and counted) when the queue is full. Equal notes become a
  /// series.
  virtual void note_event(EventNote event) = 0;
};

}  // namespace poolscaler
