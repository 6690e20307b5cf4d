// From the JSON of watched objects to records. Lenient about what is foreign, strict about what is
// ours; nothing here throws, whatever the object looks like.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "pod_index.hpp"
#include "poolscaler/controllers/records.hpp"
#include "selector.hpp"

namespace poolscaler::controllers {

struct ObjectMeta {
  ObjectKey key;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  Instant created{};
  bool deleting = false;
};

/// Nothing when the object has no name.
[[nodiscard]] std::optional<ObjectMeta> read_meta(const nlohmann::json& object);

/// Of a job that can be suspended.
enum class JobState : std::uint8_t {
  None,    // it is no job
  Open,    // it runs or is suspended
  Ended,   // it is complete or has failed
  Queued,  // Kueue suspends and resumes it
};

struct TargetRecord {
  std::string uid;
  std::string resource_version;  // of the object that the numbers below belong to
  std::int32_t spec_replicas = 0;
  std::int32_t status_replicas = 0;
  Selector selector{};
  bool scaled_by_us = false;  // its replicas are of our writing
  Instant created{};
  bool deleting = false;
  bool scale_known = false;  // the numbers have been read at all
  std::string scale_error{};  // why they have not
  /// That a pod of its template takes, where it has one; null: none.
  std::shared_ptr<const capacity::Resources> accelerators{};
  JobState job = JobState::None;
};

/// Deployments, StatefulSets, ReplicaSets and jobs that can be suspended carry their scale in
/// themselves; of other kinds only the metadata is understood, and the rest comes from their scale
/// subresource.
[[nodiscard]] bool carries_scale(const TargetKind& kind);
[[nodiscard]] TargetRecord decode_target(const nlohmann::json& object, const ObjectMeta& meta,
                                         const TargetKind& kind);

/// Nothing when the pod has ended, or is being deleted and takes up no node.
[[nodiscard]] std::optional<PodRecord> decode_pod(const nlohmann::json& object,
                                                  const ObjectMeta& meta);

/// The spec is not read again when `known` is of the same generation; the status is read only when
/// `with_status`.
[[nodiscard]] PolicyRecord decode_policy(const nlohmann::json& object, const ObjectMeta& meta,
                                         const PolicyRecord* known, bool with_status);
[[nodiscard]] SourceRecord decode_source(const nlohmann::json& object, const ObjectMeta& meta);

/// What an HPA or a ScaledObject scales; a ScaledObject's defaults are those of KEDA.
[[nodiscard]] std::optional<TargetRef> decode_scale_target(const nlohmann::json& object);

}  // namespace poolscaler::controllers
