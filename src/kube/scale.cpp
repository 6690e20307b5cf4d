#include "poolscaler/kube/scale.hpp"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/json/members.hpp"


namespace poolscaler::kube {
namespace {

/// Zero where the field is absent, as the server leaves zeros out.
Result<std::int32_t> replicas_at(const nlohmann::json& object, std::string_view section) {
  const auto* found = member(object, section, "replicas");
  if (!found) return 0;
  const auto value = integer_at(object, section, "replicas");
  if (!value || *value < 0 || *value > std::numeric_limits<std::int32_t>::max())
    return fail(ErrorKind::Internal,
                fmt::format("{}.replicas of the scale is no count of replicas", section));
  return static_cast<std::int32_t>(*value);
}

}  // namespace

Result<Scale> read_scale(const nlohmann::json& object) {
  if (text_at(object, "kind") != "Scale")
    return fail(ErrorKind::Internal, "the answer is not a Scale");
  const auto spec = replicas_at(object, "spec");
  if (!spec) return fail(spec.error());
  const auto status = replicas_at(object, "status");
  if (!status) return fail(status.error());
  return Scale{.uid = text_at(object, "metadata", "uid"),
               .resource_version = text_at(object, "metadata", "resourceVersion"),
               .spec_replicas = *spec,
               .status_replicas = *status,
               .selector = text_at(object, "status", "selector"),
               .deleting = member(object, "metadata", "deletionTimestamp") != nullptr};
}

Result<Scale> read_suspendable(const nlohmann::json& object) {
  const auto* suspend = member(object, "spec", "suspend");
  if (suspend && !suspend->is_boolean())
    return fail(ErrorKind::Internal, "spec.suspend of the job is neither true nor false");
  const std::int32_t replicas = suspend && suspend->get<bool>() ? 0 : 1;
  return Scale{.uid = text_at(object, "metadata", "uid"),
               .resource_version = text_at(object, "metadata", "resourceVersion"),
               .spec_replicas = replicas,
               .status_replicas = replicas,
               .deleting = member(object, "metadata", "deletionTimestamp") != nullptr};
}

Result<Scale> get_scale(const Client& client, const Resource& resource, const ObjectKey& key,
                        std::stop_token stop) {
  const auto object = client.call(get_request(resource, key, "scale"), stop);
  if (!object) return fail(object.error());
  return read_scale(*object);
}

}  // namespace poolscaler::kube
