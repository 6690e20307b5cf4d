#include "decode.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "decode_capacity.hpp"
#include "poolscaler/base/text.hpp"
#include "poolscaler/domain/suspendable.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/ports/cluster_writer.hpp"
#include "status.hpp"

namespace poolscaler::controllers {
namespace {

std::int32_t replicas_at(const nlohmann::json& object, const char* name, std::int32_t otherwise) {
  const auto value = integer_at(object, name).value_or(otherwise);
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max()) return otherwise;
  return static_cast<std::int32_t>(value);
}

Instant time_at(const nlohmann::json& object, const char* name) {
  const auto text = text_at(object, name);
  return text.empty() ? Instant{} : parse_rfc3339(text).value_or(Instant{});
}

std::optional<TargetRef> read_target_ref(const nlohmann::json& ref, std::string_view api_version,
                                         std::string_view kind) {
  TargetRef target{.api_version = text_at(ref, "apiVersion"),
                   .kind = text_at(ref, "kind"),
                   .name = text_at(ref, "name")};
  if (target.api_version.empty()) target.api_version = api_version;
  if (target.kind.empty()) target.kind = kind;
  if (target.name.empty() || target.kind.empty()) return std::nullopt;
  return target;
}

/// The condition, or nothing when it has another status or reason.
const nlohmann::json* condition_of(const nlohmann::json& conditions, std::string_view type,
                                   std::string_view status, std::string_view reason = {}) {
  if (!conditions.is_array()) return nullptr;
  for (const auto& condition : conditions)
    if (text_at(condition, "type") == type && text_at(condition, "status") == status &&
        (reason.empty() || text_at(condition, "reason") == reason))
      return &condition;
  return nullptr;
}

bool has_failed_container(const nlohmann::json& containers) {
  if (!containers.is_array()) return false;
  for (const auto& container : containers)
    if (integer_at(container, "restartCount").value_or(0) > 0) return true;
  return false;
}

}  // namespace

std::optional<ObjectMeta> read_meta(const nlohmann::json& object) {
  const auto& metadata = at_path(object, {"metadata"});
  ObjectMeta meta{.key = {.ns = text_at(metadata, "namespace"), .name = text_at(metadata, "name")},
                  .uid = text_at(metadata, "uid"),
                  .resource_version = text_at(metadata, "resourceVersion"),
                  .generation = integer_at(metadata, "generation").value_or(0),
                  .created = time_at(metadata, "creationTimestamp"),
                  .deleting = !text_at(metadata, "deletionTimestamp").empty()};
  if (meta.key.name.empty()) return std::nullopt;
  return meta;
}

namespace {

/// Whether there is an entry of our own writes to the scale subresource, or to the `suspend` of a
/// job: the server keeps it for as long as nobody else gives it another value. It does not say when
/// that was.
bool is_scaled_by_us(const nlohmann::json& object) {
  const auto& entries = at_path(object, {"metadata", "managedFields"});
  return entries.is_array() && std::ranges::any_of(entries, [](const auto& entry) {
           return text_at(entry, "manager") == field_manager &&
                  (text_at(entry, "subresource") == "scale" ||
                   at_path(entry, {"fieldsV1", "f:spec", "f:suspend"}).is_object());
         });
}

JobState job_state_of(const nlohmann::json& object) {
  const auto& labels = at_path(object, {"metadata", "labels"});
  if (!text_at(labels, "kueue.x-k8s.io/queue-name").empty()) return JobState::Queued;
  const auto& conditions = at_path(object, {"status", "conditions"});
  for (const auto* type : {"Complete", "Completed", "Failed"})
    if (condition_of(conditions, type, "True") != nullptr) return JobState::Ended;
  return JobState::Open;
}

/// What all pods of a job take that run at one time.
std::shared_ptr<const capacity::Resources> accelerators_of_job(const nlohmann::json& spec) {
  const auto each = read_accelerators(at_path(spec, {"template", "spec"}));
  const auto pods = std::min(replicas_at(spec, "parallelism", 1),
                             replicas_at(spec, "completions", replicas_at(spec, "parallelism", 1)));
  if (!each || pods == 1) return each;
  auto all = *each;
  for (auto& one : all) one.count *= pods;
  return std::make_shared<const capacity::Resources>(std::move(all));
}

/// Of the jobs that a JobSet is made of.
std::shared_ptr<const capacity::Resources> accelerators_of_jobs(const nlohmann::json& jobs) {
  capacity::Resources all;
  for (const auto& job : jobs) {
    const auto each = accelerators_of_job(at_path(job, {"template", "spec"}));
    const auto count = replicas_at(job, "replicas", 1);
    if (!each) continue;
    for (const auto& one : *each) capacity::add(all, one.resource, one.count * count);
  }
  if (all.empty()) return nullptr;
  return std::make_shared<const capacity::Resources>(std::move(all));
}

void read_job(const nlohmann::json& object, const ObjectMeta& meta, const SuspendableKind& kind,
              TargetRecord& record) {
  const auto& spec = at_path(object, {"spec"});
  record.job = job_state_of(object);
  const auto suspend = spec.find("suspend");
  const bool suspended = suspend != spec.end() && *suspend == true;
  record.spec_replicas = record.status_replicas = suspended ? 0 : 1;
  record.selector = parse_selector(fmt::format("{}={}", kind.pod_label, meta.key.name))
                        .value_or(Selector());
  record.scale_known = true;
  const auto& jobs = at_path(spec, {"replicatedJobs"});
  record.accelerators = jobs.is_array() ? accelerators_of_jobs(jobs) : accelerators_of_job(spec);
}

}  // namespace

bool carries_scale(const TargetKind& kind) {
  if (suspendable_kind(kind.api_version, kind.kind) != nullptr) return true;
  return kind.api_version == "apps/v1" &&
         (kind.kind == "Deployment" || kind.kind == "StatefulSet" || kind.kind == "ReplicaSet");
}

TargetRecord decode_target(const nlohmann::json& object, const ObjectMeta& meta,
                           const TargetKind& kind) {
  TargetRecord record{.uid = meta.uid,
                      .resource_version = meta.resource_version,
                      .scaled_by_us = is_scaled_by_us(object),
                      .created = meta.created,
                      .deleting = meta.deleting};
  if (!carries_scale(kind)) return record;
  if (const auto* job = suspendable_kind(kind.api_version, kind.kind)) {
    read_job(object, meta, *job, record);
    return record;
  }
  const auto& spec = at_path(object, {"spec"});
  // The API server fills in 1 where replicas is missing.
  record.spec_replicas = replicas_at(spec, "replicas", 1);
  record.status_replicas = replicas_at(at_path(object, {"status"}), "replicas", 0);
  record.selector = read_selector(at_path(spec, {"selector"}));
  record.scale_known = true;
  record.accelerators = read_accelerators(at_path(spec, {"template", "spec"}));
  return record;
}

namespace {

bool is_daemon(const nlohmann::json& object) {
  if (at_path(object, {"metadata", "annotations", "kubernetes.io/config.mirror"}).is_string())
    return true;
  const auto& owners = at_path(object, {"metadata", "ownerReferences"});
  return owners.is_array() && std::ranges::any_of(owners, [](const auto& owner) {
           const auto kind = text_at(owner, "kind");
           return kind == "DaemonSet" || kind == "Node";
         });
}

/// As cluster-autoscaler and Karpenter read it.
bool must_stay(const nlohmann::json& object) {
  const auto& notes = at_path(object, {"metadata", "annotations"});
  return text_at(notes, "cluster-autoscaler.kubernetes.io/safe-to-evict") == "false" ||
         text_at(notes, "karpenter.sh/do-not-disrupt") == "true";
}

bool is_gated(const nlohmann::json& spec) {
  const auto& gates = at_path(spec, {"schedulingGates"});
  return gates.is_array() && !gates.empty();
}

PodPlace read_place(const nlohmann::json& object, const ObjectMeta& meta) {
  const auto& spec = at_path(object, {"spec"});
  PodPlace place{.node = text_at(spec, "nodeName"),
                 .accelerators = read_accelerators(spec),
                 .daemon = is_daemon(object),
                 .stays = must_stay(object),
                 .gated = is_gated(spec)};
  if (!place.node.empty() && !place.daemon) place.uid = meta.uid;
  return place;
}

}  // namespace

std::optional<PodRecord> decode_pod(const nlohmann::json& object, const ObjectMeta& meta) {
  if (meta.deleting && text_at(at_path(object, {"spec"}), "nodeName").empty())
    return std::nullopt;
  const auto& status = at_path(object, {"status"});
  const auto phase = text_at(status, "phase");
  if (phase == "Succeeded" || phase == "Failed") return std::nullopt;
  PodRecord record{.labels = {}, .state = PodState::Starting, .created = meta.created};
  if (const auto& labels = at_path(object, {"metadata", "labels"}); labels.is_object())
    for (const auto& [key, value] : labels.items())
      if (value.is_string()) record.labels.emplace(key, value.get<std::string>());
  record.facts = read_pod_facts(object);
  record.place = read_place(object, meta);
  if (meta.deleting) {
    record.state = PodState::Ending;
    return record;
  }
  const auto& conditions = at_path(status, {"conditions"});
  if (const auto* ready = condition_of(conditions, "Ready", "True")) {
    record.state = PodState::Ready;
    record.ready_since = time_at(*ready, "lastTransitionTime");
  } else if (condition_of(conditions, "PodScheduled", "False", "Unschedulable") != nullptr) {
    record.state = PodState::Unschedulable;
  } else {
    record.restarting = has_failed_container(at_path(status, {"containerStatuses"})) ||
                        has_failed_container(at_path(status, {"initContainerStatuses"}));
  }
  return record;
}

PolicyRecord decode_policy(const nlohmann::json& object, const ObjectMeta& meta,
                           const PolicyRecord* known, bool with_status) {
  PolicyRecord record{.key = meta.key,
                      .uid = meta.uid,
                      .generation = meta.generation,
                      .created = meta.created,
                      .deleting = meta.deleting};
  if (known != nullptr && known->uid == record.uid && known->generation == record.generation) {
    record.spec = known->spec;
    record.errors = known->errors;
    record.target = known->target;
  } else {
    auto spec = api::read_scaling_policy(object);
    if (spec) {
      record.target = spec->target;
      record.spec = std::make_shared<const ScalingPolicy>(*std::move(spec));
    } else {
      record.errors = api::summary(spec.error());
      record.target = read_target_ref(at_path(object, {"spec", "scaleTargetRef"}), "", "");
    }
  }
  if (record.spec != nullptr && !record.spec->pool.empty())
    if (const auto& labels = at_path(object, {"metadata", "labels"}); labels.is_object())
      for (const auto& [key, value] : labels.items())
        if (value.is_string()) record.labels.push_back({key, value.get<std::string>()});
  if (with_status) record.restored = restored_from(api::read_status(object), record.spec.get());
  return record;
}

SourceRecord decode_source(const nlohmann::json& object, const ObjectMeta& meta) {
  SourceRecord record{
      .name = meta.key.name, .uid = meta.uid, .generation = meta.generation};
  auto spec = api::read_metric_source(object);
  if (spec)
    record.spec = *std::move(spec);
  else
    record.errors = api::summary(spec.error());
  // The conditions of both kinds have one shape.
  const auto status = api::read_status(object);
  for (const auto& condition : status.conditions) {
    if (condition.type != condition_types.front()) continue;
    record.ready = digest_of(condition);
    record.observed_generation = condition.observed_generation;
  }
  return record;
}

std::optional<TargetRef> decode_scale_target(const nlohmann::json& object) {
  return read_target_ref(at_path(object, {"spec", "scaleTargetRef"}), "apps/v1", "Deployment");
}

}  // namespace poolscaler::controllers
