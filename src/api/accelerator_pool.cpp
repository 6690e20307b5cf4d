#include "accelerator_pool.hpp"

#include <nlohmann/json.hpp>

#include "checked_reader.hpp"
#include "enum_words.hpp"
#include "money_fields.hpp"
#include "object_name.hpp"
#include "poolscaler/api/objects.hpp"
#include "poolscaler/json/members.hpp"
#include "schedule.hpp"

// Everything here reads a spec that checked_spec has passed.
namespace poolscaler::api {
namespace {

using nlohmann::json;

BackendRef backend_from(const json& from) {
  return {.api_version = from["apiVersion"].get<std::string>(),
          .kind = from["kind"].get<std::string>(),
          .ns = text_at(from, "namespace"),
          .name = from["name"].get<std::string>()};
}

BackendPaths paths_from(const json& from) {
  return {.desired = from["desired"].get<std::string>(),
          .min = text_at(from, "min"),
          .max = text_at(from, "max"),
          .observed = text_at(from, "observed")};
}

NodeGroup group_from(const json& from) {
  NodeGroup one{.name = from["name"].get<std::string>(),
                .capacity_type = word_to(capacity_type_words, from["capacityType"]),
                .follows_pods = from.contains("growth"),
                .zones = from["zones"].get<std::int32_t>(),
                .min_nodes = from["minNodes"].get<std::int32_t>(),
                .max_nodes = from["maxNodes"].get<std::int32_t>(),
                .price = rate_if_there(from, "price"),
                .provider = text_at(from, "provider"),
                .instance_type = text_at(from, "instanceType"),
                .region = text_at(from, "region"),
                .zone = text_at(from, "zone"),
                .commitment = text_at(from, "commitment"),
                .node_selector = labels_from(from, "nodeSelector")};
  if (from.contains("backendRef")) one.backend = backend_from(from["backendRef"]);
  if (from.contains("paths")) one.paths = paths_from(from["paths"]);
  return one;
}

PoolLimits limits_from(const json& from) {
  PoolLimits limits{.max_hourly = rate_if_there(from, "maxHourly")};
  if (from.contains("maxNodes")) limits.max_nodes = from["maxNodes"].get<std::int32_t>();
  return limits;
}

AcceleratorPool pool_from(const json& object, const json& spec) {
  const auto& accelerator = spec["accelerator"];
  const auto& mix = spec["mix"];
  const auto& scale_down = spec["scaleDown"];
  AcceleratorPool pool{
      .name = object["metadata"]["name"].get<std::string>(),
      .accelerator = {.resource = accelerator["resource"].get<std::string>(),
                      .per_node = accelerator["perNode"].get<std::int32_t>(),
                      .product = text_at(accelerator, "product")},
      .node_groups = {},
      .warm = {.nodes = spec["warm"]["nodes"].get<std::int32_t>()},
      .mix = {.strategy = word_to(mix_strategy_words, mix["strategy"]),
              .spot_percent_max = mix["maxSpotPercent"].get<std::int32_t>(),
              .on_demand_nodes_min = mix["minOnDemandNodes"].get<std::int32_t>()},
      .scale_down = {.idle_after_seconds = scale_down["idleAfterSeconds"].get<int>(),
                     .drain_timeout_seconds = scale_down["drainTimeoutSeconds"].get<int>()},
      .limits = limits_from(spec["limits"]),
      .mode = word_to(pool_mode_words, spec["mode"]),
      .currency = Currency::parse(spec["currency"].get<std::string>()).value()};
  for (const auto& one : spec["nodeGroups"]) pool.node_groups.push_back(group_from(one));
  return pool;
}

}  // namespace

std::vector<LabelValue> labels_from(const json& object, const char* name) {
  std::vector<LabelValue> labels;
  if (!object.contains(name)) return labels;
  for (const auto& label : object[name])
    labels.push_back({label["key"].get<std::string>(), label["value"].get<std::string>()});
  return labels;
}

Checked<AcceleratorPool> read_accelerator_pool(const json& object, UnknownFields unknown) {
  auto spec = checked_spec(Kind::AcceleratorPool, object, unknown);
  auto errors = spec ? std::vector<FieldError>() : std::move(spec.error());
  if (auto error = name_error(object, "h100"); error && errors.size() < field_errors_max)
    errors.push_back(std::move(*error));
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  auto pool = pool_from(object, *spec);
  if (!(*spec)["warm"].contains("schedule")) return pool;
  auto schedule = windows_of_nodes((*spec)["warm"]["schedule"]);
  if (!schedule) return tl::unexpected(std::move(schedule.error()));
  pool.warm.schedule = *std::move(schedule);
  return pool;
}

}  // namespace poolscaler::api
