// Spare nodes as an autoscaler keeps them: the count of a CapacityBuffer.
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "poolscaler/base/text.hpp"
#include "poolscaler/json/members.hpp"
#include "poolscaler/kube/node_groups.hpp"

namespace poolscaler::kube {
namespace {

constexpr std::string_view count_path = "spec.replicas";
/// The only strategy whose chunks are nodes that are there.
constexpr std::string_view kept_ready = "buffer.x-k8s.io/active-capacity";
constexpr std::int64_t chunks_max = 100'000;

std::string text_of(const BackendRef& ref) {
  return fmt::format("CapacityBuffer {}", ObjectKey{ref.ns, ref.name}.text());
}

}  // namespace

Result<BufferReading> read_buffer(const nlohmann::json& object, const BackendRef& ref) {
  const auto wrong = [&ref](std::string_view what) {
    return fail(ErrorKind::InvalidInput, fmt::format("{}: {}", text_of(ref), what));
  };
  BufferReading reading{.uid = text_at(object, "metadata", "uid"),
                        .resource_version = text_at(object, "metadata", "resourceVersion"),
                        .deleting = member(object, "metadata", "deletionTimestamp") != nullptr};
  if (reading.uid.empty() || reading.resource_version.empty())
    return wrong("has no uid or no resourceVersion, so it is no object of the API");
  const auto* percentage = member(object, "spec", "percentage");
  if (percentage != nullptr && !percentage->is_null())
    return wrong(
        "spec.percentage is set, and the larger of it and spec.replicas counts: remove it");
  const auto strategy = text_at(object, "spec", "provisioningStrategy");
  if (!strategy.empty() && strategy != kept_ready)
    return wrong(fmt::format("spec.provisioningStrategy is {}, which keeps no node ready: set it "
                             "to {}",
                             escaped(capped(strategy, 80)), kept_ready));
  const auto* count = member(object, "spec", "replicas");
  if (count == nullptr || !count->is_number_integer())
    return wrong("spec.replicas is not set, so it is not known how many spare nodes are kept: set "
                 "it there once, to 0 for instance");
  const auto nodes = count->get<std::int64_t>();
  if (nodes < 0 || nodes > chunks_max)
    return wrong(fmt::format("spec.replicas is {}, must be from 0 to {}: correct it there", nodes,
                             chunks_max));
  reading.nodes = static_cast<std::int32_t>(nodes);
  const auto followed = integer_at(object, "status", "replicas").value_or(0);
  reading.kept = static_cast<std::int32_t>(std::clamp(followed, nodes, chunks_max));
  return reading;
}

GroupWrite buffer_write(const BackendRef& ref, const BufferReading& reading, std::int32_t nodes) {
  return {.backend = ref,
          .paths = BackendPaths{.desired = std::string(count_path)},
          .uid = reading.uid,
          .resource_version = reading.resource_version,
          .nodes = nodes};
}

}  // namespace poolscaler::kube
