// Metrics of types Object and External, through the engine's arithmetic.

#include <nlohmann/json.hpp>

#include "pod_usage.hpp"
#include "poolscaler/engine/hpa.hpp"
#include "vectors/case_reader.hpp"
#include "vectors/groups.hpp"
#include "vectors/hpa_words.hpp"

namespace poolscaler::vectors {

using Json = nlohmann::json;

namespace {

std::int64_t total_of(const Case& recorded) {
  std::vector<std::int64_t> values;
  for (const auto& value : recorded.list("values_m")) values.push_back(value.int64());
  return engine::hpa::sum_of(values);
}

std::int64_t target_of(const Case& recorded, const char* field) {
  const auto target = recorded.int64(field);
  if (target <= 0) recorded.at(field).fail("must be above 0");
  return target;
}

}  // namespace

Json hpa_value_target(const Case& recorded) {
  const auto usage = total_of(recorded);
  const engine::hpa::Replicas replicas{.current = recorded.int32("current_replicas"),
                                       .ready = ready_pods_of(recorded.at("pods"))};
  return {{"replicas", engine::hpa::value_target(usage, target_of(recorded, "target_m"), replicas,
                                                 tolerance_of(recorded))},
          {"usage_m", usage}};
}

Json hpa_average_value_target(const Case& recorded) {
  const auto usage = total_of(recorded);
  const auto replicas = recorded.int32("status_replicas");
  return {{"replicas",
           engine::hpa::average_value_target(usage, target_of(recorded, "target_per_pod_m"),
                                             replicas, tolerance_of(recorded))},
          {"usage_per_pod_m", engine::per_replica_usage(usage, replicas)}};
}

}  // namespace poolscaler::vectors
